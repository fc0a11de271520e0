package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Site;
import dev.lookaside.classifier.weights.ViTSpec;
import java.util.List;

/**
 * The model: a vision transformer over log-mel patches with look-aside adapters, written once.
 *
 * <pre>
 *   h = patches(x) + positions, cls and dist in front
 *   per block:  h += attention(LN h) + loaa(LN h);   h += mlp(LN h) + loaa(LN h)
 *   clip:    logits = fc(LN(mean of cls and dist of LN h))
 *   columns: logits = fc(LN(mean over frequency of the patches of LN h)), per time column
 * </pre>
 *
 * A backbone that norms after its sums ({@link ViTSpec#normAfter}) has {@code h = LN h} before the
 * first block, {@code h = LN(h + attention(h) + loaa(h))} and the like in a block, and no norm at
 * the end: an adapter sees what attention and MLP see. Without special tokens a clip head pools all
 * patches.
 *
 * <p>Inputs: {@value #X} {@code [B, frames, mels]}, already normalised, and every adapter tensor
 * under the adapter file's name, convolutions packed. Outputs: {@value #LOGITS} {@code [B,
 * classes]} or {@code [B, columns, classes]}, and {@value #ATTENTION} {@code [B, heads, N, N]} if
 * asked for.
 */
public final class VitLoaa {
  public static final String X = "x";
  public static final String LOGITS = "logits";
  public static final String ATTENTION = "attention";
  private static final String EMBEDDING = "head.norm";

  private final GraphBuilder g = new GraphBuilder();
  private final ModelSpec spec;
  private final Backbone backbone;
  private final ViTSpec vit;
  private final LookAside lookAside;

  private VitLoaa(ModelSpec spec, Backbone backbone) {
    this.spec = spec;
    this.backbone = backbone;
    this.vit = spec.vit();
    this.lookAside = new LookAside(g, spec);
  }

  /** Builds the graph; it shares the backbone's tensors. */
  public static Graph build(ModelSpec spec, Backbone backbone) {
    return new VitLoaa(spec, backbone).build();
  }

  /**
   * The tokens that enter a block, or for a block after the last, those that leave the last.
   *
   * @param model a graph of {@link #build}
   */
  public static Value entering(Graph model, ViTSpec vit, int block) {
    boolean after = vit.normAfter();
    String norm =
        after
            ? block == 0 ? "norm.out" : "blocks." + (block - 1) + ".norm2.out"
            : block == vit.depth() ? "norm.out" : "blocks." + block + ".norm1.out";
    Node found =
        model.nodes().stream()
            .filter(n -> n.output().name().equals(norm))
            .findFirst()
            .orElseThrow(
                () -> new ShapeException("block " + block + ": the model has no such block"));
    return after ? found.output() : found.inputs().get(0);
  }

  /**
   * What enters the last product of the head: the pooled, normed tokens, {@code [B, rows, width]}
   * with one row for a clip head and one per time column for a columns head.
   *
   * @param model a graph of {@link #build}
   */
  public static Value embedding(Graph model) {
    return model.nodes().stream()
        .map(Node::output)
        .filter(v -> v.name().equals(EMBEDDING))
        .findFirst()
        .orElseThrow(() -> new ShapeException("the graph has no " + EMBEDDING));
  }

  private Graph build() {
    Value h = tokens();
    if (vit.normAfter()) {
      h = layerNorm("norm", h, vit.epsilon());
    }
    for (int b = 0; b < vit.depth(); b++) {
      h = vit.normAfter() ? blockNormedAfter(b, h) : block(b, h);
    }
    head(vit.normAfter() ? h : layerNorm("norm", h, vit.epsilon()));
    return g.build();
  }

  private Value tokens() {
    AdapterShape a = spec.adapter();
    int side = ViTSpec.PATCH;
    int rows = spec.rows();
    int columns = spec.columns();
    Value x = g.input(X, Shape.perWindow(1, a.windowFrames(), a.mels()));
    x = a.stride() == side ? besideEachOther(x) : overlapping(x);
    x = g.apply("patches.order", new Ops.Transpose(0, 3, 1, 2, 4), x);
    x = g.apply("patches", new Ops.Reshape(Shape.perWindow(rows * columns, side * side)), x);
    x =
        g.apply(
            "stem",
            new Ops.Gemm(true),
            x,
            composed(TensorParts.stem(vit), vit.width(), side * side));
    x = g.apply("stem.tokens", new Ops.Reshape(Shape.perWindow(1, rows * columns, vit.width())), x);
    if (vit.specials() > 0) {
      x = g.apply("stem.pad", new Ops.Pad(1, vit.specials(), 0), x);
    }
    x =
        g.apply(
            "embedding",
            new Ops.Add(),
            x,
            composed(TensorParts.start(spec), spec.tokens(), vit.width()));
    return g.apply("tokens", new Ops.Reshape(Shape.perWindow(spec.tokens(), vit.width())), x);
  }

