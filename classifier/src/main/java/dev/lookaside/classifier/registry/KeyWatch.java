package dev.lookaside.classifier.registry;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the trusted keys again: after each interval, and at once when a record with an unknown key
 * comes, but never more often than each {@value #LEAST_MILLIS} ms. What cannot be read changes
 * nothing. Time comes in as an argument.
 */
final class KeyWatch {
  private static final long LEAST_MILLIS = 200;
  private static final Logger LOG = LoggerFactory.getLogger(KeyWatch.class);

  private final Supplier<TrustedKeys> folder;
  private final Duration interval;
  private TrustedKeys known;
  private Instant readAt;
  private String trouble = "";

  /**
   * @param folder reads it; may throw {@link RegistryException}
   * @param known what it held at {@code readAt}
   */
  KeyWatch(Supplier<TrustedKeys> folder, Duration interval, TrustedKeys known, Instant readAt) {
    this.folder = folder;
    this.interval = interval;
    this.known = known;
    this.readAt = readAt;
  }

  /**
   * The keys, if they are others than before.
   *
   * @param wanted whether a record waits for a key that is not known
   */
  Optional<TrustedKeys> look(boolean wanted, Instant now) {
    Duration pause = wanted ? Duration.ofMillis(LEAST_MILLIS) : interval;
    // A clock that was put back must not end the looking.
    if (now.isBefore(readAt.plus(pause)) && !now.isBefore(readAt)) {
      return Optional.empty();
    }
    readAt = now;
    try {
      TrustedKeys read = folder.get();
      trouble = "";
      if (read.equals(known)) {
        return Optional.empty();
      }
      known = read;
      return Optional.of(read);
    } catch (RegistryException e) {
      String why = String.valueOf(e.getMessage());
      if (!why.equals(trouble)) {
        LOG.warn("Trusted keys stay as they were: {}", why);
      }
      trouble = why;
      return Optional.empty();
    }
  }
}
