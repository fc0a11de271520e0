package dev.lookaside.classifier.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a backbone's tensors do not say: the file's own metadata first, then {@code config.json}
 * beside it (Hugging Face's), else null.
 *
 * @param heads attention heads
 * @param epsilon of the LayerNorms
 * @param gridRows rows of the position table
 * @param gridColumns columns of the position table
 * @param normAfter {@link ViTSpec#normAfter}
 * @param positionsFromStart {@link ViTSpec#positionsFromStart}
 */
record BackboneConfig(
    @Nullable Integer heads,
    @Nullable Float epsilon,
    @Nullable Integer gridRows,
    @Nullable Integer gridColumns,
    boolean normAfter,
    boolean positionsFromStart) {

  /**
   * Keys and words of the metadata for what the other layouts' models do not do. They are named so
   * that no other program's notes are taken for them: files with {@code norm: ImageNet mean/std}
   * are about.
   */
  static final String NORM = "lookaside.norm";

  static final String NORM_AFTER = "after";
  static final String POSITIONS = "lookaside.positions";
  static final String FROM_START = "start";

  /** Key of the LayerNorms' epsilon, in the metadata and in Hugging Face's configuration. */
  static final String EPSILON = "layer_norm_eps";

  static BackboneConfig beside(Path file, Map<String, String> metadata) {
    Path parent = file.toAbsolutePath().getParent();
    Path config = parent == null ? Path.of("config.json") : parent.resolve("config.json");
    JsonNode json = Files.isRegularFile(config) ? read(config) : null;
    return of(file.toString(), metadata, config.toString(), json);
  }

  private static JsonNode read(Path config) {
    try {
      JsonNode json = StrictJson.parse(Files.readAllBytes(config));
      if (!json.isObject()) {
        throw new WeightsException(config + ": must be a JSON object");
      }
      return json;
    } catch (NotJsonException e) {
      throw new WeightsException(config + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw WeightsException.unreadable(config.toString(), e);
    }
  }

  private static BackboneConfig of(
      String source, Map<String, String> metadata, String configSource, @Nullable JsonNode json) {
    Integer heads = fromMetadata(source, metadata, "heads");
    Float epsilon = epsilon(source, metadata);
    Integer rows = null;
    Integer columns = null;
    if (json != null) {
      if (heads == null) {
        heads = whole(configSource, json, "num_attention_heads");
      }
      JsonNode eps = json.path(EPSILON);
      if (epsilon == null && !eps.isMissingNode()) {
        if (!eps.isNumber() || !(eps.doubleValue() > 0 && eps.doubleValue() < 1)) {
          throw new WeightsException(
              "%s: layer_norm_eps \"%s\": must be above 0 and below 1"
                  .formatted(configSource, eps.asText()));
        }
        epsilon = (float) eps.doubleValue();
      }
      rows = cells(configSource, json, "num_mel_bins", "frequency_stride");
      columns = cells(configSource, json, "max_length", "time_stride");
    }
    String grid = metadata.get("grid");
    if (grid != null) {
      if (!grid.matches("[1-9]\\d{0,3}x[1-9]\\d{0,3}")) {
        throw WeightsException.metadata(source, "grid", grid, "must be ROWSxCOLUMNS");
      }
      rows = Integer.valueOf(grid.substring(0, grid.indexOf('x')));
      columns = Integer.valueOf(grid.substring(grid.indexOf('x') + 1));
    }
    return new BackboneConfig(
        heads,
        epsilon,
        rows,
        columns,
        flag(source, metadata, NORM, "before", NORM_AFTER),
        flag(source, metadata, POSITIONS, "centre", FROM_START));
  }

  private static boolean flag(
      String source, Map<String, String> metadata, String key, String usual, String other) {
    String text = metadata.getOrDefault(key, usual);
    if (!text.equals(usual) && !text.equals(other)) {
      throw WeightsException.metadata(
          source, key, text, "must be %s or %s".formatted(usual, other));
    }
    return text.equals(other);
  }

  private static @Nullable Float epsilon(String source, Map<String, String> metadata) {
    String text = metadata.get(EPSILON);
    if (text == null) {
      return null;
    }
    float value;
    try {
      value = Float.parseFloat(text);
    } catch (NumberFormatException e) {
      value = Float.NaN;
    }
    if (!(value > 0 && value < 1)) {
      throw WeightsException.metadata(source, EPSILON, text, "must be above 0 and below 1");
    }
    return value;
  }

  private static @Nullable Integer fromMetadata(
      String source, Map<String, String> metadata, String key) {
    String text = metadata.get(key);
    if (text == null) {
      return null;
    }
    if (!text.matches("[1-9]\\d{0,4}")) {
      throw WeightsException.metadata(source, key, text, "must be a whole number of at least 1");
    }
    return Integer.valueOf(text);
  }

  private static @Nullable Integer whole(String source, JsonNode json, String key) {
    JsonNode node = json.path(key);
    if (node.isMissingNode()) {
      return null;
    }
    if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 1) {
      throw new WeightsException(
          "%s: %s \"%s\": must be a whole number of at least 1"
              .formatted(source, key, node.asText()));
    }
    return node.intValue();
  }

  /** Patches along one axis of the input the model was made for. */
  private static @Nullable Integer cells(
      String source, JsonNode json, String lengthKey, String strideKey) {
    Integer length = whole(source, json, lengthKey);
    Integer stride = whole(source, json, strideKey);
    return length == null || stride == null || length < ViTSpec.PATCH
        ? null
        : (length - ViTSpec.PATCH) / stride + 1;
  }
}
