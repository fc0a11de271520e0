package dev.lookaside.ingest.audio;

import dev.lookaside.ingest.IngestException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is done with audio whose header and bytes disagree about where it ends, as recorders that
 * were killed and programs that write into pipes leave it: read to its end with a warning, or
 * rejected. Damage inside the audio is a fault under either rule.
 *
 * @param strict true: rejected
 * @param warnings gets one line for each disagreement, in the thread that reads
 */
public record ReadRules(boolean strict, Consumer<String> warnings) {
  private static final Logger LOG = LoggerFactory.getLogger(ReadRules.class);

  /** Reads to the end and logs a warning. */
  public static final ReadRules LENIENT = new ReadRules(false, LOG::warn);

  /** One chunk's payload: its length is known, so nothing about it may disagree. */
  static final ReadRules PAYLOAD = new ReadRules(true, text -> {});

  /** The same rules with {@code name} before each warning. */
  ReadRules named(String name) {
    return new ReadRules(strict, text -> warnings.accept(name + ": " + text));
  }

  /**
   * Warns of {@code fault} and lets reading go on.
   *
   * @throws IngestException {@code fault}, under the strict rule
   */
  void disagree(IngestException fault, String whatIsDone) {
    if (strict) {
      throw fault;
    }
    warnings.accept(fault.getMessage() + "; " + whatIsDone);
  }
}
