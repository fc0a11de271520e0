package dev.lookaside.deploy.settings;

import com.typesafe.config.Config;
import dev.lookaside.classifier.ClassifierSettings;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.SinkSettings;
import dev.lookaside.classifier.registry.RegistrySettings;
import dev.lookaside.featurizer.FeaturizerSettings;
import dev.lookaside.ingest.IngestSettings;

/**
 * The whole configuration, read and checked once at start; nothing else looks into {@link Config}.
 *
 * @param ingest {@code lookaside.ingest}
 * @param featurizer {@code lookaside.featurizer}
 * @param classifier {@code lookaside.classifier}
 * @param detect {@code lookaside.classifier.detect}
 * @param sink {@code lookaside.classifier.sink}
 * @param registry {@code lookaside.classifier.registry} and {@code .security}
 * @param deploy {@code lookaside.deploy}
 */
public record Settings(
    IngestSettings ingest,
    FeaturizerSettings featurizer,
    ClassifierSettings classifier,
    DetectSettings detect,
    SinkSettings sink,
    RegistrySettings registry,
    DeploySettings deploy) {
  /**
   * Reads all modules' blocks.
   *
   * @param config with every reference.conf beneath, resolved
   * @throws RuntimeException of the module whose key is wrong, naming key and value
   */
  public static Settings of(Config config) {
    IngestSettings ingest = IngestSettings.of(config);
    return new Settings(
        ingest,
        FeaturizerSettings.of(config),
        ClassifierSettings.of(config),
        DetectSettings.of(config),
        SinkSettings.of(config, ingest),
        RegistrySettings.of(config),
        DeploySettings.of(config));
  }
}
