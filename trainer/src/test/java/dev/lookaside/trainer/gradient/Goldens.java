package dev.lookaside.trainer.gradient;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Safetensors;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The classifier's golden shapes, with the gradients that PyTorch has for them. */
final class Goldens {
  static final String[] SHAPES = {
    "attnT_512", "attnT_mlpF_96", "mlp33_208", "parallel11_96", "probe_96", "mae_ast_96"
  };

  private static final Path MODELS = Path.of("../classifier/src/test/resources/golden");
  private static final Path GRADIENTS = Path.of("src/test/resources/golden");

  private Goldens() {}

  static Backbone backbone(String shape) {
    return Backbone.load(MODELS.resolve(shape).resolve("backbone.safetensors"));
  }

  static Adapter adapter(String shape) {
    return Adapter.load(MODELS.resolve(shape).resolve("adapter.safetensors"));
  }

  static float[] io(String shape, String tensor) {
    return tensors(MODELS.resolve(shape).resolve("io.safetensors")).get(tensor);
  }

  static Map<String, float[]> gradients(String shape) {
    return tensors(GRADIENTS.resolve(shape).resolve("grads.safetensors"));
  }

  private static Map<String, float[]> tensors(Path file) {
    Map<String, float[]> all = new TreeMap<>();
    try (Safetensors opened = Safetensors.open(file)) {
      opened.names().forEach(name -> all.put(name, opened.floats(name).toArray()));
    }
    return all;
  }
}
