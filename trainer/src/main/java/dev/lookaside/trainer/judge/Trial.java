package dev.lookaside.trainer.judge;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.gate.Evidence.Sound;
import org.jspecify.annotations.Nullable;

/**
 * A sound to score, in the audio that it is part of.
 *
 * @param id of the example in the store, or of the sound's place in a composed scene
 * @param cluster sounds of one cluster are no independent evidence
 * @param label its class; null if it was only rejected as another class
 * @param rejected the class that it is not; null if it has a label
 * @param fromLabel whether a person has named it
 * @param fold whose fit has not seen it
 * @param audio with what sounds around it; several trials may share it
 */
public record Trial(
    String id,
    String cluster,
    @Nullable String label,
    @Nullable String rejected,
    boolean fromLabel,
    int fold,
    Pcm audio,
    double onsetSeconds,
    double offsetSeconds) {
  /** As evidence. */
  public Sound scored(Score before, Score after) {
    return new Sound(id, cluster, label, rejected, fromLabel, before, after);
  }
}
