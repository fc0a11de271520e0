package dev.lookaside.classifier.weights;

import java.nio.file.Path;
import java.util.Map;

/** Lets other packages' tests read a backbone's {@code config.json}. */
public final class ConfigFile {
  private ConfigFile() {}

  /** As the loader of a weight file beside it reads it. */
  public static Object read(Path config) {
    return BackboneConfig.beside(config.resolveSibling("model.safetensors"), Map.of());
  }
}
