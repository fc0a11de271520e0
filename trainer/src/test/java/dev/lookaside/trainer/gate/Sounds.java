package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Evidence.Background;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.gate.Evidence.Sound;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Made-up evidence: two classes, {@code drum} known and {@code bird} known or new. */
final class Sounds {
  static final GateSettings SETTINGS = new GateSettings(.1, .05, .9, .2, 60);
  static final List<String> LABELS = List.of("bird", "drum");

  private Sounds() {}

  /** {@code bird} and {@code drum}: peaks of both adapters. */
  static Sound sound(String id, String label, boolean fromLabel, float[] before, float[] after) {
    return new Sound(id, id, label, null, fromLabel, score(before), score(after));
  }

  private static Score score(float[] peaks) {
    Set<String> detected = peaks[0] > .5 ? Set.of("bird") : Set.of();
    return new Score(peaks, DetectedClasses.of(Map.of(), null), detected);
  }

  /**
   * Birds and drums.
   *
   * @param before how much higher the incumbent puts birds in birds than in drums
   * @param after the same of the candidate
   */
  static List<Sound> of(RandomGenerator random, int birds, int drums, double before, double after) {
    List<Sound> sounds = new ArrayList<>();
    for (int i = 0; i < birds + drums; i++) {
      boolean bird = i < birds;
      float[] old = {peak(random, bird ? before : 0), peak(random, bird ? 0 : 2)};
      float[] own = {peak(random, bird ? after : 0), old[1]};
      sounds.add(sound("sound " + i, bird ? "bird" : "drum", bird, old, own));
    }
    return sounds;
  }

  private static float peak(RandomGenerator random, double mean) {
    return (float) (1 / (1 + Math.exp(1 - mean - random.nextGaussian())));
  }

  static Evidence evidence(List<Sound> sounds, Set<String> known, Background background) {
    return new Evidence(
        "a".repeat(64), "b".repeat(64), LABELS, known, Set.of("bird"), sounds, background);
  }
}
