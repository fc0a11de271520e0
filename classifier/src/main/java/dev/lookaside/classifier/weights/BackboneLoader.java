package dev.lookaside.classifier.weights;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Brings a backbone file of any {@link Layout} under the model's own names and shapes. */
final class BackboneLoader {
  private static final int STEM = ViTSpec.PATCH * ViTSpec.PATCH;

  private final WeightFile file;
  private final String source;
  private final BackboneConfig config;
  private final Layout layout;
  private final String prefix;
  private final TreeMap<String, FloatTensor> tensors = new TreeMap<>();

  BackboneLoader(WeightFile file, BackboneConfig config) {
    this.file = file;
    this.source = file.source();
    this.config = config;
    Layout.Found found = Layout.of(source, file.names());
    this.layout = found.layout();
    this.prefix = found.prefix();
  }

  Backbone load(String digest) {
    if (layout == Layout.MAE_AST) {
      return maeAst(digest);
    }
    int width = width();
    int specials = 0;
    for (String token : new String[] {"cls_token", "dist_token"}) {
      if (file.has(name(token))) {
        putFlat(token, width);
        specials++;
      }
    }
    int positions = putPositions(width, specials);
    boolean singleChannel = putStem(width);
    int[] grid = grid(positions, singleChannel);
    ViTSpec spec = spec(width, specials, grid, config.normAfter(), config.positionsFromStart());
    long parameters = parameters();
    return new Backbone(
        digest, layout, spec, parameters, parameters - used(width, singleChannel), tensors);
  }

  /** Reads the blocks and the last norm, which all layouts have. */
  private ViTSpec spec(
      int width, int specials, int[] grid, boolean normAfter, boolean positionsFromStart) {
    int depth = depth();
    int mlpWidth = mlpWidth(width);
    for (int b = 0; b < depth; b++) {
      putBlock("blocks." + b + ".", width, mlpWidth);
    }
    put("norm.weight", width);
    put("norm.bias", width);
    tensors.forEach(this::checkFinite);
    Float epsilon = config.epsilon();
    return new ViTSpec(
        width,
        depth,
        heads(width),
        mlpWidth,
        specials,
        grid[0],
        grid[1],
        epsilon == null ? layout.epsilon() : epsilon,
        normAfter,
        positionsFromStart);
  }

  /** Of the cls token; of a model without one, of its positions. */
  private int width() {
    String cls = name("cls_token");
    if (!file.has(cls)) {
      if (file.has(name("dist_token"))) {
        throw WeightsException.tensor(source, cls, "found no such tensor, but a dist_token");
      }
      String positions = name("pos_embed");
      int[] found = file.shape(positions);
      if (found == null || found.length != 3 || found[2] < 1) {
        throw WeightsException.tensor(
            source,
            positions,
            "expected shape [1, patches, width], found %s"
                .formatted(found == null ? "no such tensor" : Arrays.toString(found)));
      }
      return found[2];
    }
    int[] shape = file.shape(cls);
    if (shape == null || shape.length != 3 || shape[0] != 1 || shape[1] != 1) {
      throw WeightsException.tensor(
          source, cls, "expected shape [1, 1, width], found " + Arrays.toString(shape));
    }
    return shape[2];
  }

  private static final int MAE_AST_ROWS = 8;

  /** 20 s; more than that is stretched, as with a table that was learnt. */
  private static final int MAE_AST_COLUMNS = 128;

  /**
   * MAE-AST's encoder (Baade et al., arXiv 2203.16691): no special token, a norm before the first
   * block and after each sum, sines and cosines for positions. Its patches follow each other column
   * by column, eight of a column, and their pixels frame by frame; ours follow each other row by
   * row. Which of its two models it is the file does not say: the one for frames has as many
   * values.
   */
  private Backbone maeAst(String digest) {
    String projection = prefix + "post_extract_proj.weight";
    int[] shape = file.shape(projection);
    if (shape == null || shape.length != 2 || shape[1] != STEM) {
      throw WeightsException.tensor(
          source, projection, "expected shape [width, 256], found " + Arrays.toString(shape));
    }
    int width = shape[0];
    float[] from = file.floats(projection, width, STEM).toArray();
    float[] stem = new float[width * STEM];
    int side = ViTSpec.PATCH;
    for (int d = 0; d < width; d++) {
      for (int f = 0; f < side; f++) {
        for (int t = 0; t < side; t++) {
          stem[d * STEM + f * side + t] = from[d * STEM + t * side + f];
        }
      }
    }
    tensors.put("patch_embed.proj.weight", FloatTensor.of(new int[] {width, STEM}, stem));
    tensors.put("patch_embed.proj.bias", file.floats(prefix + "post_extract_proj.bias", width));
    int[] grid = {MAE_AST_ROWS, MAE_AST_COLUMNS};
    ViTSpec spec = spec(width, 0, grid, true, true);
    long parameters = parameters();
    long unused = parameters - used(width, true);
    int patches = MAE_AST_ROWS * MAE_AST_COLUMNS;
    tensors.put("pos_embed", FloatTensor.of(new int[] {patches, width}, sines(width)));
    return new Backbone(digest, layout, spec, parameters, unused, tensors);
  }

