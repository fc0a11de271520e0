package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.trainer.example.WindowSpec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Scores windows with two adapters that differ in their heads alone, in one run of what they share:
 * one head of both one's rows, into which scale and shift of each one's {@code head.norm} are
 * multiplied. Posteriors may differ from a {@link Scorer}'s in their last bits.
 *
 * <p>The first one scores; the second one is then asked for the same windows in the same order and
 * answers from what was kept. For one thread.
 */
final class TwinScorer implements AutoCloseable {
  private static final String NORM_WEIGHT = "head.norm.weight";
  private static final String NORM_BIAS = "head.norm.bias";
  private static final String FC_WEIGHT = "head.fc.weight";
  private static final String FC_BIAS = "head.fc.bias";
  private static final JsonMapper JSON = new JsonMapper();

  private final Scorer scorer;
  private final Adapter first;
  private final Adapter second;
  private final ArrayDeque<Kept> kept = new ArrayDeque<>();

  /** What the second one will be asked for. */
  private record Kept(long index, float[] posteriors) {}

  private TwinScorer(Scorer scorer, Adapter first, Adapter second) {
    this.scorer = scorer;
    this.first = first;
    this.second = second;
  }

  /**
   * Whether the two can be scored so: sigmoid posteriors, as those of a softmax depend on the other
   * rows, and the same bits in all that is not the head.
   */
  static boolean fits(Adapter first, Adapter second) {
    return first.activation() == Activation.SIGMOID
        && second.activation() == Activation.SIGMOID
        && first.head() == second.head()
        && WindowSpec.of(first).equals(WindowSpec.of(second))
        && same(body(first), body(second));
  }

  private static boolean same(Map<String, FloatTensor> a, Map<String, FloatTensor> b) {
    return a.keySet().equals(b.keySet())
        && a.entrySet().stream()
            .allMatch(
                e -> {
                  FloatTensor other = b.get(e.getKey());
                  return other != null
                      && Arrays.equals(e.getValue().shape(), other.shape())
                      && Arrays.equals(e.getValue().toArray(), other.toArray());
                });
  }

  private static Map<String, FloatTensor> body(Adapter adapter) {
    Map<String, FloatTensor> body = new TreeMap<>(adapter.tensors());
    body.keySet().removeIf(name -> name.startsWith("head."));
    return body;
  }

  /**
   * Opens the session.
   *
   * @throws dev.lookaside.classifier.infer.ScorerException if the device cannot be used
   */
  static TwinScorer open(
      Backbone backbone, Adapter first, Adapter second, ScorerSettings settings) {
    return new TwinScorer(Scorer.open(backbone, stacked(first, second), settings), first, second);
  }

  private static Adapter stacked(Adapter first, Adapter second) {
    int width = first.tensor(NORM_WEIGHT).size();
    Map<String, FloatTensor> tensors = new TreeMap<>(body(first));
    float[] ones = new float[width];
    Arrays.fill(ones, 1);
    tensors.put(NORM_WEIGHT, FloatTensor.of(new int[] {width}, ones));
    tensors.put(NORM_BIAS, FloatTensor.of(new int[] {width}, new float[width]));
    int rows = first.labels().size() + second.labels().size();
    float[] weight = new float[rows * width];
    float[] bias = new float[rows];
    fold(first, weight, bias, 0);
    fold(second, weight, bias, first.labels().size());
    tensors.put(FC_WEIGHT, FloatTensor.of(new int[] {rows, width}, weight));
    tensors.put(FC_BIAS, FloatTensor.of(new int[] {rows}, bias));
    List<String> labels = new ArrayList<>();
    first.labels().forEach(label -> labels.add("1 " + label));
    second.labels().forEach(label -> labels.add("2 " + label));
    Map<String, String> metadata = new TreeMap<>(first.metadata());
    metadata.remove("thresholds");
    try {
      metadata.put("labels", JSON.writeValueAsString(labels));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts can be written as JSON", e);
    }
    return AdapterFactory.of(tensors, metadata);
  }

  /** W (g x + s) + b = (W g) x + (W s + b). */
  private static void fold(Adapter adapter, float[] weight, float[] bias, int fromRow) {
    float[] scale = adapter.tensor(NORM_WEIGHT).toArray();
    float[] shift = adapter.tensor(NORM_BIAS).toArray();
    float[] fc = adapter.tensor(FC_WEIGHT).toArray();
    float[] b = adapter.tensor(FC_BIAS).toArray();
    int width = scale.length;
    for (int r = 0; r < b.length; r++) {
      double sum = b[r];
      for (int i = 0; i < width; i++) {
        weight[(fromRow + r) * width + i] = fc[r * width + i] * scale[i];
        sum += (double) fc[r * width + i] * shift[i];
      }
      bias[fromRow + r] = (float) sum;
    }
  }

  /** Scores; what the second one will be asked for is kept. */
  WindowScorer first() {
    return new One(first.digest(), this::scoreFirst);
  }

  /** Answers from what was kept, once. */
  WindowScorer second() {
    return new One(second.digest(), this::scoreSecond);
  }

  private Scores scoreFirst(List<MelWindow> windows) {
    Scores both = scorer.score(windows);
    int firstLabels = first.labels().size();
    int secondLabels = second.labels().size();
    float[][] own = new float[windows.size()][];
    for (int i = 0; i < windows.size(); i++) {
      float[] all = both.of(i);
      own[i] = rows(all, both.columns(), 0, firstLabels, firstLabels + secondLabels);
      kept.add(
          new Kept(
              windows.get(i).index(),
              rows(all, both.columns(), firstLabels, secondLabels, firstLabels + secondLabels)));
    }
    return new Scores(both.columns(), firstLabels, own);
  }

  private static float[] rows(float[] all, int columns, int from, int labels, int allLabels) {
    float[] own = new float[columns * labels];
    for (int c = 0; c < columns; c++) {
      System.arraycopy(all, c * allLabels + from, own, c * labels, labels);
    }
    return own;
  }

  private Scores scoreSecond(List<MelWindow> windows) {
    int labels = second.labels().size();
    float[][] own = new float[windows.size()][];
    for (int i = 0; i < own.length; i++) {
      Kept next = kept.remove();
      if (next.index() != windows.get(i).index()) {
        throw new IllegalStateException(
            "window %d: the first one was asked for %d here"
                .formatted(windows.get(i).index(), next.index()));
      }
      own[i] = next.posteriors();
    }
    return new Scores(own[0].length / labels, labels, own);
  }

  private interface Score {
    Scores of(List<MelWindow> windows);
  }

  private final class One implements WindowScorer {
    private final String digest;
    private final Score score;

    One(String digest, Score score) {
      this.digest = digest;
      this.score = score;
    }

    @Override
    public Scores score(List<MelWindow> windows) {
      return score.of(windows);
    }

    @Override
    public String adapterDigest() {
      return digest;
    }

    @Override
    public String deviceDescription() {
      return scorer.deviceDescription();
    }

    /** The session is the twins'. */
    @Override
    public void close() {}
  }

  @Override
  public void close() {
    scorer.close();
  }
}
