package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.gate.GateEvidence;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateEvidence.Reference;
import dev.lookaside.trainer.gate.Said;
import dev.lookaside.trainer.metric.CalibrationError;
import dev.lookaside.trainer.metric.Ranking;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Lets one model hear held-out sounds by the code that decodes streams, and notes what the gate
 * needs. For one model and one thread.
 */
final class Examiner {
  /** Hears audio with the model. */
  interface Ear {
    ClipDetections hear(Pcm audio);
  }

  /** Among fewer classes every second wrong name stands high: their order tells nothing. */
  private static final int ORDERED_CLASSES_MIN = 6;

  private final DetectorModel model;
  private final Ear ear;
  private final Map<String, List<Double>> scores = new TreeMap<>();
  private final Map<String, List<Boolean>> truth = new TreeMap<>();
  private final CalibrationError calibration = new CalibrationError(15);
  private final SortedMap<String, Correction> corrections = new TreeMap<>();
  private final Map<String, Integer> events = new TreeMap<>();
  private final Map<String, Integer> detected = new TreeMap<>();
  private final Map<String, Integer> mistaken = new TreeMap<>();
  private final Map<String, List<Double>> ownPeaks = new TreeMap<>();
  private final Map<String, List<Double>> otherPeaks = new TreeMap<>();
  private final Map<String, List<Double>> referenceScores = new TreeMap<>();
  private final Map<String, List<Boolean>> referenceTruth = new TreeMap<>();
  private final List<Double> missed = new ArrayList<>();
  private double backgroundSeconds;
  private int falseAlarms;

  /**
   * @param ear of {@code model}
   */
  Examiner(DetectorModel model, Ear ear) {
    this.model = model;
    this.ear = ear;
  }

  /**
   * A scene whose events are known; a moment is a cell of the decoder's curve.
   *
   * @param reference classes whose events in this scene are from before there were labels
   */
  void scene(Scene scene, Set<String> reference) {
    ClipDetections found = ear.hear(scene.audio());
    for (LabelledEvent e : scene.events()) {
      event(scene, found, e, reference.contains(e.label()));
    }
    for (int cell = 0; cell < found.curve().length; cell++) {
      double middle = (cell + .5) * found.cellSeconds();
      boolean labelled =
          scene.events().stream()
              .anyMatch(e -> !reference.contains(e.label()) && sounds(e, middle));
      for (int c = 0; c < model.labels().size(); c++) {
        String label = model.labels().get(c);
        boolean sounds = sounds(scene.events(), label, middle);
        double posterior = found.curve()[cell][c];
        note(scores, label, posterior);
        note(truth, label, sounds);
        calibration.add(posterior, sounds);
        if (!labelled && reference.contains(label)) {
          note(referenceScores, label, posterior);
          note(referenceTruth, label, sounds);
        }
      }
    }
  }

  private static <T> void note(Map<String, List<T>> lists, String label, T value) {
    lists.computeIfAbsent(label, l -> new ArrayList<>()).add(value);
  }

  private void event(Scene scene, ClipDetections found, LabelledEvent e, boolean reference) {
    events.merge(e.label(), 1, Integer::sum);
    boolean heard = heard(found, e.label(), e.onsetSeconds(), e.offsetSeconds());
    detected.merge(e.label(), heard ? 1 : 0, Integer::sum);
    Double likelier = likelier(found, e.label(), e.onsetSeconds(), e.offsetSeconds());
    if (reference && !heard && likelier != null) {
      missed.add(likelier);
    }
    for (int c = 0; c < model.labels().size(); c++) {
      String label = model.labels().get(c);
      double peak = highest(found, c, e.onsetSeconds(), e.offsetSeconds());
      // What sounds together with one of the class cannot be taken for it.
      if (label.equals(e.label())) {
        note(ownPeaks, label, peak);
      } else if (scene.events().stream().noneMatch(o -> o.label().equals(label) && overlap(o, e))) {
        boolean taken = taken(scene, found, label, e);
        note(otherPeaks, label, peak);
        mistaken.merge(label, taken ? 1 : 0, Integer::sum);
      }
    }
  }

  /**
   * Whether the class is heard in an event of another one, and not as the edge of one of its own.
   */
  private static boolean taken(
      Scene scene, ClipDetections found, String label, LabelledEvent event) {
    for (DetectedEvent d : found.events()) {
      LabelledEvent heard = new LabelledEvent(label, d.onsetSeconds(), d.offsetSeconds());
      if (d.label().equals(label)
          && overlap(heard, event)
          && scene.events().stream()
              .noneMatch(own -> own.label().equals(label) && overlap(own, heard))) {
        return true;
      }
    }
    return false;
  }

