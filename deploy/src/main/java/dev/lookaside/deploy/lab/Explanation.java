package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.infer.Attention;
import dev.lookaside.classifier.infer.AttentionMap;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.deploy.plot.AttentionScene;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.ShortId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where one model looks in the window around a time of a clip.
 *
 * @param digest of the adapter; null for the backbone alone
 * @param posteriors of the time's column, or of the window; empty for the backbone alone
 */
record Explanation(
    @Nullable String digest,
    AttentionScene.View view,
    TreeMap<String, Double> posteriors,
    float specialShare) {

  /**
   * What is asked.
   *
   * @param block 0 is the first
   * @param hz frequency of the one patch that looks; null for all patches of the time
   * @param specials whether the special tokens look, not the patches
   */
  record Question(double atSeconds, int block, @Nullable Double hz, boolean specials) {}

  /**
   * Asks a model.
   *
   * @param logMel {@code [frames][mels]} of the whole clip by the adapter's front end, at least one
   * @param backboneOnly whether {@code scorer}'s adapter is a placeholder for none
   */
  static Explanation of(Scorer scorer, float[][] logMel, Question question, boolean backboneOnly) {
    Adapter adapter = scorer.adapter();
    FrontEnd frontEnd = adapter.frontEnd();
    int frames = adapter.windowFrames();
    double frame =
        (question.atSeconds() * frontEnd.rateHz()
                + frontEnd.leadSamples()
                - frontEnd.frameSamples() / 2.0)
            / frontEnd.hopSamples();
    int last = Math.max(logMel.length - frames, 0);
    int first = (int) Math.min(Math.max(Math.round(frame - frames / 2.0), 0), last);
    Attention attention =
        scorer.logitsAndAttention(normalised(adapter, logMel, first), 1, question.block());
    ModelSpec spec = new ModelSpec(scorer.backbone().spec(), adapter.shape(), false);
    AttentionMap.Grid grid =
        new AttentionMap.Grid(spec.vit().specials(), spec.rows(), spec.columns());
    int stride = adapter.shape().stride();
    int column = nearest(frame - first, stride, grid.columns());
    OptionalInt row = OptionalInt.empty();
    if (question.hz() != null) {
      double bin = adapter.frontEnd().mels() * AttentionScene.place(frontEnd, question.hz());
      row = OptionalInt.of(nearest(bin, stride, grid.rows()));
    }
    AttentionMap map =
        question.specials()
            ? AttentionMap.ofSpecials(attention, 0, grid)
            : AttentionMap.ofColumn(attention, 0, grid, column, row);
    TreeMap<String, Double> posteriors = new TreeMap<>();
    if (!backboneOnly) {
      float[] all = scorer.posteriors(attention.logits()[0]);
      int classes = adapter.labels().size();
      int from = adapter.head() == HeadKind.COLUMNS ? column * classes : 0;
      for (int c = 0; c < classes; c++) {
        posteriors.put(adapter.labels().get(c), (double) all[from + c]);
      }
    }
    AttentionScene.View view =
        new AttentionScene.View(
            backboneOnly ? "backbone alone" : "adapter " + ShortId.of(adapter.digest()),
            detail(posteriors, map.meanSpecialShare()),
            frontEnd.fromSample(first) / (double) frontEnd.rateHz()
                + (frontEnd.frameSamples() - frontEnd.hopSamples()) / 2.0 / frontEnd.rateHz(),
            frontEnd,
            window(logMel, first, frames),
            stride,
            map,
            new AttentionScene.Query(question.specials() ? -1 : column, row.orElse(-1)));
    return new Explanation(
        backboneOnly ? null : adapter.digest(), view, posteriors, map.meanSpecialShare());
  }

  private static int nearest(double at, int stride, int patches) {
    long patch = Math.round((at - ViTSpec.PATCH / 2.0) / stride);
    return (int) Math.min(Math.max(patch, 0), patches - 1);
  }

  private static float[] normalised(Adapter adapter, float[][] logMel, int first) {
    int mels = adapter.frontEnd().mels();
    float[] x = new float[adapter.windowFrames() * mels];
    for (int i = 0; i < x.length; i++) {
      int frame = first + i / mels;
      float value = frame < logMel.length ? logMel[frame][i % mels] : 0;
      x[i] = (value - adapter.mean()) / (2 * adapter.std());
    }
    return x;
  }

  /** For the eye: frames after the clip's end are as quiet as its quietest value. */
  private static float[][] window(float[][] logMel, int first, int frames) {
    float quietest = Float.POSITIVE_INFINITY;
    for (float[] frame : logMel) {
      for (float value : frame) {
        quietest = Math.min(quietest, value);
      }
    }
    float[][] window = new float[frames][];
    for (int i = 0; i < frames; i++) {
      if (first + i < logMel.length) {
        window[i] = logMel[first + i];
      } else {
        window[i] = new float[logMel[0].length];
        Arrays.fill(window[i], quietest);
      }
    }
    return window;
  }

  private static String detail(TreeMap<String, Double> posteriors, float specialShare) {
    List<String> words = new ArrayList<>();
    posteriors.entrySet().stream()
        .sorted(Comparator.comparingDouble(e -> -e.getValue()))
        .limit(2)
        .forEach(e -> words.add(String.format(Locale.ROOT, "%s %.2f", e.getKey(), e.getValue())));
    words.add(String.format(Locale.ROOT, "%.0f %% to special tokens", 100 * specialShare));
    return String.join(", ", words);
  }

  ObjectNode json(boolean heads) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("adapter", digest);
    node.put("windowFrom", view.fromSeconds());
    node.put(
        "windowUntil", view.fromSeconds() + view.logMel().length * view.frontEnd().hopSeconds());
    node.put("column", view.query().column() < 0 ? null : view.query().column());
    node.put("row", view.query().row() < 0 ? null : view.query().row());
    node.put("toSpecialTokens", specialShare);
    node.set("attention", json(view.map().mean()));
    if (heads) {
      ArrayNode all = node.putArray("heads");
      for (float[][] head : view.map().heads()) {
        all.add(json(head));
      }
    }
    ObjectNode found = node.putObject("posteriors");
    posteriors.forEach(found::put);
    return node;
  }

  private static ArrayNode json(float[][] rows) {
    ArrayNode node = JsonNodeFactory.instance.arrayNode();
    for (float[] row : rows) {
      ArrayNode cells = node.addArray();
      for (float value : row) {
        cells.add(value);
      }
    }
    return node;
  }
}
