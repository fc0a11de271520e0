package dev.lookaside.classifier.weights;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Writes a backbone of random weights with timm's names: for measuring and for tests. */
public final class RandomBackbone {
  /** A known architecture of distilled DeiT, or the demo's own. */
  public enum Like {
    DEIT_TINY("deit-tiny", 192, 12, 3, 14, 14, 3, 1000),
    DEIT_SMALL("deit-small", 384, 12, 6, 14, 14, 3, 1000),
    DEIT_BASE("deit-base", 768, 12, 12, 14, 14, 3, 1000),
    DEIT_BASE_384("deit-base-384", 768, 12, 12, 24, 24, 3, 1000),
    DEMO("demo", 192, 6, 3, 8, 8, 1, 0);

    private final String word;
    private final int width;
    private final int depth;
    private final int heads;
    private final int gridRows;
    private final int gridColumns;
    private final int channels;
    private final int classes;

    Like(
        String word,
        int width,
        int depth,
        int heads,
        int gridRows,
        int gridColumns,
        int channels,
        int classes) {
      this.word = word;
      this.width = width;
      this.depth = depth;
      this.heads = heads;
      this.gridRows = gridRows;
      this.gridColumns = gridColumns;
      this.channels = channels;
      this.classes = classes;
    }

    /** The word of the command line, {@code deit-base}. */
    public String word() {
      return word;
    }

    /**
     * The architecture of a word.
     *
     * @throws IllegalArgumentException naming the known ones
     */
    public static Like of(String word) {
      for (Like like : values()) {
        if (like.word.equals(word)) {
          return like;
        }
      }
      throw new IllegalArgumentException(
          "like \"%s\": must be deit-tiny, deit-small, deit-base, deit-base-384 or demo"
              .formatted(word));
    }

    /** Its sizes. */
    public ViTSpec spec() {
      return new ViTSpec(width, depth, heads, 4 * width, 2, gridRows, gridColumns, 1e-6f);
    }
  }

  private RandomBackbone() {}

  /**
   * Writes the file.
   *
   * @param heads whether to add DeiT's two 1000-way heads, which Lookaside does not use
   */
  public static void write(Path file, Like like, long seed, boolean heads) {
    SafetensorsWriter.write(
        file,
        tensors(like.spec(), like.channels, heads ? like.classes : 0, seed),
        Map.of("heads", Integer.toString(like.heads), "name", "random " + like.word));
  }

  /**
   * Tensors of any sizes, timm's names and shapes.
   *
   * @param channels of the stem, 1 or 3
   * @param classes of DeiT's unused heads; 0 for none
   */
  public static Map<String, FloatTensor> tensors(
      ViTSpec spec, int channels, int classes, long seed) {
    RandomWeights random = new RandomWeights(seed);
    int d = spec.width();
    Map<String, FloatTensor> t = new TreeMap<>();
    if (spec.specials() > 0) {
      t.put("cls_token", random.truncatedNormal(0.02, 1, 1, d));
    }
    if (spec.specials() == 2) {
      t.put("dist_token", random.truncatedNormal(0.02, 1, 1, d));
    }
    int positions = spec.specials() + spec.gridRows() * spec.gridColumns();
    t.put("pos_embed", random.truncatedNormal(0.02, 1, positions, d));
    int side = ViTSpec.PATCH;
    t.put("patch_embed.proj.weight", random.truncatedNormal(0.02, d, channels, side, side));
    t.put("patch_embed.proj.bias", random.truncatedNormal(0.02, d));
    for (int b = 0; b < spec.depth(); b++) {
      String block = "blocks." + b + ".";
      norm(t, random, block + "norm1", d);
      linear(t, random, block + "attn.qkv", 3 * d, d);
      linear(t, random, block + "attn.proj", d, d);
      norm(t, random, block + "norm2", d);
      linear(t, random, block + "mlp.fc1", spec.mlpWidth(), d);
      linear(t, random, block + "mlp.fc2", d, spec.mlpWidth());
    }
    norm(t, random, "norm", d);
    if (classes > 0) {
      linear(t, random, "head", classes, d);
      if (spec.specials() == 2) {
        linear(t, random, "head_dist", classes, d);
      }
    }
    return t;
  }

  private static void linear(
      Map<String, FloatTensor> t, RandomWeights random, String name, int out, int in) {
    t.put(name + ".weight", random.truncatedNormal(Math.sqrt(1.0 / in), out, in));
    t.put(name + ".bias", random.truncatedNormal(0.02, out));
  }

  private static void norm(Map<String, FloatTensor> t, RandomWeights random, String name, int d) {
    float[] scale = random.truncatedNormal(0.1, d).toArray();
    for (int i = 0; i < d; i++) {
      scale[i] += 1;
    }
    t.put(name + ".weight", FloatTensor.of(new int[] {d}, scale));
    t.put(name + ".bias", random.truncatedNormal(0.02, d));
  }
}