  private static boolean overlap(LabelledEvent a, LabelledEvent b) {
    return a.onsetSeconds() < b.offsetSeconds() && b.onsetSeconds() < a.offsetSeconds();
  }

  private static boolean sounds(LabelledEvent e, double at) {
    return e.onsetSeconds() <= at && at < e.offsetSeconds();
  }

  private static boolean sounds(List<LabelledEvent> events, String label, double at) {
    for (LabelledEvent e : events) {
      if (e.label().equals(label) && sounds(e, at)) {
        return true;
      }
    }
    return false;
  }

  /** Audio in which none of the classes sounds. */
  void background(Pcm audio) {
    backgroundSeconds += audio.seconds();
    falseAlarms += ear.hear(audio).events().size();
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
    ClipDetections found = ear.hear(audio);
    boolean heard = heard(found, label, onsetSeconds, offsetSeconds);
    Said said = said(found, label, onsetSeconds, offsetSeconds);
    Double likelier = wanted ? likelier(found, label, onsetSeconds, offsetSeconds) : null;
    String words = wanted ? label : "not " + label;
    corrections.put(id, new Correction(words, heard == wanted, heldOut, said, likelier));
  }

  /**
   * Share of the other classes with a higher posterior in the stretch; null if the model does not
   * know the label, or too few classes.
   */
  static @Nullable Double likelier(
      ClipDetections found, String label, double onsetSeconds, double offsetSeconds) {
    int own = found.labels().indexOf(label);
    if (own < 0 || found.labels().size() < ORDERED_CLASSES_MIN) {
      return null;
    }
    double least = highest(found, own, onsetSeconds, offsetSeconds);
    int higher = 0;
    for (int c = 0; c < found.labels().size(); c++) {
      higher += highest(found, c, onsetSeconds, offsetSeconds) > least ? 1 : 0;
    }
    return (double) higher / (found.labels().size() - 1);
  }

  /** The highest posterior of a class in a stretch. */
  private static double highest(
      ClipDetections found, int label, double onsetSeconds, double offsetSeconds) {
    double highest = 0;
    for (int cell = 0; cell < found.curve().length; cell++) {
      double from = cell * found.cellSeconds();
      if (from < offsetSeconds && onsetSeconds < from + found.cellSeconds()) {
        highest = Math.max(highest, found.curve()[cell][label]);
      }
    }
    return highest;
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
    return Said.of(
        peaks, index < 0 ? null : (Double) highest(found, index, onsetSeconds, offsetSeconds));
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
          double precision = precision(label, scores, truth);
          if (!Double.isNaN(precision)) {
            double recall =
                (double) detected.getOrDefault(label, 0)
                    / Math.max(1, events.getOrDefault(label, 0));
            classes.put(
                label,
                new ClassEvidence(
                    count,
                    precision,
                    recall,
                    otherPeaks.getOrDefault(label, List.of()).size(),
                    mistaken.getOrDefault(label, 0),
                    ranks(label)));
          }
        });
    SortedMap<String, Double> reference = new TreeMap<>();
    for (String label : referenceScores.keySet()) {
      double precision = precision(label, referenceScores, referenceTruth);
      if (!Double.isNaN(precision)) {
        reference.put(label, precision);
      }
    }
    return new GateEvidence(
        model.adapterDigest(),
        classes,
        backgroundSeconds,
        falseAlarms,
        calibration.value(),
        corrections,
        new Reference(reference, missed));
  }

  /** For each event of the class, the share of the others that it stands above; equal: half. */
  private List<Double> ranks(String label) {
    List<Double> others = otherPeaks.getOrDefault(label, List.of());
    List<Double> ranks = new ArrayList<>();
    for (double own : ownPeaks.getOrDefault(label, List.of())) {
      double below = 0;
      for (double other : others) {
        below += own > other ? 1 : own == other ? .5 : 0;
      }
      if (!others.isEmpty()) {
        ranks.add(below / others.size());
      }
    }
    return ranks;
  }

  /** NaN if the class never sounds. */
  private static double precision(
      String label, Map<String, List<Double>> scores, Map<String, List<Boolean>> truth) {
    List<Boolean> positives = truth.getOrDefault(label, List.of());
    boolean[] positive = new boolean[positives.size()];
    for (int i = 0; i < positive.length; i++) {
      positive[i] = positives.get(i);
    }
    double[] its =
        scores.getOrDefault(label, List.of()).stream().mapToDouble(Double::doubleValue).toArray();
    return Ranking.averagePrecision(its, positive);
  }
}
