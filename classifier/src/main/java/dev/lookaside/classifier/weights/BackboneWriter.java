package dev.lookaside.classifier.weights;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Writes backbones that were changed, with timm's names and shapes and a stem of one channel. */
public final class BackboneWriter {
  private BackboneWriter() {}

  /**
   * Writes a file that loads as {@code backbone} with other values. Heads that the model does not
   * use are left out.
   *
   * @param values row-major, by {@link Backbone}'s names; what is missing is {@code backbone}'s
   * @param gridRows of the position table written, with {@code gridColumns}
   * @throws WeightsException if the file cannot be written
   */
  public static void write(
      Path file, Backbone backbone, Map<String, float[]> values, int gridRows, int gridColumns) {
    int depth = backbone.spec().depth();
    write(file, backbone, values, depth, new int[] {gridRows, gridColumns}, FloatType.F32);
  }

  /**
   * Writes the first blocks of a backbone, with its values in another type.
   *
   * @param blocks 1 to its depth
   * @throws WeightsException if the file cannot be written, or a value does not fit the type
   */
  public static void convert(Path file, Backbone backbone, int blocks, FloatType type) {
    ViTSpec spec = backbone.spec();
    int[] grid = {spec.gridRows(), spec.gridColumns()};
    write(file, backbone, Map.of(), blocks, grid, type);
  }

  private static void write(
      Path file,
      Backbone backbone,
      Map<String, float[]> values,
      int blocks,
      int[] grid,
      FloatType type) {
    Map<String, FloatTensor> tensors = new TreeMap<>();
    backbone
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (block(name) < blocks) {
                float[] changed = values.get(name);
                float[] written = changed == null ? tensor.toArray() : changed;
                tensors.put(name, FloatTensor.of(shape(name, tensor, written.length), written));
              }
            });
    ViTSpec spec = backbone.spec();
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("heads", Integer.toString(spec.heads()));
    metadata.put("grid", grid[0] + "x" + grid[1]);
    if (spec.normAfter()) {
      metadata.put(BackboneConfig.NORM, BackboneConfig.NORM_AFTER);
    }
    if (spec.positionsFromStart()) {
      metadata.put(BackboneConfig.POSITIONS, BackboneConfig.FROM_START);
    }
    metadata.put(BackboneConfig.EPSILON, Float.toString(spec.epsilon()));
    SafetensorsWriter.write(file, tensors, metadata, type);
  }

  /** The block that a tensor is of; -1 if of none. */
  private static int block(String name) {
    return name.startsWith("blocks.") ? Integer.parseInt(name.split("\\.", 3)[1]) : -1;
  }

  private static int[] shape(String name, FloatTensor tensor, int values) {
    int width = tensor.shape()[tensor.shape().length - 1];
    return switch (name) {
      case "cls_token", "dist_token" -> new int[] {1, 1, values};
      case "pos_embed" -> new int[] {1, values / width, width};
      case "patch_embed.proj.weight" ->
          new int[] {tensor.shape()[0], 1, ViTSpec.PATCH, ViTSpec.PATCH};
      default -> tensor.shape();
    };
  }
}
