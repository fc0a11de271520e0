package dev.lookaside.trainer.metric;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Polyphonic sound detection score over all thresholds.
 *
 * <p>A detection is relevant if at least rho_DTC of it lies in true events of its class, else a
 * false positive; a true event is found if relevant detections cover at least rho_GTC of it; a
 * false positive of which at least rho_CTTC lies in true events of another class is a cross trigger
 * of that class. Per class, effective false positives per hour are FP / hours + alpha_CT times the
 * mean, over the other classes, of cross triggers per hour of that class's sound. A class's curve
 * is its best true positive ratio by effective false positives; the score is the area under mean -
 * alpha_ST times the (population) standard deviation over classes, up to e_max.
 *
 * <p>Every threshold that changes anything is an operating point (no grid of 50), found by one
 * sweep per stream and class, as Ebbers et al. show. Times are taken at the microsecond. Classes
 * are those with truth; detections of others are left out, and so are events without length.
 *
 * @see <a href="https://arxiv.org/abs/1910.08440">Bilen et al.: A Framework for the Robust
 *     Evaluation of Sound Event Detection, ICASSP 2020</a>
 * @see <a href="https://arxiv.org/abs/2201.13148">Ebbers, Haeb-Umbach, Serizel: Threshold
 *     Independent Evaluation of Sound Event Detection Scores, ICASSP 2022</a>
 */
public final class Psds {
  private static final double SECONDS_PER_HOUR = 3600;

  private final PsdsCriteria criteria;
  private final double totalSeconds;
  private final List<String> labels;
  private final Map<String, Map<String, Spans>> truthOf = new HashMap<>();
  private final double[] soundSeconds;
  private final long[] truths;
  private final SortedMap<String, List<OperatingPoints.Delta>> deltas = new TreeMap<>();

  private Psds(List<Event> truth, double totalSeconds, PsdsCriteria criteria) {
    if (!(totalSeconds > 0) || Double.isInfinite(totalSeconds)) {
      throw new IllegalArgumentException(
          "totalSeconds \"" + totalSeconds + "\": must be finite and above 0");
    }
    this.criteria = criteria;
    this.totalSeconds = totalSeconds;
    truth.stream()
        .collect(Collectors.groupingBy(Event::stream, Collectors.groupingBy(Event::label)))
        .forEach(
            (stream, byLabel) -> {
              Map<String, Spans> spans = new HashMap<>();
              byLabel.forEach((label, events) -> spans.put(label, new Spans(events)));
              truthOf.put(stream, spans);
            });
    TreeSet<String> withTruth = new TreeSet<>();
    truthOf
        .values()
        .forEach(spans -> spans.forEach((label, its) -> addIf(its.count() > 0, withTruth, label)));
    labels = List.copyOf(withTruth);
    soundSeconds = new double[labels.size()];
    truths = new long[labels.size()];
    for (int c = 0; c < truths.length; c++) {
      long micros = 0;
      for (Map<String, Spans> spans : truthOf.values()) {
        Spans its = spans.getOrDefault(labels.get(c), Spans.NONE);
        micros += its.totalMicros();
        truths[c] += its.count();
      }
      soundSeconds[c] = micros / 1e6;
      deltas.put(labels.get(c), new ArrayList<>());
    }
  }

  private static void addIf(boolean wanted, Set<String> set, String value) {
    if (wanted) {
      set.add(value);
    }
  }

  /**
   * Scores frame or window posteriors: at a threshold, runs of scores that reach it are detections.
   *
   * @param truth true events of all streams
   * @param curves at most one per stream and label
   * @param totalSeconds length of all streams together
   * @throws IllegalArgumentException if two curves have the same stream and label, or the total is
   *     not positive and finite
   */
  public static PsdsScore of(
      List<Event> truth, List<ScoreCurve> curves, double totalSeconds, PsdsCriteria criteria) {
    Psds psds = new Psds(truth, totalSeconds, criteria);
    Set<List<String>> seen = new HashSet<>();
    for (ScoreCurve curve : curves) {
      if (!seen.add(List.of(curve.stream(), curve.label()))) {
        throw new IllegalArgumentException(
            "curves \"%s\" of stream \"%s\": must be one".formatted(curve.label(), curve.stream()));
      }
      if (psds.deltas.containsKey(curve.label())) {
        psds.addCurve(curve);
      }
    }
    return psds.score();
  }

