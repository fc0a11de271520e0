package dev.lookaside.classifier;

import com.typesafe.config.Config;
import dev.lookaside.classifier.infer.BatchSettings;
import dev.lookaside.classifier.infer.ScorerSettings;

/** The block {@code lookaside.classifier} of the configuration, read and checked once. */
public record ClassifierSettings(ScorerSettings scorer, BatchSettings batch) {
  /** Root of this module's keys. */
  public static final String ROOT = "lookaside.classifier";

  /**
   * Reads it from a whole configuration.
   *
   * @throws IllegalArgumentException naming key and value
   */
  public static ClassifierSettings of(Config config) {
    Config own = config.getConfig(ROOT);
    BatchSettings batch = BatchSettings.of(own.getConfig("batch"));
    return new ClassifierSettings(ScorerSettings.of(own.getConfig("scorer"), batch), batch);
  }
}
