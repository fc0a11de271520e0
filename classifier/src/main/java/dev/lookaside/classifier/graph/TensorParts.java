package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.PackedConvs;
import dev.lookaside.classifier.weights.Site;
import dev.lookaside.classifier.weights.ViTSpec;
import java.util.ArrayList;
import java.util.List;

/** The one place that knows how the files' tensors lie in the model's graph. */
public final class TensorParts {
  private static final String START = "stem.start";

  private final ModelSpec spec;
  private final int width;
  private final List<TensorPart> parts = new ArrayList<>();

  private TensorParts(ModelSpec spec) {
    this.spec = spec;
    this.width = spec.vit().width();
  }

  /** A backbone's tensor as the parts take it: the position table is on the model's grid. */
  public static float[] numbers(ModelSpec spec, Backbone backbone, String tensor) {
    return tensor.equals("pos_embed")
        ? PositionTable.onGrid(backbone, spec)
        : backbone.tensor(tensor).toArray();
  }

  /** The parts of every tensor that the model uses. */
  public static List<TensorPart> of(ModelSpec spec) {
    TensorParts all = new TensorParts(spec);
    ViTSpec vit = spec.vit();
    all.parts.addAll(stem(vit));
    all.parts.addAll(start(spec));
    for (int b = 0; b < vit.depth(); b++) {
      all.block("blocks." + b + ".");
      for (Site site : Site.values()) {
        all.adapter(b, site);
      }
    }
    all.norm("norm");
    all.norm("head.norm");
    all.linear("head.fc", spec.adapter().classes(), vit.width());
    return List.copyOf(all.parts);
  }

  /** What each token starts from: its position, with the special token or the stem's bias. */
  static List<TensorPart> start(ModelSpec spec) {
    int width = spec.vit().width();
    int specials = spec.vit().specials();
    int patches = spec.tokens() - specials;
    int[] bias = new int[patches * width];
    for (int i = 0; i < bias.length; i++) {
      bias[i] = i % width;
    }
    List<TensorPart> parts = new ArrayList<>();
    parts.add(new TensorPart.Run("pos_embed", START, 0, 0, spec.tokens() * width));
    if (specials > 0) {
      parts.add(new TensorPart.Run("cls_token", START, 0, 0, width));
    }
    if (specials == 2) {
      parts.add(new TensorPart.Run("dist_token", START, 0, width, width));
    }
    parts.add(new TensorPart.Picks("patch_embed.proj.bias", START, specials * width, bias));
    return parts;
  }

  /** The stem with time as the slow axis of a patch: then patches are copied in runs of 16. */
  static List<TensorPart> stem(ViTSpec vit) {
    int side = ViTSpec.PATCH;
    int[] sources = new int[vit.width() * side * side];
    for (int d = 0; d < vit.width(); d++) {
      for (int f = 0; f < side; f++) {
        for (int t = 0; t < side; t++) {
          sources[(d * side + t) * side + f] = (d * side + f) * side + t;
        }
      }
    }
    return List.of(new TensorPart.Picks("patch_embed.proj.weight", "stem.weight", 0, sources));
  }

  private void block(String name) {
    int hidden = spec.vit().mlpWidth();
    norm(name + "norm1");
    for (int i = 0; i < 3; i++) {
      String part = name + "attn." + "qkv".charAt(i);
      int matrix = width * width;
      parts.add(
          new TensorPart.Run(name + "attn.qkv.weight", part + ".weight", i * matrix, 0, matrix));
      parts.add(new TensorPart.Run(name + "attn.qkv.bias", part + ".bias", i * width, 0, width));
    }
    linear(name + "attn.proj", width, width);
    norm(name + "norm2");
    linear(name + "mlp.fc1", hidden, width);
    linear(name + "mlp.fc2", width, hidden);
  }

  private void adapter(int block, Site site) {
    AdapterShape shape = spec.adapter();
    if (shape.at(block, site).isEmpty()) {
      return;
    }
    Bottleneck k = shape.at(block, site).get();
    int taps = k.kernel().taps();
    String down = Adapter.convName(block, site, "down");
    String up = Adapter.convName(block, site, "up");
    parts.add(new TensorPart.Picks(down, down, 0, PackedConvs.downSources(width, taps, k.rank())));
    parts.add(new TensorPart.Picks(up, up, 0, PackedConvs.upSources(width, taps, k.rank())));
  }

  private void norm(String name) {
    whole(name + ".weight", width);
    whole(name + ".bias", width);
  }

  private void linear(String name, int out, int in) {
    whole(name + ".weight", out * in);
    whole(name + ".bias", out);
  }

  private void whole(String name, int size) {
    parts.add(new TensorPart.Run(name, name, 0, 0, size));
  }
}