  /** Cells {@code [B, columns, side, rows, side]} of patches that do not overlap. */
  private Value besideEachOther(Value x) {
    int side = ViTSpec.PATCH;
    if (spec.columns() * side < spec.adapter().windowFrames()) {
      x = g.apply("patches.cut", new Ops.Slice(1, 0, spec.columns() * side), x);
    }
    Shape cells = Shape.perWindow(1, spec.columns(), side, spec.rows(), side);
    return g.apply("patches.cells", new Ops.Reshape(cells), x);
  }

  /** As {@link #besideEachOther}, frames and mels repeated where patches overlap. */
  private Value overlapping(Value x) {
    int side = ViTSpec.PATCH;
    int stride = spec.adapter().stride();
    int[] byColumn = {spec.columns(), side};
    x = g.apply("patches.frames", new Ops.Gather(1, byColumn, starts(spec.columns(), stride)), x);
    int[] byRow = {spec.rows(), side};
    return g.apply("patches.cells", new Ops.Gather(3, byRow, starts(spec.rows(), stride)), x);
  }

  private static int[] starts(int patches, int stride) {
    int[] index = new int[patches * ViTSpec.PATCH];
    for (int i = 0; i < index.length; i++) {
      index[i] = i / ViTSpec.PATCH * stride + i % ViTSpec.PATCH;
    }
    return index;
  }

  /** A weight that is made up of several tensors of the backbone, or of one in another order. */
  private Value composed(List<TensorPart> parts, int... shape) {
    float[] values = new float[shape[0] * shape[1]];
    for (TensorPart part : parts) {
      part.addTo(values, TensorParts.numbers(spec, backbone, part.tensor()));
    }
    return g.weight(parts.get(0).value(), FloatTensor.of(shape, values));
  }

  private Value block(int b, Value h) {
    String name = "blocks." + b + ".";
    boolean last = b == vit.depth() - 1;
    Value normal = layerNorm(name + "norm1", h, vit.epsilon());
    Value kept = normal;
    if (last && spec.prunesLastBlock()) {
      kept = keepSpecials(name + "norm1.kept", normal);
      h = keepSpecials(name + "kept", h);
    }
    Value attended = attention(name + "attn.", normal, kept, spec.attentionIn(b));
    h = g.apply(name + "attn.residual", new Ops.Add(), attended, h);
    h = lookAside.add(b, Site.ATTN, kept, h);
    normal = layerNorm(name + "norm2", h, vit.epsilon());
    h = g.apply(name + "mlp.residual", new Ops.Add(), mlp(name, normal), h);
    return lookAside.add(b, Site.MLP, normal, h);
  }

  private Value blockNormedAfter(int b, Value h) {
    String name = "blocks." + b + ".";
    Value attended = attention(name + "attn.", h, h, spec.attentionIn(b));
    Value sum = g.apply(name + "attn.residual", new Ops.Add(), attended, h);
    Value normal = layerNorm(name + "norm1", lookAside.add(b, Site.ATTN, h, sum), vit.epsilon());
    sum = g.apply(name + "mlp.residual", new Ops.Add(), mlp(name, normal), normal);
    return layerNorm(name + "norm2", lookAside.add(b, Site.MLP, normal, sum), vit.epsilon());
  }

  private Value mlp(String block, Value x) {
    Value wide = linear(block + "mlp.fc1", x);
    wide = g.apply(block + "mlp.gelu", new Ops.Gelu(), wide);
    return linear(block + "mlp.fc2", wide);
  }

  /**
   * The first tokens of each window only. At least two: a product with one row would take another
   * path through ONNX Runtime than one with more, and give other last bits.
   */
  private Value keepSpecials(String name, Value tokens) {
    Value x =
        g.apply(
            name + ".tokens",
            new Ops.Reshape(Shape.perWindow(1, spec.tokens(), vit.width())),
            tokens);
    x = g.apply(name + ".slice", new Ops.Slice(1, 0, KEPT), x);
    return g.apply(name, new Ops.Reshape(Shape.perWindow(KEPT, vit.width())), x);
  }

  private static final int KEPT = 2;

  /** Attention of the tokens {@code from} to all tokens {@code to}. */
  private Value attention(String name, Value to, Value from, boolean show) {
    int width = vit.width();
    FloatTensor weight = backbone.tensor(name + "qkv.weight");
    FloatTensor bias = backbone.tensor(name + "qkv.bias");
    Value[] qkv = new Value[3];
    for (int i = 0; i < 3; i++) {
      String part = name + "qkv".charAt(i);
      Value w = g.weight(part + ".weight", weight.rows(i * width, (i + 1) * width));
      Value c = g.weight(part + ".bias", bias.rows(i * width, (i + 1) * width));
      qkv[i] = g.apply(part, new Ops.Gemm(true), i == 0 ? from : to, w, c);
    }
    return linear(name + "proj", mix(name, qkv, show));
  }

