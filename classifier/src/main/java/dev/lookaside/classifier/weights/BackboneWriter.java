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
    Map<String, FloatTensor> tensors = new TreeMap<>();
    backbone
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] changed = values.get(name);
              float[] written = changed == null ? tensor.toArray() : changed;
              tensors.put(name, FloatTensor.of(shape(name, tensor, written.length), written));
            });
    ViTSpec spec = backbone.spec();
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("heads", Integer.toString(spec.heads()));
    metadata.put("grid", gridRows + "x" + gridColumns);
    metadata.put(BackboneConfig.EPSILON, Float.toString(spec.epsilon()));
    SafetensorsWriter.write(file, tensors, metadata);
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
