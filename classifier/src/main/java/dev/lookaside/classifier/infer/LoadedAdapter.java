package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.PackedConvs;
import dev.lookaside.classifier.weights.Site;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapter in the form that a session takes: convolutions packed, the head's rows filled up with
 * zeros to a multiple of {@value #HEAD_ROWS}, so that adapters with other label sets share a
 * session. Immutable. Its numbers lie on Java's heap, where they may come and go; whoever scores
 * has native memory of its own for as many adapters as it needs at a time.
 */
public final class LoadedAdapter {
  /** A head that grows by a label seldom needs another session. */
  static final int HEAD_ROWS = 16;

  /** One input of the graph, row-major; not written. */
  @SuppressWarnings("ArrayRecordComponent")
  record Input(int[] shape, float[] values) {}

  private final AdapterFacts facts;
  private final AdapterShape shape;
  private final AdapterShape runShape;
  private final Activation activation;
  private final float mean;
  private final float std;
  private final Map<String, Input> inputs;

  private LoadedAdapter(Adapter adapter, AdapterShape runShape, Map<String, Input> inputs) {
    this.facts = AdapterFacts.of(adapter);
    this.shape = adapter.shape();
    this.runShape = runShape;
    this.activation = adapter.activation();
    this.mean = adapter.mean();
    this.std = adapter.std();
    this.inputs = Collections.unmodifiableMap(inputs);
  }

  /** Packs an adapter; it is not kept. */
  public static LoadedAdapter of(Adapter adapter) {
    AdapterShape shape = adapter.shape();
    int rows = (shape.classes() + HEAD_ROWS - 1) / HEAD_ROWS * HEAD_ROWS;
    AdapterShape runShape =
        new AdapterShape(
            shape.width(),
            shape.windowFrames(),
            shape.mels(),
            shape.stride(),
            rows,
            shape.head(),
            shape.attn(),
            shape.mlp());
    Map<String, Input> inputs = new LinkedHashMap<>();
    for (int b = 0; b < shape.blocks(); b++) {
      for (Site site : Site.values()) {
        if (shape.at(b, site).isPresent()) {
          putConvs(adapter, b, site, inputs);
        }
      }
    }
    for (String name : new String[] {"head.norm.weight", "head.norm.bias"}) {
      FloatTensor norm = adapter.tensor(name);
      inputs.put(name, new Input(norm.shape(), norm.toArray()));
    }
    for (String name : new String[] {"head.fc.weight", "head.fc.bias"}) {
      inputs.put(name, filledUp(adapter.tensor(name), rows));
    }
    return new LoadedAdapter(adapter, runShape, inputs);
  }

  private static void putConvs(Adapter adapter, int block, Site site, Map<String, Input> inputs) {
    String downName = Adapter.convName(block, site, "down");
    int[] s = adapter.tensor(downName).shape();
    int rank = s[0];
    int width = s[1];
    int taps = s[2] * s[3];
    float[] down = adapter.tensor(downName).toArray();
    int[] sources = PackedConvs.downSources(width, taps, rank);
    inputs.put(downName, new Input(new int[] {width, taps * rank}, moved(down, sources)));
    String upName = Adapter.convName(block, site, "up");
    float[] up = adapter.tensor(upName).toArray();
    sources = PackedConvs.upSources(width, taps, rank);
    inputs.put(upName, new Input(new int[] {taps * rank, width}, moved(up, sources)));
  }

  private static float[] moved(float[] from, int[] sources) {
    float[] to = new float[from.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = from[sources[i]];
    }
    return to;
  }

  private static Input filledUp(FloatTensor head, int rows) {
    int[] shape = head.shape();
    int row = head.size() / shape[0];
    shape[0] = rows;
    return new Input(shape, Arrays.copyOf(head.toArray(), rows * row));
  }

  public AdapterFacts facts() {
    return facts;
  }

  public String digest() {
    return facts.digest();
  }

  /** The adapter's own sizes. */
  public AdapterShape shape() {
    return shape;
  }

  /** Sizes of the session it runs in; adapters with equal ones share a session. */
  AdapterShape runShape() {
    return runShape;
  }

  Activation activation() {
    return activation;
  }

  float mean() {
    return mean;
  }

  float std() {
    return std;
  }

  /** The graph's inputs by name. */
  Map<String, Input> inputs() {
    return inputs;
  }

  Input input(String name) {
    Input input = inputs.get(name);
    if (input == null) {
      throw new IllegalArgumentException("input \"" + name + "\": the adapter has none");
    }
    return input;
  }

  @Override
  public String toString() {
    return "LoadedAdapter " + facts.digest() + " " + facts.labels();
  }
}
