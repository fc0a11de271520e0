package dev.lookaside.trainer.store;

import com.typesafe.config.Config;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;

/**
 * {@code lookaside.trainer.store}, read and checked once at start.
 *
 * @param frontEnd whose rate the audio has; of a store that exists it must be the one it was made
 *     with
 * @param contextMillis audio kept before and after the event: one window
 * @param maxEventMillis what is kept of a longer event, from its onset
 * @param heldOutShare share of recordings that no fit sees; counts when a store is made
 * @param splitSeed of the split; counts when a store is made
 * @param audioWait how long after an event its audio and context are awaited before the example is
 *     kept with what there is
 * @param readTimeout that reading one example's audio may take
 */
public record StoreSettings(
    FrontEnd frontEnd,
    long contextMillis,
    long maxEventMillis,
    double heldOutShare,
    long splitSeed,
    Duration audioWait,
    Duration readTimeout) {
  /**
   * Of a longer event as much is kept from its onset on: half an hour of one engine teaches no more
   * than a minute.
   */
  private static final long MAX_EVENT_MILLIS = 60_000;

  /**
   * Reading one example's audio may take so long; then it is retried after longer and longer
   * pauses.
   */
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(20);

  private static final String ROOT = "lookaside.trainer.store";

  public StoreSettings {
    within("context-millis", contextMillis, 0, 60_000);
    within("max-event-millis", maxEventMillis, 100, 600_000);
    within("audio-wait-millis", audioWait.toMillis(), 0, 86_400_000);
    within("read-timeout-millis", readTimeout.toMillis(), 100, 600_000);
    if (!(heldOutShare >= 0 && heldOutShare <= .5)) {
      throw wrong("held-out-share", Double.toString(heldOutShare), "must be 0 to 0.5");
    }
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @param frontEnd of the model that is fitted
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static StoreSettings of(Config config, FrontEnd frontEnd) {
    Config store = config.getConfig(ROOT);
    return new StoreSettings(
        frontEnd,
        store.getLong("context-millis"),
        MAX_EVENT_MILLIS,
        store.getDouble("held-out-share"),
        store.getLong("split-seed"),
        Duration.ofMillis(store.getLong("audio-wait-millis")),
        READ_TIMEOUT);
  }

  /** The same with another context, for a model whose windows have another length. */
  public StoreSettings withContextMillis(long millis) {
    return new StoreSettings(
        frontEnd, millis, maxEventMillis, heldOutShare, splitSeed, audioWait, readTimeout);
  }

  private static void within(String key, long value, long min, long max) {
    if (value < min || value > max) {
      throw wrong(key, Long.toString(value), "must be %d to %d".formatted(min, max));
    }
  }

  private static TrainerException wrong(String key, String value, String message) {
    return new TrainerException("%s.%s \"%s\": %s".formatted(ROOT, key, value, message));
  }
}
