package dev.lookaside.classifier;

import com.typesafe.config.Config;
import dev.lookaside.classifier.infer.BatchSettings;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.ingest.SettingsBlock;

/** The block {@code lookaside.classifier} of the configuration, read and checked once. */
public record ClassifierSettings(ScorerSettings scorer, BatchSettings batch) {
  private static final String ROOT = "lookaside.classifier";

  /**
   * Reads it from a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key and value
   */
  public static ClassifierSettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, ROOT);
    BatchSettings batch = BatchSettings.of(own.block("batch"));
    return new ClassifierSettings(ScorerSettings.of(own.block("scorer"), batch), batch);
  }
}
