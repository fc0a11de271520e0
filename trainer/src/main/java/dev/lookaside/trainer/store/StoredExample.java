package dev.lookaside.trainer.store;

import java.time.Instant;
import java.util.Optional;

/**
 * One row of the store.
 *
 * @param number rises by the order of arrival; never used twice
 * @param id unique in the store, and the same in every store that is filled from the same topic:
 *     the label's id, or for a seed or sample a digest of what it is
 * @param stream whose sound; for a seed {@code seed:} and its recording
 * @param label the class that sounds; empty for <em>background</em>, none of the named classes
 * @param rejectedLabel the class that does not sound, although it was detected
 * @param onset capture time of the event's start; a seed's recording starts at {@link
 *     Instant#EPOCH}
 * @param offset capture time of its end
 * @param recording what may not be torn apart by a split: the stream and ten minutes, or the
 *     original recording of a seed
 * @param author of the label; for a sample who took it
 * @param labelledAt when
 * @param labelId {@link dev.lookaside.trainer.label.Label#id} of what it is from
 * @param adapter digest of the adapter whose detection was judged
 * @param audioReason why there is no audio, or not yet; for people
 * @param audio the sound, if {@link #audioState} is {@link AudioState#HELD}
 */
public record StoredExample(
    long number,
    String id,
    String stream,
    Optional<String> label,
    Optional<String> rejectedLabel,
    Instant onset,
    Instant offset,
    String recording,
    Split split,
    Origin origin,
    String author,
    Instant labelledAt,
    Optional<String> labelId,
    Optional<String> adapter,
    Standing standing,
    AudioState audioState,
    Optional<String> audioReason,
    Optional<StoredAudio> audio) {
  /** True if a fit or a judge may use it: it counts and its audio is here. */
  public boolean usable() {
    return standing == Standing.USABLE && audio.isPresent();
  }

  /** The audio of a usable example. */
  public StoredAudio heldAudio() {
    return audio.orElseThrow(
        () -> new IllegalStateException("example " + id + ": audio is " + audioState.word()));
  }
}
