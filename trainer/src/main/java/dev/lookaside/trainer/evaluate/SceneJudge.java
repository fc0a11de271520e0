package dev.lookaside.trainer.evaluate;

import dev.lookaside.classifier.detect.DecoderSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.HysteresisDecoder;
import dev.lookaside.classifier.detect.WindowMark;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.EventF1;
import dev.lookaside.trainer.metric.EventScore;
import dev.lookaside.trainer.metric.ThresholdCalibration;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Scenes with known truth, scored once and decoded as often as thresholds are tried. Holds one
 * posterior per class, column and window of all scenes. Not for several threads at once.
 */
public final class SceneJudge {
  /** Candidates of {@link #calibrated}: as fine as posteriors of small models are worth. */
  static final double[] ONS = steps(0.05, 0.95, 19);

  private static final double[] OFF_SHARES = {0.2, 0.4, 0.6, 0.8, 1};

  /**
   * What a false alarm where nothing sounds counts for when thresholds are chosen: half a minute of
   * it represents hours, and few events of a class argue for a threshold that is too low.
   */
  private static final int QUIET_WEIGHT = 5;

  /** Right events that say how short those of a label are. */
  private static final int LENGTHS_MIN = 10;

  /** One of so many right events may be shorter. */
  private static final int SHORT_SHARE = 20;

  /** {@code posteriors}: of each window, row-major {@code [columns][classes]}. */
  private record ScoredScene(
      String name, int hopFrames, List<WindowMark> windows, List<float[]> posteriors, int weight) {}

  private final DetectorModel model;
  private final List<ScoredScene> scenes = new ArrayList<>();
  private final List<Event> truth = new ArrayList<>();

  /**
   * A judge without scenes.
   *
   * @param model how windows lie and are decoded
   */
  public SceneJudge(DetectorModel model) {
    this.model = model;
  }

  /**
   * Scores a scene.
   *
   * @param scorer of the judge's model; stays the caller's to close
   * @param maxBatch windows scored together
   */
  public void add(Scene scene, WindowScorer scorer, int maxBatch) {
    List<MelWindow> windows = ClipWindows.of(scene.audio(), model.spec());
    List<float[]> posteriors = new ArrayList<>(windows.size());
    for (int from = 0; from < windows.size(); from += maxBatch) {
      List<MelWindow> batch = windows.subList(from, Math.min(windows.size(), from + maxBatch));
      Scores scores = scorer.score(batch);
      for (int i = 0; i < batch.size(); i++) {
        posteriors.add(scores.of(i));
      }
    }
    List<WindowMark> marks = windows.stream().map(WindowMark::of).toList();
    add(scene, model.spec().hopFrames(), marks, posteriors);
  }

  /**
   * Takes a scene that was scored already.
   *
   * @param hopFrames from one window to the next, which may be another one than the model's
   * @param windows of its audio, in order
   * @param posteriors of each window, row-major {@code [columns][classes]}; kept
   */
  public void add(Scene scene, int hopFrames, List<WindowMark> windows, List<float[]> posteriors) {
    String name = keep(hopFrames, windows, posteriors, 1);
    for (LabelledEvent e : scene.events()) {
      truth.add(new Event(name, e.label(), e.onsetSeconds(), e.offsetSeconds()));
    }
  }

  /**
   * Takes audio in which no class sounds, with arguments as in {@link #add(Scene, int, List,
   * List)}. What is detected there weighs more than a false alarm between sounds.
   */
  public void addQuiet(int hopFrames, List<WindowMark> windows, List<float[]> posteriors) {
    keep(hopFrames, windows, posteriors, QUIET_WEIGHT);
  }

  private String keep(
      int hopFrames, List<WindowMark> windows, List<float[]> posteriors, int weight) {
    String name = "scene " + scenes.size();
    scenes.add(new ScoredScene(name, hopFrames, windows, posteriors, weight));
    return name;
  }

  /** All true events. */
  public List<Event> truth() {
    return List.copyOf(truth);
  }

  /** How well the model's own thresholds do. */
  public EventScore score(Collars collars) {
    return score(model.decoder(), collars);
  }

  /**
   * How well these thresholds do; labels without one keep the model's.
   *
   * @param pairs by label
   */
  public EventScore score(SortedMap<String, CalibratedPair> pairs, Collars collars) {
    float[] on = model.decoder().on().clone();
    float[] off = model.decoder().off().clone();
    for (int c = 0; c < on.length; c++) {
      CalibratedPair pair = pairs.get(model.labels().get(c));
      if (pair != null) {
        on[c] = (float) pair.on();
        off[c] = (float) pair.off();
      }
    }
    return score(with(on, off, model.decoder().minLengthFrames()), collars);
  }

  /**
   * Thresholds of greatest event F1 per label, each label by itself; labels that no pair finds any
   * event of are left out.
   */
  public SortedMap<String, CalibratedPair> calibrated(Collars collars) {
    return calibrated(collars, model.labels());
  }

  /** As the other, for some of the model's labels. */
  public SortedMap<String, CalibratedPair> calibrated(Collars collars, Collection<String> labels) {
    SortedMap<String, CalibratedPair> best = new TreeMap<>();
    for (String label : labels) {
      int classIndex = model.labels().indexOf(label);
      List<Event> own = own(label);
      ThresholdCalibration.ofDecoder(
              own, ONS, OFF_SHARES, collars, (on, off) -> decodeOne(classIndex, on, off))
          .ifPresent(pair -> best.put(label, pair));
    }
    return best;
  }

