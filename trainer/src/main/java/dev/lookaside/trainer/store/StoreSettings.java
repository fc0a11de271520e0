package dev.lookaside.trainer.store;

import com.typesafe.config.Config;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SettingsBlock;
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

  /** Which recordings are held out; any number, but always the same. */
  private static final long SPLIT_SEED = 1;

  /**
   * So long after an event's end its audio and context are awaited, by senders with a delay; then
   * the example is kept with what there is.
   */
  private static final Duration AUDIO_WAIT = Duration.ofMinutes(1);

  /**
   * Reads {@code lookaside.trainer.store} of a whole configuration.
   *
   * @param frontEnd of the model that is fitted
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static StoreSettings of(Config config, FrontEnd frontEnd) {
    SettingsBlock store = SettingsBlock.of(config, "lookaside.trainer.store");
    return new StoreSettings(
        frontEnd,
        store.number("context-millis", 0, 60_000),
        MAX_EVENT_MILLIS,
        store.real("held-out-share", 0, .5),
        SPLIT_SEED,
        AUDIO_WAIT,
        READ_TIMEOUT);
  }
}
