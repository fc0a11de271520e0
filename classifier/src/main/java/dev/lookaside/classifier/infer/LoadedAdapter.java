package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Site;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An adapter in the form that a session takes: convolutions packed, the head's rows filled up with
 * zeros to a multiple of {@value #HEAD_ROWS}, so that adapters with other label sets share a
 * session. Immutable; its memory is given back when nobody holds it any more.
 */
public final class LoadedAdapter {
  /** A head that grows by a label seldom needs another session. */
  static final int HEAD_ROWS = 16;

  private final AdapterFacts facts;
  private final AdapterShape shape;
  private final AdapterShape runShape;
  private final Activation activation;
  private final float mean;
  private final float std;
  private final Map<String, FloatTensor> inputs;

  private LoadedAdapter(Adapter adapter, AdapterShape runShape, Map<String, FloatTensor> inputs) {
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
            rows,
            shape.head(),
            shape.attn(),
            shape.mlp());
    Map<String, FloatTensor> inputs = new LinkedHashMap<>();
    for (int b = 0; b < shape.blocks(); b++) {
      for (Site site : Site.values()) {
        if (shape.at(b, site).isPresent()) {
          inputs.put(Adapter.convName(b, site, "down"), adapter.down(b, site));
          inputs.put(Adapter.convName(b, site, "up"), adapter.up(b, site));
        }
      }
    }
    for (String name : new String[] {"head.norm.weight", "head.norm.bias"}) {
      inputs.put(name, adapter.tensor(name));
    }
    for (String name : new String[] {"head.fc.weight", "head.fc.bias"}) {
      inputs.put(name, filledUp(adapter.tensor(name), rows));
    }
    return new LoadedAdapter(adapter, runShape, inputs);
  }

  private static FloatTensor filledUp(FloatTensor head, int rows) {
    int[] shape = head.shape();
    int row = head.size() / shape[0];
    shape[0] = rows;
    return FloatTensor.of(shape, Arrays.copyOf(head.toArray(), rows * row));
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
  Map<String, FloatTensor> inputs() {
    return inputs;
  }

  @Override
  public String toString() {
    return "LoadedAdapter " + facts.digest() + " " + facts.labels();
  }
}