  /** By row and column; the angle grows with the place in the sequence of columns. */
  private static float[] sines(int width) {
    float[] table = new float[MAE_AST_ROWS * MAE_AST_COLUMNS * width];
    for (int f = 0; f < MAE_AST_ROWS; f++) {
      for (int t = 0; t < MAE_AST_COLUMNS; t++) {
        int at = (f * MAE_AST_COLUMNS + t) * width;
        for (int i = 0; i < width; i += 2) {
          double angle = (t * MAE_AST_ROWS + f) * Math.exp(-i * Math.log(10_000) / width);
          table[at + i] = (float) Math.sin(angle);
          if (i + 1 < width) {
            table[at + i + 1] = (float) Math.cos(angle);
          }
        }
      }
    }
    return table;
  }

  /** One value that is no number makes every posterior none. */
  private void checkFinite(String own, FloatTensor tensor) {
    FloatBuffer data = tensor.buffer();
    for (int i = 0; i < data.capacity(); i++) {
      if (!Float.isFinite(data.get(i))) {
        throw WeightsException.tensor(
            WeightsException.Fault.VALUE,
            source,
            name(own),
            "value %d is %s: must be finite".formatted(i, data.get(i)));
      }
    }
  }

  private String name(String own) {
    return prefix + layout.fileName(own);
  }

  private void put(String own, int... shape) {
    tensors.put(own, file.floats(name(own), shape));
  }

  /** A {@code [1, 1, width]} token as {@code [width]}. */
  private void putFlat(String own, int width) {
    FloatTensor token = file.floats(name(own), 1, 1, width);
    tensors.put(own, FloatTensor.of(new int[] {width}, token.toArray()));
  }

  private int putPositions(int width, int specials) {
    String name = name("pos_embed");
    int[] found = file.shape(name);
    if (found == null || found.length != 3 || found[0] != 1 || found[1] <= specials) {
      throw WeightsException.tensor(
          source,
          name,
          "expected shape [1, %d + patches, %d], found %s"
              .formatted(
                  specials, width, found == null ? "no such tensor" : Arrays.toString(found)));
    }
    FloatTensor table = file.floats(name, 1, found[1], width);
    tensors.put("pos_embed", FloatTensor.of(new int[] {found[1], width}, table.toArray()));
    return found[1] - specials;
  }

  /** The stem as one channel: colours of a grey picture are equal, so their weights add up. */
  private boolean putStem(int width) {
    String name = name("patch_embed.proj.weight");
    int[] found = file.shape(name);
    int channels = found != null && found.length == 4 && found[1] == 1 ? 1 : 3;
    float[] from = file.floats(name, width, channels, ViTSpec.PATCH, ViTSpec.PATCH).toArray();
    float[] sum = new float[width * STEM];
    for (int d = 0; d < width; d++) {
      for (int i = 0; i < STEM; i++) {
        float s = 0;
        for (int c = 0; c < channels; c++) {
          s += from[(d * channels + c) * STEM + i];
        }
        sum[d * STEM + i] = s;
      }
    }
    tensors.put("patch_embed.proj.weight", FloatTensor.of(new int[] {width, STEM}, sum));
    put("patch_embed.proj.bias", width);
    return channels == 1;
  }

  private int depth() {
    String start = prefix + layout.blockPrefix();
    int depth = 0;
    for (String n : file.names()) {
      if (n.startsWith(start)) {
        String rest = n.substring(start.length());
        int dot = rest.indexOf('.');
        if (dot > 0 && dot < 5 && rest.substring(0, dot).chars().allMatch(Character::isDigit)) {
          depth = Math.max(depth, Integer.parseInt(rest.substring(0, dot)) + 1);
        }
      }
    }
    if (depth == 0) {
      throw WeightsException.tensor(source, start + "0...", "found no such tensor: no blocks");
    }
    return depth;
  }

  private int mlpWidth(int width) {
    String name = name("blocks.0.mlp.fc1.weight");
    int[] found = file.shape(name);
    if (found == null || found.length != 2 || found[0] < 1) {
      throw WeightsException.tensor(
          source,
          name,
          "expected shape [mlp width, %d], found %s"
              .formatted(width, found == null ? "no such tensor" : Arrays.toString(found)));
    }
    return found[0];
  }