  /**
   * Scores detections that have one confidence each, such as change-point boxes: at a threshold,
   * the ones that reach it count, with their own times.
   *
   * @param truth true events of all streams
   * @param boxes detections of all streams; those of one stream and label should not overlap, else
   *     what they cover together counts twice
   * @param totalSeconds length of all streams together
   * @throws IllegalArgumentException if the total is not positive and finite
   */
  public static PsdsScore ofBoxes(
      List<Event> truth, List<ScoredEvent> boxes, double totalSeconds, PsdsCriteria criteria) {
    Psds psds = new Psds(truth, totalSeconds, criteria);
    boxes.stream()
        .filter(box -> psds.deltas.containsKey(box.event().label()))
        .collect(Collectors.groupingBy(box -> List.of(box.event().stream(), box.event().label())))
        .values()
        .forEach(psds::addBoxes);
    return psds.score();
  }

  private void addCurve(ScoreCurve curve) {
    IntersectionCounter counter = counter(curve.stream(), curve.label());
    OperatingPoints.Recorder recorder = recorder(counter, curve.label());
    long[] edgesMicros = new long[curve.pieces() + 1];
    for (int i = 0; i < edgesMicros.length; i++) {
      edgesMicros[i] = Spans.micros(curve.edgeSeconds(i));
    }
    curve.sweep(
        new ScoreCurve.Runs() {
          @Override
          public void added(int from, int until) {
            counter.change(edgesMicros[from], edgesMicros[until], 1);
          }

          @Override
          public void removed(int from, int until) {
            counter.change(edgesMicros[from], edgesMicros[until], -1);
          }

          @Override
          public void settled(float threshold) {
            recorder.settled(threshold);
          }
        });
  }

  /** Boxes of one stream and label. */
  private void addBoxes(List<ScoredEvent> boxes) {
    Event any = boxes.get(0).event();
    IntersectionCounter counter = counter(any.stream(), any.label());
    OperatingPoints.Recorder recorder = recorder(counter, any.label());
    List<ScoredEvent> ranked =
        boxes.stream().sorted(Comparator.comparingDouble(ScoredEvent::score).reversed()).toList();
    for (int i = 0; i < ranked.size(); i++) {
      Event event = ranked.get(i).event();
      counter.change(Spans.micros(event.onsetSeconds()), Spans.micros(event.offsetSeconds()), 1);
      double score = ranked.get(i).score();
      if (i + 1 == ranked.size() || ranked.get(i + 1).score() != score) {
        recorder.settled(score);
      }
    }
  }

  private OperatingPoints.Recorder recorder(IntersectionCounter counter, String label) {
    return new OperatingPoints.Recorder(
        counter, deltas.computeIfAbsent(label, l -> new ArrayList<>()));
  }

  private IntersectionCounter counter(String stream, String label) {
    Map<String, Spans> spans = truthOf.getOrDefault(stream, Map.of());
    List<Spans> others = new ArrayList<>();
    if (criteria.crossTriggerWeight() > 0) {
      for (String other : labels) {
        others.add(other.equals(label) ? Spans.NONE : spans.getOrDefault(other, Spans.NONE));
      }
    }
    return new IntersectionCounter(criteria, spans.getOrDefault(label, Spans.NONE), others);
  }

  private PsdsScore score() {
    SortedMap<String, PsdsScore.Staircase> classes = new TreeMap<>();
    for (int c = 0; c < truths.length; c++) {
      long truthCount = truths[c];
      List<PsdsScore.Point> points =
          OperatingPoints.accumulate(
              deltas.getOrDefault(labels.get(c), List.of()),
              truthCount,
              (falsePositives, crossTriggers) ->
                  effectiveFalsePerHour(falsePositives, crossTriggers));
      classes.put(labels.get(c), OperatingPoints.envelope(points));
    }
    PsdsScore.Staircase effective =
        OperatingPoints.effective(List.copyOf(classes.values()), criteria);
    return new PsdsScore(effective.area(criteria.maxFalsePerHour()), effective, classes);
  }

  private double effectiveFalsePerHour(long falsePositives, long[] crossTriggers) {
    double rate = falsePositives / totalSeconds;
    int otherClasses = labels.size() - 1;
    if (crossTriggers.length > 0 && otherClasses > 0) {
      double sum = 0;
      for (int c = 0; c < crossTriggers.length; c++) {
        sum += crossTriggers[c] / soundSeconds[c];
      }
      rate += criteria.crossTriggerWeight() * sum / otherClasses;
    }
    return rate * SECONDS_PER_HOUR;
  }
}
