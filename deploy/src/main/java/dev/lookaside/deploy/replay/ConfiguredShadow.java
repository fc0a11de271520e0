package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.registry.RegistryView;
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
  /**
   * After the run's audio, until the incumbent has decided and written what it detected; then both
   * are compared. Longer than windows, an event's end and a commit take.
   */
  private static final Duration SETTLE = Duration.ofSeconds(10);

  private final Settings settings;
  private final Duration settle;

  /** Opens nothing. */
  public ConfiguredShadow(Settings settings) {
    this(settings, SETTLE);
  }

  /** With another pause than {@link #SETTLE}. */
  public ConfiguredShadow(Settings settings, Duration settle) {
    this.settings = settings;
    this.settle = settle;
  }

  @Override
  public ShadowSummary run(ShadowRequest request, BooleanSupplier stopped) {
    try (RegistryView view = RegistryView.open(settings.ingest(), settings.registry()::trusted);
        ReplayModel model = ReplayModel.open(settings)) {
      return new RetainedShadow(model, view, Clock.systemUTC(), settle).run(request, stopped);
    }
  }
}
