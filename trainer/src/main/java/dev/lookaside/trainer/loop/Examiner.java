package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.detect.ClipDetector;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.gate.GateEvidence;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.Said;
import dev.lookaside.trainer.metric.CalibrationError;
import dev.lookaside.trainer.metric.Ranking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Lets one model hear held-out sounds by the code that decodes streams, and notes what the gate
 * needs. For one model and one thread.
 */
final class Examiner {
  private static final int BATCH = 16;

  private final DetectorModel model;
  private final ClipDetector detector;
  private final Map<String, List<Double>> scores = new TreeMap<>();
  private final Map<String, List<Boolean>> truth = new TreeMap<>();
  private final CalibrationError calibration = new CalibrationError(15);
  private final SortedMap<String, Correction> corrections = new TreeMap<>();
  private final Map<String, Integer> events = new TreeMap<>();
  private final Map<String, Integer> detected = new TreeMap<>();
  private double backgroundSeconds;
  private int falseAlarms;

  /**
   * @param scorer of {@code model}; stays the caller's to close
   */
  Examiner(DetectorModel model, WindowScorer scorer) {
    this.model = model;
    this.detector = new ClipDetector(model, scorer, BATCH);
  }

  /** A scene whose events are known; a moment is a cell of the decoder's curve. */
  void scene(Scene scene) {
    ClipDetections found = detector.detect(scene.audio());
    for (LabelledEvent e : scene.events()) {
      events.merge(e.label(), 1, Integer::sum);
      boolean heard = heard(found, e.label(), e.onsetSeconds(), e.offsetSeconds());
      detected.merge(e.label(), heard ? 1 : 0, Integer::sum);
    }
    for (int cell = 0; cell < found.curve().length; cell++) {
      double middle = (cell + .5) * found.cellSeconds();
      for (int c = 0; c < model.labels().size(); c++) {
        String label = model.labels().get(c);
        boolean sounds = sounds(scene.events(), label, middle);
        float posterior = found.curve()[cell][c];
        scores.computeIfAbsent(label, l -> new ArrayList<>()).add((double) posterior);
        truth.computeIfAbsent(label, l -> new ArrayList<>()).add(sounds);
        calibration.add(posterior, sounds);
      }
    }
  }

  private static boolean sounds(List<LabelledEvent> events, String label, double at) {
    for (LabelledEvent e : events) {
      if (e.label().equals(label) && e.onsetSeconds() <= at && at < e.offsetSeconds()) {
        return true;
      }
    }
    return false;
  }

  /** Audio in which none of the classes sounds. */
  void background(Pcm audio) {
    backgroundSeconds += audio.seconds();
    falseAlarms += detector.detect(audio).events().size();
  }

  /**
   * A stretch that was corrected, with what stood around it.
   *
   * @param label that should be heard, or not
   * @param wanted which of the two
   */
  void correction(
      String id,
      Pcm audio,
      double onsetSeconds,
      double offsetSeconds,
      String label,
      boolean wanted,
      boolean heldOut) {
    ClipDetections found = detector.detect(audio);
    boolean heard = heard(found, label, onsetSeconds, offsetSeconds);
    Said said = said(found, label, onsetSeconds, offsetSeconds);
    corrections.put(
        id, new Correction(wanted ? label : "not " + label, heard == wanted, heldOut, said));
  }

  /** What was heard in the stretch, and how near the label came to it. */
  static Said said(ClipDetections found, String label, double onsetSeconds, double offsetSeconds) {
    Map<String, Double> peaks = new TreeMap<>();
    for (DetectedEvent e : found.events()) {
      if (e.onsetSeconds() < offsetSeconds && onsetSeconds < e.offsetSeconds()) {
        peaks.merge(e.label(), e.peak(), Math::max);
      }
    }
    int index = found.labels().indexOf(label);
    if (index < 0) {
      return Said.of(peaks, null);
    }
    double highest = 0;
    for (int cell = 0; cell < found.curve().length; cell++) {
      double from = cell * found.cellSeconds();
      if (from < offsetSeconds && onsetSeconds < from + found.cellSeconds()) {
        highest = Math.max(highest, found.curve()[cell][index]);
      }
    }
    return Said.of(peaks, highest);
  }

  /** Whether an event of the class overlaps the stretch. */
  private static boolean heard(
      ClipDetections found, String label, double onsetSeconds, double offsetSeconds) {
    for (DetectedEvent e : found.events()) {
      if (e.label().equals(label)
          && e.onsetSeconds() < offsetSeconds
          && onsetSeconds < e.offsetSeconds()) {
        return true;
      }
    }
    return false;
  }

  /**
   * What was noted.
   *
   * @param examples different sounds of each class in the scenes; classes without any are left out
   */
  GateEvidence evidence(Map<String, Integer> examples) {
    SortedMap<String, ClassEvidence> classes = new TreeMap<>();
    examples.forEach(
        (label, count) -> {
          List<Double> its = scores.getOrDefault(label, List.of());
          List<Boolean> positives = truth.getOrDefault(label, List.of());
          boolean[] positive = new boolean[positives.size()];
          for (int i = 0; i < positive.length; i++) {
            positive[i] = positives.get(i);
          }
          double precision =
              Ranking.averagePrecision(
                  its.stream().mapToDouble(Double::doubleValue).toArray(), positive);
          if (!Double.isNaN(precision)) {
            double recall =
                (double) detected.getOrDefault(label, 0)
                    / Math.max(1, events.getOrDefault(label, 0));
            classes.put(label, new ClassEvidence(count, precision, recall));
          }
        });
    return new GateEvidence(
        model.adapterDigest(),
        classes,
        backgroundSeconds,
        falseAlarms,
        calibration.value(),
        corrections);
  }
}
