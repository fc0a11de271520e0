package dev.lookaside.deploy.console;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;

/** What values of options must be; each message names option, value and rule. */
public final class OptionValue {
  private OptionValue() {}

  /**
   * @throws CliException if {@code value} is less than {@code least}
   */
  public static void atLeast(String option, long value, long least) {
    if (value < least) {
      throw new CliException("%s \"%d\": must be %d or more".formatted(option, value, least));
    }
  }

  /**
   * @throws CliException if {@code value} is not from {@code least} to {@code most}
   */
  public static void within(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw new CliException("%s \"%d\": must be %d to %d".formatted(option, value, least, most));
    }
  }

  /** A capture time. */
  public static Instant time(String option, String text) {
    return Rfc3339.parse(text)
        .orElseThrow(
            () ->
                new CliException(
                    option + " \"" + text + "\": must be a time as 2026-03-01T12:00:00Z"));
  }

  /** The stream of {@code --stream}. */
  public static StreamId stream(String text) {
    try {
      return new StreamId(text);
    } catch (IngestException e) {
      throw new CliException("--stream: " + e.getMessage(), e);
    }
  }

  /** Whoever is at the keyboard, for records that have an author. */
  public static String userName() {
    return System.getProperty("user.name", "unknown");
  }

  /**
   * The one of several that is meant by the beginning of its id.
   *
   * @param noun what they are, for the message
   * @param start of the id
   * @throws CliException if none begins so, or more than one
   */
  public static <T> T startingWith(
      String noun, String start, Collection<T> all, Function<T, String> id) {
    List<T> found = all.stream().filter(one -> id.apply(one).startsWith(start)).toList();
    if (found.size() != 1) {
      throw new CliException(
          "%s \"%s\": %s"
              .formatted(
                  noun,
                  start,
                  found.isEmpty()
                      ? "no %s on the topic has an id that starts with it".formatted(noun)
                      : "%d %ss have ids that start with it; give more digits"
                          .formatted(found.size(), noun)));
    }
    return found.get(0);
  }
}
