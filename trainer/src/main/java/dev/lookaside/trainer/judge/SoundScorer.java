package dev.lookaside.trainer.judge;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.gate.DetectedClasses;
import dev.lookaside.trainer.gate.Evidence.Score;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Scores sounds by the code that decodes streams. Pure but for its detector; one thread. */
public final class SoundScorer {
  /** Detects with the fit that has not seen a fold. */
  public interface Detector {
    ClipDetections detect(Pcm audio, int withoutFold);
  }

  private SoundScorer() {}

  /**
   * Scores each sound; audio that several share is detected in once.
   *
   * @param labels in the order in which scores have their peaks
   */
  public static List<Score> scores(List<Trial> trials, List<String> labels, Detector detector) {
    Map<Pcm, ClipDetections> known = new IdentityHashMap<>();
    List<Score> scores = new ArrayList<>(trials.size());
    for (Trial t : trials) {
      ClipDetections found =
          known.computeIfAbsent(t.audio(), audio -> detector.detect(audio, t.fold()));
      scores.add(score(t, labels, found));
    }
    return scores;
  }

  private static Score score(Trial trial, List<String> labels, ClipDetections found) {
    float[] peaks = new float[labels.size()];
    for (int c = 0; c < peaks.length; c++) {
      int index = found.labels().indexOf(labels.get(c));
      peaks[c] = index < 0 ? 0 : highest(found, index, trial);
    }
    Map<String, Double> detected = new TreeMap<>();
    for (DetectedEvent e : found.events()) {
      if (e.onsetSeconds() < trial.offsetSeconds() && trial.onsetSeconds() < e.offsetSeconds()) {
        detected.merge(e.label(), e.peak(), Math::max);
      }
    }
    String judged = trial.label() == null ? trial.rejected() : trial.label();
    int index = judged == null ? -1 : found.labels().indexOf(judged);
    Double highest = index < 0 ? null : Double.valueOf(highest(found, index, trial));
    return new Score(peaks, DetectedClasses.of(detected, highest), detected.keySet());
  }

  /** The highest posterior of a class in a sound. */
  private static float highest(ClipDetections found, int label, Trial trial) {
    float highest = 0;
    for (int cell = 0; cell < found.curve().length; cell++) {
      double from = cell * found.cellSeconds();
      if (from < trial.offsetSeconds() && trial.onsetSeconds() < from + found.cellSeconds()) {
        highest = Math.max(highest, found.curve()[cell][label]);
      }
    }
    return highest;
  }
}
