package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.Site;
import java.util.Arrays;

/**
 * The look-aside adapter (LoAA, arXiv 2412.05951): {@code f(x U_down) U_up} with convolutions over
 * the patch grid, zero padding, no biases. As matrix products: every tap's product is computed at
 * the token it reads from, at the narrow width, and the grid shift is a gather of narrow rows. The
 * special tokens see the centre tap only.
 */
final class LookAside {
  private final GraphBuilder g;
  private final ModelSpec spec;

  LookAside(GraphBuilder g, ModelSpec spec) {
    this.g = g;
    this.spec = spec;
  }

  /**
   * Adds the adapter at a site to {@code sum}, if there is one.
   *
   * @param x normalised tokens {@code [B * N, width]}
   * @param sum same shape as {@code x}
   */
  Value add(int block, Site site, Value x, Value sum) {
    AdapterShape shape = spec.adapter();
    Bottleneck k = shape.at(block, site).orElse(null);
    if (k == null) {
      return sum;
    }
    int taps = k.kernel().taps();
    Value down = input(block, site, "down", Shape.fixed(shape.width(), taps * k.rank()));
    Value up = input(block, site, "up", Shape.fixed(taps * k.rank(), shape.width()));
    String name = "blocks.%d.%s.loaa.".formatted(block, site.word());
    return x.shape().size(0) == spec.tokens()
        ? onGrid(name, k, x, sum, down, up)
        : onSpecials(name, k, x, sum, down, up);
  }

  private Value input(int block, Site site, String part, Shape shape) {
    return g.input(Adapter.convName(block, site, part), shape);
  }

  private Value onGrid(String name, Bottleneck k, Value x, Value sum, Value down, Value up) {
    int n = spec.tokens();
    int rank = k.rank();
    int taps = k.kernel().taps();
    Value narrow = g.apply(name + "narrow", new Ops.Gemm(false), x, down);
    if (taps > 1) {
      Value rows =
          g.apply(
              name + "narrow.rows", new Ops.Reshape(Shape.perWindow(1, n * taps, rank)), narrow);
      Value edge = g.apply(name + "narrow.edge", new Ops.Pad(1, 0, 1), rows);
      Value shifted =
          g.apply(
              name + "narrow.shifted",
              new Ops.Gather(1, new int[] {n, taps}, sources(k.kernel(), taps)),
              edge);
      narrow = g.apply(name + "narrow.sum", new Ops.ReduceSum(2), shifted);
    }
    Value hidden = g.apply(name + "hidden", new Ops.Gelu(), narrow);
    if (taps > 1) {
      Value edge = g.apply(name + "hidden.edge", new Ops.Pad(1, 0, 1), hidden);
      Value shifted =
          g.apply(
              name + "hidden.shifted",
              new Ops.Gather(1, new int[] {n, taps}, sources(k.kernel(), 1)),
              edge);
      hidden =
          g.apply(name + "hidden.rows", new Ops.Reshape(Shape.perWindow(n, taps * rank)), shifted);
    }
    return g.apply(name + "sum", new Ops.Gemm(false), hidden, up, sum);
  }

  /** Tokens without neighbours: only the centre tap meets anything but zeros. */
  private Value onSpecials(String name, Bottleneck k, Value x, Value sum, Value down, Value up) {
    int rank = k.rank();
    int taps = k.kernel().taps();
    if (taps > 1) {
      int from = taps / 2 * rank;
      down = g.apply(name + "down.centre", new Ops.Slice(1, from, from + rank), down);
      up = g.apply(name + "up.centre", new Ops.Slice(0, from, from + rank), up);
    }
    Value narrow = g.apply(name + "narrow", new Ops.Gemm(false), x, down);
    Value hidden = g.apply(name + "hidden", new Ops.Gelu(), narrow);
    return g.apply(name + "sum", new Ops.Gemm(false), hidden, up, sum);
  }

  /**
   * For each token and tap, the row that the tap reads. Rows are tokens, or with {@code perToken}
   * taps each, token and tap; the row after the last is zeros.
   */
  private int[] sources(Kernel kernel, int perToken) {
    int specials = spec.vit().specials();
    int rows = spec.rows();
    int columns = spec.columns();
    int taps = kernel.taps();
    int n = spec.tokens();
    int[] from = new int[n * taps];
    Arrays.fill(from, n * perToken);
    for (int tap = 0; tap < taps; tap++) {
      int df = tap / kernel.time() - kernel.freq() / 2;
      int dt = tap % kernel.time() - kernel.time() / 2;
      int column = perToken == 1 ? 0 : tap;
      for (int s = 0; s < specials && df == 0 && dt == 0; s++) {
        from[s * taps + tap] = s * perToken + column;
      }
      for (int f = Math.max(0, -df); f < Math.min(rows, rows - df); f++) {
        for (int t = Math.max(0, -dt); t < Math.min(columns, columns - dt); t++) {
          int token = specials + f * columns + t;
          int source = specials + (f + df) * columns + t + dt;
          from[token * taps + tap] = source * perToken + column;
        }
      }
    }
    return from;
  }
}
