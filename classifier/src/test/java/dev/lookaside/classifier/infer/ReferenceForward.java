package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Site;
import dev.lookaside.classifier.weights.ViTSpec;

/**
 * The model once more, slow and obvious: double precision, one token at a time, convolutions as
 * loops over the grid. Shares nothing with the graph but the weights.
 */
final class ReferenceForward {
  private final Backbone backbone;
  private final Adapter adapter;
  private final ViTSpec vit;
  private final int stride;
  private final int rows;
  private final int columns;
  private final int width;

  ReferenceForward(Backbone backbone, Adapter adapter) {
    this.backbone = backbone;
    this.adapter = adapter;
    this.vit = backbone.spec();
    this.stride = adapter.shape().stride();
    this.rows = (adapter.shape().mels() - 16) / stride + 1;
    this.columns = (adapter.windowFrames() - 16) / stride + 1;
    this.width = vit.width();
  }

  /** Logits of one window, {@code [columns][classes]}. */
  float[] logits(float[] x) {
    double[][] h = embed(x);
    boolean after = vit.normAfter();
    h = after ? norm(h, "norm", vit.epsilon()) : h;
    for (int b = 0; b < vit.depth(); b++) {
      String name = "blocks." + b + ".";
      if (after) {
        double[][] first = sum(h, attention(h, name + "attn."), lookAside(h, b, Site.ATTN));
        first = norm(first, name + "norm1", vit.epsilon());
        h = sum(first, mlp(first, name), lookAside(first, b, Site.MLP));
        h = norm(h, name + "norm2", vit.epsilon());
        continue;
      }
      double[][] n = norm(h, name + "norm1", vit.epsilon());
      h = sum(h, attention(n, name + "attn."), lookAside(n, b, Site.ATTN));
      n = norm(h, name + "norm2", vit.epsilon());
      h = sum(h, mlp(n, name), lookAside(n, b, Site.MLP));
    }
    return head(after ? h : norm(h, "norm", vit.epsilon()));
  }

  private double[][] mlp(double[][] x, String block) {
    double[][] wide = linear(x, block + "mlp.fc1");
    for (double[] token : wide) {
      for (int i = 0; i < token.length; i++) {
        token[i] = gelu(token[i]);
      }
    }
    return linear(wide, block + "mlp.fc2");
  }

  private double[][] embed(float[] x) {
    float[] stem = w("patch_embed.proj.weight");
    float[] bias = w("patch_embed.proj.bias");
    int s = vit.specials();
    double[][] h = new double[s + rows * columns][width];
    for (int d = 0; d < width; d++) {
      for (int i = 0; i < s; i++) {
        float[] token = w(i == 0 ? "cls_token" : "dist_token");
        h[i][d] = (double) token[d] + w("pos_embed")[i * width + d];
      }
    }
    for (int f = 0; f < rows; f++) {
      for (int t = 0; t < columns; t++) {
        for (int d = 0; d < width; d++) {
          double v = bias[d] + position(f, t, d);
          for (int i = 0; i < 16; i++) {
            for (int j = 0; j < 16; j++) {
              double pixel = x[(t * stride + j) * adapter.shape().mels() + f * stride + i];
              v += stem[(d * 16 + i) * 16 + j] * pixel;
            }
          }
          h[s + f * columns + t][d] = v;
        }
      }
    }
    return h;
  }

  /**
   * The position table at a cell: AST's rule, time first; cut when smaller, stretched if larger.
   */
  private double position(int f, int t, int d) {
    double[] byRow = new double[vit.gridRows()];
    for (int r = 0; r < byRow.length; r++) {
      double[] line = new double[vit.gridColumns()];
      for (int c = 0; c < line.length; c++) {
        line[c] = w("pos_embed")[(vit.specials() + r * line.length + c) * width + d];
      }
      boolean first = vit.positionsFromStart() && columns <= line.length;
      byRow[r] = first ? line[t] : sample(line, t, columns);
    }
    return sample(byRow, f, rows);
  }

  private static double sample(double[] line, int at, int length) {
    if (length <= line.length) {
      return line[line.length / 2 - length / 2 + at];
    }
    double source = Math.max(0, (at + 0.5) * line.length / length - 0.5);
    int left = (int) source;
    int right = Math.min(left + 1, line.length - 1);
    return line[left] * (1 - (source - left)) + line[right] * (source - left);
  }

  private double[][] attention(double[][] x, String name) {
    double[][] qkv = linear(x, name + "qkv");
    int n = x.length;
    int hw = vit.headWidth();
    double[][] mixed = new double[n][width];
    for (int head = 0; head < vit.heads(); head++) {
      for (int i = 0; i < n; i++) {
        double[] share = new double[n];
        double total = 0;
        for (int j = 0; j < n; j++) {
          double dot = 0;
          for (int c = head * hw; c < (head + 1) * hw; c++) {
            dot += qkv[i][c] * qkv[j][width + c];
          }
          share[j] = Math.exp(dot / Math.sqrt(hw));
          total += share[j];
        }
        for (int j = 0; j < n; j++) {
          for (int c = head * hw; c < (head + 1) * hw; c++) {
            mixed[i][c] += share[j] / total * qkv[j][2 * width + c];
          }
        }
      }
    }
    return linear(mixed, name + "proj");
  }

