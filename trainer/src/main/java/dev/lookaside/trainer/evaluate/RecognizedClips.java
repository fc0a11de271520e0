package dev.lookaside.trainer.evaluate;

import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.Segment;
import dev.lookaside.trainer.example.ClipViews;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.metric.Recognition;
import dev.lookaside.trainer.metric.RecognitionScore;
import dev.lookaside.trainer.metric.ThresholdCalibration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Clips and the scores that a model gives them.
 *
 * @param labels of the columns of scores
 * @param ids of the clips
 * @param scores {@code [clips][labels]}: logits summed over a clip's views (and averaged over the
 *     columns of a columns head)
 * @param posteriors {@code [clips][labels]}: of the logits' mean over the views
 * @param truth label index of each clip, {@link Segment#UNLABELLED} if not published
 * @param skipped how many clips could not be read
 */
@SuppressWarnings("ArrayRecordComponent") // Results for reading, as large as the split is.
public record RecognizedClips(
    List<String> labels,
    List<String> ids,
    float[][] scores,
    float[][] posteriors,
    int[] truth,
    int skipped) {
  /** Off thresholds are this share of on thresholds, as the default pair's. */
  private static final double OFF_SHARE = Threshold.DEFAULT.off() / Threshold.DEFAULT.on();

  public RecognizedClips {
    labels = List.copyOf(labels);
    ids = List.copyOf(ids);
  }

  /**
   * Scores clips one after the other.
   *
   * @param segments with labels of the data set
   * @param indices for each label of the data set that of the scorer's adapter
   * @param views windows per clip
   * @param progress gets the number of clips done
   * @param unreadable gets what is wrong with each clip that cannot be read; may end it
   * @throws TrainerException if no clip can be read
   */
  public static RecognizedClips of(
      Scorer scorer,
      List<Segment> segments,
      int[] indices,
      int views,
      IntConsumer progress,
      Consumer<String> unreadable) {
    WindowSpec spec = WindowSpec.of(scorer.adapter());
    Gathered gathered = new Gathered(scorer, views);
    for (Segment segment : segments) {
      try {
        int label = segment.label() < 0 ? segment.label() : indices[segment.label()];
        gathered.add(segment.id(), ClipViews.of(segment.read(), spec, views), label);
      } catch (IngestException | TrainerException e) {
        String complaint = segment.id() + ": " + e.getMessage();
        gathered.skipped++;
        gathered.firstSkipped = gathered.skipped == 1 ? complaint : gathered.firstSkipped;
        unreadable.accept(complaint);
      }
      progress.accept(gathered.done());
    }
    return gathered.clips();
  }

  /** What was scored so far. */
  private static final class Gathered {
    private final Scorer scorer;
    private final int views;
    private final List<String> ids = new ArrayList<>();
    private final List<float[]> sums = new ArrayList<>();
    private final List<float[]> posteriors = new ArrayList<>();
    private final List<Integer> truth = new ArrayList<>();
    private int skipped;
    private String firstSkipped = "";

    Gathered(Scorer scorer, int views) {
      this.scorer = scorer;
      this.views = views;
    }

    void add(String id, List<float[]> windows, int label) {
      float[] mean = mean(scorer, windows);
      float[] sum = mean.clone();
      for (int c = 0; c < sum.length; c++) {
        sum[c] *= views;
      }
      ids.add(id);
      sums.add(sum);
      posteriors.add(scorer.posteriors(mean));
      truth.add(label);
    }

    int done() {
      return ids.size() + skipped;
    }

    RecognizedClips clips() {
      if (ids.isEmpty()) {
        throw new TrainerException("no clip can be read; the first: " + firstSkipped);
      }
      return new RecognizedClips(
          scorer.adapter().labels(),
          ids,
          sums.toArray(float[][]::new),
          posteriors.toArray(float[][]::new),
          truth.stream().mapToInt(Integer::intValue).toArray(),
          skipped);
    }
  }

  private static float[] mean(Scorer scorer, List<float[]> windows) {
    int floats = windows.get(0).length;
    float[] batch = new float[windows.size() * floats];
    for (int w = 0; w < windows.size(); w++) {
      System.arraycopy(windows.get(w), 0, batch, w * floats, floats);
    }
    int classes = scorer.adapter().labels().size();
    double[] sum = new double[classes];
    int rows = 0;
    for (float[] logits : scorer.logits(batch, windows.size())) {
      for (int i = 0; i < logits.length; i++) {
        sum[i % classes] += logits[i];
      }
      rows += logits.length / classes;
    }
    float[] mean = new float[classes];
    for (int c = 0; c < classes; c++) {
      mean[c] = (float) (sum[c] / rows);
    }
    return mean;
  }

  /**
   * Top-1, top-5, mCA, mAP, mAUC.
   *
   * @throws TrainerException if the labels are not published
   */
  public RecognitionScore score() {
    requireLabels();
    return Recognition.of(scores, truth);
  }

  /** These clips without those of one class: EPIC-SOUNDS redacts background. */
  public RecognizedClips without(String label) {
    int redacted = labels.indexOf(label);
    List<Integer> kept = new ArrayList<>();
    for (int i = 0; i < truth.length; i++) {
      if (redacted < 0 || truth[i] != redacted) {
        kept.add(i);
      }
    }
    return new RecognizedClips(
        labels,
        kept.stream().map(ids::get).toList(),
        kept.stream().map(i -> scores[i]).toArray(float[][]::new),
        kept.stream().map(i -> posteriors[i]).toArray(float[][]::new),
        kept.stream().mapToInt(i -> truth[i]).toArray(),
        skipped);
  }

  /** Thresholds of greatest F1 on these clips; a class that is never right is absent. */
  public SortedMap<String, Threshold> calibrated() {
    requireLabels();
    boolean[][] targets = new boolean[truth.length][labels.size()];
    for (int i = 0; i < truth.length; i++) {
      targets[i][truth[i]] = true;
    }
    return thresholds(ThresholdCalibration.ofClips(labels, posteriors, targets));
  }

  static SortedMap<String, Threshold> thresholds(
      SortedMap<String, ThresholdCalibration.Calibrated> found) {
    SortedMap<String, Threshold> thresholds = new TreeMap<>();
    found.forEach(
        (label, best) -> {
          double on = Math.min(1, best.value());
          if (on > 0) {
            thresholds.put(label, new Threshold(on, on * OFF_SHARE));
          }
        });
    return thresholds;
  }

  private void requireLabels() {
    for (int i = 0; i < truth.length; i++) {
      if (truth[i] < 0) {
        throw new TrainerException(
            "clip \"%s\": has no label to compare with".formatted(ids.get(i)));
      }
    }
  }
}