  private void putBlock(String b, int width, int mlpWidth) {
    put(b + "norm1.weight", width);
    put(b + "norm1.bias", width);
    if (layout.hasSplitQkv()) {
      putJoined(b + "attn.qkv.weight", width, width, width);
      putJoined(b + "attn.qkv.bias", width, width);
    } else {
      put(b + "attn.qkv.weight", 3 * width, width);
      put(b + "attn.qkv.bias", 3 * width);
    }
    put(b + "attn.proj.weight", width, width);
    put(b + "attn.proj.bias", width);
    put(b + "norm2.weight", width);
    put(b + "norm2.bias", width);
    put(b + "mlp.fc1.weight", mlpWidth, width);
    put(b + "mlp.fc1.bias", mlpWidth);
    put(b + "mlp.fc2.weight", width, mlpWidth);
    put(b + "mlp.fc2.bias", width);
  }

  /** Joins query, key and value along the first axis. */
  private void putJoined(String own, int each, int... partShape) {
    FloatBuffer joined = null;
    String[] names = layout.splitQkv(own);
    for (int i = 0; i < names.length; i++) {
      FloatTensor part = file.floats(prefix + names[i], partShape);
      if (joined == null) {
        joined = FloatTensor.allocate(names.length * part.size());
      }
      joined.put(i * part.size(), part.buffer(), 0, part.size());
    }
    int[] shape = partShape.clone();
    shape[0] = names.length * each;
    if (joined != null) {
      tensors.put(own, FloatTensor.wrap(shape, joined));
    }
  }

  private int heads(int width) {
    Integer heads = config.heads();
    if (heads == null && width % 64 != 0) {
      throw new WeightsException(
          "%s: width \"%d\": is no multiple of 64, so metadata heads must give the number of heads"
              .formatted(source, width));
    }
    int n = heads == null ? width / 64 : heads;
    if (width % n != 0) {
      throw new WeightsException(
          "%s: heads \"%d\": must divide the width %d".formatted(source, n, width));
    }
    return n;
  }

  /**
   * Rows and columns of the position table. Pictures are square; spectrograms (a stem of one
   * channel) of 128 mels have 12 rows at stride 10 and 8 at stride 16. SSAST files say how large
   * its input was; nothing else tells 8 x 48 patches from 12 x 32.
   */
  private int[] grid(int positions, boolean singleChannel) {
    Integer rows = config.gridRows();
    Integer columns = config.gridColumns();
    if (rows != null && columns != null) {
      if ((long) rows * columns != positions) {
        throw WeightsException.tensor(
            source,
            name("pos_embed"),
            "expected %d x %d = %d positions, found %d"
                .formatted(rows, columns, (long) rows * columns, positions));
      }
      return new int[] {rows, columns};
    }
    int side = (int) Math.round(Math.sqrt(positions));
    boolean square = side * side == positions;
    boolean spectrogram = singleChannel && (layout != Layout.TIMM || !square);
    if (spectrogram) {
      boolean twelve = positions % 12 == 0;
      boolean eight = positions % 8 == 0;
      int[] input = twelve && eight ? gridOfInput(positions) : null;
      if (input != null) {
        return input;
      }
      if (twelve && eight) {
        throw WeightsException.tensor(
            source,
            name("pos_embed"),
            "%d positions may be 8 x %d or 12 x %d: metadata grid must be ROWSxCOLUMNS"
                .formatted(positions, positions / 8, positions / 12));
      }
      if (twelve || eight) {
        int rowsFound = twelve ? 12 : 8;
        return new int[] {rowsFound, positions / rowsFound};
      }
    }
    if (square) {
      return new int[] {side, side};
    }
    throw WeightsException.tensor(
        source,
        name("pos_embed"),
        "%d positions are neither a square nor 8 or 12 rows: metadata grid must be ROWSxCOLUMNS"
            .formatted(positions));
  }

  /** The grid of the input that SSAST's own numbers tell of, at the stride at which it fits. */
  private int @Nullable [] gridOfInput(int positions) {
    String outer = prefix.endsWith("v.") ? prefix.substring(0, prefix.length() - 2) : prefix;
    Integer mels = file.whole(outer + "p_input_fdim");
    Integer frames = file.whole(outer + "p_input_tdim");
    if (mels == null || frames == null) {
      return null;
    }
    for (int stride : new int[] {ViTSpec.PATCH, 10}) {
      int rows = (mels - ViTSpec.PATCH) / stride + 1;
      int columns = (frames - ViTSpec.PATCH) / stride + 1;
      if (rows > 0 && columns > 0 && (long) rows * columns == positions) {
        return new int[] {rows, columns};
      }
    }
    return null;
  }

  /** Values of the file that the tensors in use are made of. */
  private long used(int width, boolean singleChannel) {
    long n = singleChannel ? 0 : 2L * width * STEM;
    for (FloatTensor tensor : tensors.values()) {
      n += tensor.size();
    }
    return n;
  }

  private long parameters() {
    long n = 0;
    for (String name : file.names()) {
      int[] shape = file.shape(name);
      boolean sines = layout == Layout.MAE_AST && name.endsWith("_pos_embed.pe");
      n += shape == null || sines ? 0 : FloatTensor.elements(shape);
    }
    return n;
  }
}