  private Value mix(String name, Value[] qkv, boolean show) {
    FloatTensor scale =
        FloatTensor.of(new int[] {1}, new float[] {(float) (1 / Math.sqrt(vit.headWidth()))});
    Value q = g.apply(name + "q.scaled", new Ops.Mul(), qkv[0], g.weight(name + "scale", scale));
    Value query = byHead(name + "q", q, 0, 2, 1, 3);
    Value key = byHead(name + "k", qkv[1], 0, 2, 3, 1);
    Value value = byHead(name + "v", qkv[2], 0, 2, 1, 3);
    Value scores = g.apply(name + "scores", new Ops.MatMul(), query, key);
    Value shares = g.apply(show ? ATTENTION : name + "softmax", new Ops.Softmax(), scores);
    if (show) {
      g.output(shares);
    }
    Value y = g.apply(name + "mixed.heads", new Ops.MatMul(), shares, value);
    y = g.apply(name + "mixed.tokens", new Ops.Transpose(0, 2, 1, 3), y);
    return g.apply(name + "mixed", new Ops.Reshape(q.shape()), y);
  }

  private Value byHead(String name, Value x, int... order) {
    Shape s = Shape.perWindow(1, x.shape().size(0), vit.heads(), vit.headWidth());
    Value heads = g.apply(name + ".split", new Ops.Reshape(s), x);
    return g.apply(name + ".heads", new Ops.Transpose(order), heads);
  }

  private Value linear(String name, Value x) {
    return g.apply(
        name,
        new Ops.Gemm(true),
        x,
        g.weight(name + ".weight", backbone.tensor(name + ".weight")),
        g.weight(name + ".bias", backbone.tensor(name + ".bias")));
  }

  private Value layerNorm(String name, Value x, float epsilon) {
    return g.apply(
        name + ".out",
        new Ops.LayerNorm(epsilon),
        x,
        g.weight(name + ".weight", backbone.tensor(name + ".weight")),
        g.weight(name + ".bias", backbone.tensor(name + ".bias")));
  }

  /** One product per window with the classes as rows, so its bits do not depend on the batch. */
  private void head(Value h) {
    AdapterShape a = spec.adapter();
    int width = vit.width();
    boolean bySpecials = a.head() == HeadKind.CLIP && vit.specials() > 0;
    Value pooled = bySpecials ? pooledSpecials(h) : pooledColumns(h);
    if (a.head() == HeadKind.CLIP && !bySpecials) {
      pooled = mean("head.columns", pooled, spec.columns());
    }
    Value normal =
        g.apply(
            EMBEDDING,
            new Ops.LayerNorm(ViTSpec.HEAD_EPSILON),
            pooled,
            g.input("head.norm.weight", Shape.fixed(width)),
            g.input("head.norm.bias", Shape.fixed(width)));
    Value upright = g.apply("head.upright", new Ops.Transpose(0, 2, 1), normal);
    Value fc = g.input("head.fc.weight", Shape.fixed(a.classes(), width));
    Value y = g.apply("head.product", new Ops.MatMul(), fc, upright);
    y = g.apply("head.rows", new Ops.Transpose(0, 2, 1), y);
    Value bias = g.input("head.fc.bias", Shape.fixed(a.classes()));
    if (a.head() == HeadKind.CLIP) {
      y = g.apply("head.row", new Ops.Reshape(Shape.perWindow(1, a.classes())), y);
    }
    g.output(g.apply(LOGITS, new Ops.Add(), y, bias));
  }

  private Value pooledSpecials(Value h) {
    int tokens = h.shape().size(0);
    Shape byToken = Shape.perWindow(1, tokens, vit.width());
    Value x = g.apply("head.tokens", new Ops.Reshape(byToken), h);
    return mean("head", x, vit.specials());
  }

  private Value pooledColumns(Value h) {
    int tokens = spec.tokens();
    Value x = g.apply("head.tokens", new Ops.Reshape(Shape.perWindow(1, tokens, vit.width())), h);
    if (vit.specials() > 0) {
      x = g.apply("head.patches", new Ops.Slice(1, vit.specials(), tokens), x);
    }
    Shape byRow = Shape.perWindow(1, spec.rows(), spec.columns() * vit.width());
    Value mean = mean("head", g.apply("head.grid", new Ops.Reshape(byRow), x), spec.rows());
    Shape byColumn = Shape.perWindow(1, spec.columns(), vit.width());
    return g.apply("head.pooled", new Ops.Reshape(byColumn), mean);
  }

  /**
   * Mean of the first {@code n} entries of axis 1, as {@code [B, 1, rest]}. Added up one by one:
   * ONNX Runtime's ReduceMean sums in another order for one window than for several.
   */
  private Value mean(String name, Value x, int n) {
    Value sum = g.apply(name + ".entry.0", new Ops.Slice(1, 0, 1), x);
    for (int i = 1; i < n; i++) {
      Value entry = g.apply(name + ".entry." + i, new Ops.Slice(1, i, i + 1), x);
      sum = g.apply(name + ".sum." + i, new Ops.Add(), sum, entry);
    }
    FloatTensor share = FloatTensor.of(new int[] {1}, new float[] {1f / n});
    return g.apply(name + ".mean", new Ops.Mul(), sum, g.weight(name + ".share", share));
  }
}
