package dev.lookaside.trainer.example;

import dev.lookaside.ingest.Sha256;
import dev.lookaside.trainer.TrainerException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Which clips of a set are silent or the same sound as another. A fit on clips that are all one
 * sound ends with some loss and means nothing.
 */
public final class SameSounds {
  private final List<String> labels;
  private final Map<String, Clip> bySound = new HashMap<>();
  private int clips;
  private int silent;
  private int contradictions;
  private String firstContradiction = "";

  SameSounds(List<String> labels) {
    this.labels = List.copyOf(labels);
  }

  void add(Clip clip, float[] samples) {
    clips++;
    silent += isConstant(samples) ? 1 : 0;
    ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * samples.length);
    bytes.asFloatBuffer().put(samples);
    String sound = HexFormat.of().formatHex(Sha256.begin().digest(bytes.array()));
    Clip same = bySound.putIfAbsent(sound, clip);
    if (same != null && same.label() != clip.label()) {
      contradictions++;
      if (contradictions == 1) {
        firstContradiction =
            "%s (%s) and %s (%s)"
                .formatted(
                    same.name(), labels.get(same.label()), clip.name(), labels.get(clip.label()));
      }
    }
  }

  /** No movement is no sound, whatever its level. */
  private static boolean isConstant(float[] samples) {
    for (float x : samples) {
      if (x != samples[0]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether something can be learnt from the clips.
   *
   * @param warnings gets what makes a fit doubtful
   * @throws TrainerException if all are silent or the same, or there is but one
   */
  public void checkTeach(Consumer<String> warnings) {
    if (silent == clips) {
      throw new TrainerException(
          "clips \"%d\": all are silent, so nothing is learnt; look at how they were made"
              .formatted(clips));
    }
    if (clips == 1) {
      throw new TrainerException(
          "clips \"1\": nothing can be learnt from one clip; give several of each class");
    }
    if (bySound.size() == 1) {
      throw new TrainerException(
          "clips \"%d\": all are the same sound, so nothing is learnt; give different ones"
              .formatted(clips));
    }
    if (contradictions > 0) {
      warnings.accept(
          "clips \"%d\": are the same sound as a clip of another class: %s"
              .formatted(contradictions, firstContradiction));
    }
  }
}
