package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Safetensors;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Objects;

/**
 * The golden shapes, made by independent implementations in PyTorch and NumPy; see the README
 * beside them.
 */
final class Goldens {
  static final String[] SHAPES = {
    "attnT_512", "attnT_mlpF_96", "mlp33_208", "parallel11_96", "probe_96", "mae_ast_96"
  };

  private Goldens() {}

  static Path file(String shape, String name) {
    String resource = "/golden/" + shape + "/" + name;
    try {
      return Path.of(Objects.requireNonNull(Goldens.class.getResource(resource), resource).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(resource, e);
    }
  }

  static Backbone backbone(String shape) {
    return Backbone.load(file(shape, "backbone.safetensors"));
  }

  static Adapter adapter(String shape) {
    return Adapter.load(file(shape, "adapter.safetensors"));
  }

  static float[] io(String shape, String tensor) {
    try (Safetensors io = Safetensors.open(file(shape, "io.safetensors"))) {
      return io.floats(tensor).toArray();
    }
  }
}