  private double[][] lookAside(double[][] x, int block, Site site) {
    double[][] none = new double[x.length][width];
    if (adapter.shape().at(block, site).isEmpty()) {
      return none;
    }
    double[][] hidden = convolve(x, adapter.tensor(Adapter.convName(block, site, "down")));
    for (double[] token : hidden) {
      for (int i = 0; i < token.length; i++) {
        token[i] = gelu(token[i]);
      }
    }
    return convolve(hidden, adapter.tensor(Adapter.convName(block, site, "up")));
  }

  /** Conv2d over the patch grid, zeros around it; special tokens meet the centre tap only. */
  private double[][] convolve(double[][] x, FloatTensor conv) {
    int[] s = conv.shape();
    float[] weight = conv.toArray();
    double[][] y = new double[x.length][s[0]];
    for (int token = 0; token < x.length; token++) {
      for (int i = 0; i < s[2]; i++) {
        for (int j = 0; j < s[3]; j++) {
          int source = neighbour(token, i - s[2] / 2, j - s[3] / 2);
          for (int out = 0; source >= 0 && out < s[0]; out++) {
            for (int in = 0; in < s[1]; in++) {
              y[token][out] += weight[((out * s[1] + in) * s[2] + i) * s[3] + j] * x[source][in];
            }
          }
        }
      }
    }
    return y;
  }

  private int neighbour(int token, int df, int dt) {
    int s = vit.specials();
    if (token < s) {
      return df == 0 && dt == 0 ? token : -1;
    }
    int f = (token - s) / columns + df;
    int t = (token - s) % columns + dt;
    return f < 0 || f >= rows || t < 0 || t >= columns ? -1 : s + f * columns + t;
  }

  private float[] head(double[][] h) {
    int s = vit.specials();
    boolean clip = adapter.head() == HeadKind.CLIP;
    int outs = clip ? 1 : columns;
    int classes = adapter.labels().size();
    float[] logits = new float[outs * classes];
    for (int o = 0; o < outs; o++) {
      double[][] pooled = new double[1][width];
      int members = !clip ? rows : s > 0 ? s : h.length;
      for (int m = 0; m < members; m++) {
        double[] token = clip ? h[m] : h[s + m * columns + o];
        for (int d = 0; d < width; d++) {
          pooled[0][d] += token[d] / members;
        }
      }
      double[] n =
          norm(
              pooled,
              adapter.tensor("head.norm.weight").toArray(),
              adapter.tensor("head.norm.bias").toArray(),
              1e-5)[0];
      for (int c = 0; c < classes; c++) {
        double v = adapter.tensor("head.fc.bias").toArray()[c];
        for (int d = 0; d < width; d++) {
          v += n[d] * adapter.tensor("head.fc.weight").buffer().get(c * width + d);
        }
        logits[o * classes + c] = (float) v;
      }
    }
    return logits;
  }

  private double[][] linear(double[][] x, String name) {
    float[] weight = w(name + ".weight");
    float[] bias = w(name + ".bias");
    double[][] y = new double[x.length][bias.length];
    for (int n = 0; n < x.length; n++) {
      for (int o = 0; o < bias.length; o++) {
        double v = bias[o];
        for (int i = 0; i < x[n].length; i++) {
          v += weight[o * x[n].length + i] * x[n][i];
        }
        y[n][o] = v;
      }
    }
    return y;
  }

  private double[][] norm(double[][] x, String name, double epsilon) {
    return norm(x, w(name + ".weight"), w(name + ".bias"), epsilon);
  }

  private static double[][] norm(double[][] x, float[] scale, float[] shift, double epsilon) {
    double[][] y = new double[x.length][scale.length];
    for (int n = 0; n < x.length; n++) {
      double mean = 0;
      double square = 0;
      for (double v : x[n]) {
        mean += v / scale.length;
      }
      for (double v : x[n]) {
        square += (v - mean) * (v - mean) / scale.length;
      }
      for (int d = 0; d < scale.length; d++) {
        y[n][d] = (x[n][d] - mean) / Math.sqrt(square + epsilon) * scale[d] + shift[d];
      }
    }
    return y;
  }

  private static double[][] sum(double[][] a, double[][] b, double[][] c) {
    double[][] y = new double[a.length][a[0].length];
    for (int n = 0; n < a.length; n++) {
      for (int d = 0; d < a[n].length; d++) {
        y[n][d] = a[n][d] + b[n][d] + c[n][d];
      }
    }
    return y;
  }

  private static double gelu(double x) {
    return 0.5 * x * (1 + erf(x / Math.sqrt(2)));
  }

  /** Taylor series, or the continued fraction of erfc where that converges faster. */
  private static double erf(double x) {
    double a = Math.abs(x);
    if (a > 6) {
      return Math.signum(x);
    }
    double y;
    if (a < 2.5) {
      double term = a;
      y = a;
      for (int n = 1; n < 80; n++) {
        term *= -a * a / n;
        y += term / (2 * n + 1);
      }
      y *= 2 / Math.sqrt(Math.PI);
    } else {
      double f = 0;
      for (int k = 60; k > 0; k--) {
        f = k / 2.0 / (a + f);
      }
      y = 1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f);
    }
    return Math.copySign(y, x);
  }

  private float[] w(String name) {
    return cache.computeIfAbsent(name, n -> backbone.tensor(n).toArray());
  }

  private final java.util.Map<String, float[]> cache = new java.util.HashMap<>();
}
