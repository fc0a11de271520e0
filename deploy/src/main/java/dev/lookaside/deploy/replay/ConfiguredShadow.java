package dev.lookaside.deploy.replay;

import com.typesafe.config.Config;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowRun;
import dev.lookaside.trainer.shadow.ShadowSummary;
import java.time.Clock;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * A {@link RetainedShadow} with the model and the ledger of a configuration. Both are opened for
 * each run and closed after it: rounds are rare, and a session's memory is not.
 */
public final class ConfiguredShadow implements ShadowRun {
  private static final String SETTLE = "lookaside.trainer.shadow.settle-seconds";
  private static final int SETTLE_MAX = 600;

  private final Settings settings;
  private final Duration settle;

  private ConfiguredShadow(Settings settings, Duration settle) {
    this.settings = settings;
    this.settle = settle;
  }

  /**
   * Reads the settings; opens nothing.
   *
   * @throws DeployException if {@code lookaside.trainer.shadow.settle-seconds} is out of range
   */
  public static ConfiguredShadow of(Config config, Settings settings) {
    long seconds = config.getLong(SETTLE);
    if (seconds < 1 || seconds > SETTLE_MAX) {
      throw new DeployException(
          "%s \"%d\": must be 1 to %d".formatted(SETTLE, seconds, SETTLE_MAX));
    }
    return new ConfiguredShadow(settings, Duration.ofSeconds(seconds));
  }

  @Override
  public ShadowSummary run(ShadowRequest request, BooleanSupplier stopped) {
    try (RegistryView view = RegistryView.open(settings.ingest(), settings.registry()::trusted);
        ReplayModel model = ReplayModel.open(settings)) {
      return new RetainedShadow(model, view, Clock.systemUTC(), settle).run(request, stopped);
    }
  }
}
