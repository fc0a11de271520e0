package dev.lookaside.trainer.evaluate;

import dev.lookaside.classifier.detect.BoxDecoder;
import dev.lookaside.classifier.detect.ChangePointDecoder;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.MedianDecoder;
import dev.lookaside.classifier.detect.TunedDecoder;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.ThresholdCalibration;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Chooses the numbers of a decoder where event F1 over all classes is greatest: one setting for all
 * classes, one threshold for each. The candidates for change points are those of Ebbers et al.,
 * arXiv 2406.04212, and finer steps, as events may be shorter than theirs.
 */
public final class DecoderTuning {
  private static final double[] STEPS_SECONDS = {0.16, 0.32, 0.48, 0.64};
  private static final double[] ABSOLUTE_MERGES = {0.15, 0.2, 0.3};
  private static final double[] RELATIVE_MERGES = {1.5, 2, 3};
  private static final int[] MEDIAN_CELLS = {1, 3, 5, 7, 9, 13};

  private final Map<String, ClipDetections> detections;
  private final List<Event> truth;
  private final Collars collars;

  /**
   * @param detections by stream, the curves of validation data
   * @param truth their true events
   */
  public DecoderTuning(Map<String, ClipDetections> detections, List<Event> truth, Collars collars) {
    this.detections = new TreeMap<>(detections);
    this.truth = List.copyOf(truth);
    this.collars = collars;
  }

  /** The best decoder of a kind. */
  public TunedDecoder tuned(TunedDecoder.Kind kind) {
    TunedDecoder best = null;
    double bestF1 = -1;
    for (BoxDecoder candidate : candidates(kind)) {
      SortedMap<String, Double> thresholds = new TreeMap<>();
      double f1 = tune(candidate, thresholds);
      if (f1 > bestF1) {
        bestF1 = f1;
        best = new TunedDecoder(kind, candidate, thresholds);
      }
    }
    return Optional.ofNullable(best).orElseThrow();
  }

  private static List<BoxDecoder> candidates(TunedDecoder.Kind kind) {
    List<BoxDecoder> candidates = new ArrayList<>();
    if (kind == TunedDecoder.Kind.MEDIAN) {
      for (int cells : MEDIAN_CELLS) {
        candidates.add(new MedianDecoder(cells));
      }
      return candidates;
    }
    for (double step : STEPS_SECONDS) {
      for (double absolute : ABSOLUTE_MERGES) {
        for (double relative : RELATIVE_MERGES) {
          candidates.add(
              new ChangePointDecoder(new ChangePointDecoder.Settings(step, absolute, relative)));
        }
      }
    }
    return candidates;
  }

  private double tune(BoxDecoder decoder, SortedMap<String, Double> thresholds) {
    List<String> labels = detections.values().iterator().next().labels();
    Counts all = new Counts(0, 0, 0);
    for (int c = 0; c < labels.size(); c++) {
      int label = c;
      List<Event> own = truth.stream().filter(e -> e.label().equals(labels.get(label))).toList();
      Optional<CalibratedPair> best =
          ThresholdCalibration.ofDecoder(
              own,
              SceneJudge.ONS,
              new double[] {1},
              collars,
              (on, off) -> decode(decoder, label, labels.get(label), on));
      best.ifPresent(pair -> thresholds.put(labels.get(label), pair.on()));
      all = all.plus(best.map(CalibratedPair::counts).orElse(new Counts(0, 0, own.size())));
    }
    return all.f1();
  }

  private List<Event> decode(BoxDecoder decoder, int label, String name, double threshold) {
    List<Event> events = new ArrayList<>();
    detections.forEach(
        (stream, clip) -> {
          for (BoxDecoder.Box box :
              decoder.boxes(clip.curveOf(label), clip.cellSeconds(), threshold)) {
            events.add(new Event(stream, name, box.onsetSeconds(), box.offsetSeconds()));
          }
        });
    return events;
  }
}