  /**
   * The same thresholds, each half-way to the median of all labels, in log-odds. What sets one
   * label apart on a few scenes is partly chance, and unseen sounds do not repeat it (partial
   * pooling, Efron, Morris: Data Analysis Using Stein's Estimator, 1975).
   *
   * @param pairs by label
   */
  public SortedMap<String, CalibratedPair> pooled(
      SortedMap<String, CalibratedPair> pairs, Collars collars) {
    double on = medianLogit(pairs.values().stream().mapToDouble(CalibratedPair::on).toArray());
    double off = medianLogit(pairs.values().stream().mapToDouble(CalibratedPair::off).toArray());
    SortedMap<String, CalibratedPair> pooled = new TreeMap<>();
    pairs.forEach(
        (label, pair) -> {
          double newOn = SteadyThresholds.share((SteadyThresholds.logOdds(pair.on()) + on) / 2);
          double newOff = SteadyThresholds.share((SteadyThresholds.logOdds(pair.off()) + off) / 2);
          List<Event> own = own(label);
          List<Event> found = decodeOne(model.labels().indexOf(label), newOn, newOff);
          pooled.put(
              label, new CalibratedPair(newOn, newOff, EventF1.of(own, found, collars).total()));
        });
    return pooled;
  }

  private static double medianLogit(double[] values) {
    double[] sorted = Arrays.stream(values).map(SteadyThresholds::logOdds).sorted().toArray();
    int half = sorted.length / 2;
    return sorted.length == 0
        ? 0
        : sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  /**
   * How short right events of a label are: all but a twentieth of those that begin within the
   * collar of a true one are at least so long. A label with fewer than {@link #LENGTHS_MIN} has
   * none.
   *
   * @param pairs thresholds by label
   * @param mostMillis no label gets more
   * @return milliseconds by label
   */
  public SortedMap<String, Integer> minLengths(
      SortedMap<String, CalibratedPair> pairs, Collars collars, int mostMillis) {
    SortedMap<String, Integer> lengths = new TreeMap<>();
    pairs.forEach(
        (label, pair) -> {
          List<Event> own = own(label);
          double[] right =
              decodeOne(model.labels().indexOf(label), pair.on(), pair.off()).stream()
                  .filter(
                      found ->
                          own.stream()
                              .anyMatch(
                                  e ->
                                      EventF1.of(List.of(e), List.of(found), collars)
                                              .total()
                                              .truePositives()
                                          > 0))
                  .mapToDouble(e -> e.offsetSeconds() - e.onsetSeconds())
                  .sorted()
                  .toArray();
          if (right.length >= LENGTHS_MIN) {
            int shortest = (int) Math.round(1000 * right[right.length / SHORT_SHARE]);
            lengths.put(label, Math.min(shortest, mostMillis));
          }
        });
    return lengths;
  }

  private List<Event> own(String label) {
    return truth.stream().filter(e -> e.label().equals(label)).toList();
  }

  private EventScore score(DecoderSettings decoder, Collars collars) {
    List<Event> found = new ArrayList<>();
    for (ScoredScene scene : scenes) {
      decode(scene, decoder, -1, found);
    }
    return EventF1.of(truth, found, collars);
  }

  private List<Event> decodeOne(int classIndex, double on, double off) {
    List<Event> found = new ArrayList<>();
    int[] minLength = {model.decoder().minLengthFrames()[classIndex]};
    DecoderSettings decoder = with(new float[] {(float) on}, new float[] {(float) off}, minLength);
    for (ScoredScene scene : scenes) {
      decode(scene, decoder, classIndex, found);
    }
    return found;
  }

  private DecoderSettings with(float[] on, float[] off, int[] minLengthFrames) {
    DecoderSettings own = model.decoder();
    return new DecoderSettings(own.combination(), on, off, minLengthFrames, own.minGapFrames());
  }

  /** {@code classIndex}: the only class that {@code decoder} knows, or -1 for all. */
  private void decode(
      ScoredScene scene, DecoderSettings settings, int classIndex, List<Event> found) {
    HysteresisDecoder decoder =
        HysteresisDecoder.of(
            model.spec().windowFrames(), scene.hopFrames(), model.columns(), settings);
    List<HysteresisDecoder.Event> events = new ArrayList<>();
    for (int i = 0; i < scene.windows().size(); i++) {
      WindowMark w = scene.windows().get(i);
      float[] all = scene.posteriors().get(i);
      float[] posteriors = classIndex < 0 ? all : column(all, classIndex);
      events.addAll(decoder.push(w.index(), w.validFrames(), posteriors));
    }
    events.addAll(decoder.finish());
    double cellSeconds = decoder.cellFrames() * model.spec().frontEnd().hopSeconds();
    for (HysteresisDecoder.Event e : events) {
      if (e.kind() == HysteresisDecoder.Kind.ENDED) {
        String label = model.labels().get(classIndex < 0 ? e.classIndex() : classIndex);
        Event event =
            new Event(
                scene.name(), label, e.onsetCell() * cellSeconds, e.offsetCell() * cellSeconds);
        found.addAll(Collections.nCopies(scene.weight(), event));
      }
    }
  }

  private float[] column(float[] posteriors, int classIndex) {
    int classes = model.labels().size();
    float[] one = new float[posteriors.length / classes];
    for (int i = 0; i < one.length; i++) {
      one[i] = posteriors[i * classes + classIndex];
    }
    return one;
  }

  private static double[] steps(double from, double until, int count) {
    double[] steps = new double[count];
    for (int i = 0; i < count; i++) {
      steps[i] = from + (until - from) * i / (count - 1);
    }
    return steps;
  }
}
