package dev.lookaside.trainer.session;

import com.typesafe.config.Config;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SettingsBlock;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.drift.DriftSettings;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.loop.LoopSettings;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.watch.BackgroundSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * {@code lookaside.trainer}, read and checked once at start.
 *
 * @param scope for whose streams it refits
 * @param folder of the store, with the rounds' folders in it
 * @param seeds class folders that an empty store is filled from; null: the bundled sounds, for the
 *     bundled model
 * @param key name of the key that signs; empty: the only one there is
 * @param author what the ledger calls this trainer
 * @param session after which a trainer without a heartbeat has lost its scope
 * @param tick between two looks at what is due
 * @param deadline until which workers may prepare an adapter
 * @param store what is kept
 * @param loop when what is done
 * @param refit how rounds fit and judge
 * @param gate what a candidate must hold
 * @param drift how streams are compared with what the incumbent was fitted on
 * @param background what is taken of streams where nothing sounds
 */
public record TrainerSettings(
    Scope scope,
    Path folder,
    @Nullable Path seeds,
    String key,
    String author,
    Duration session,
    Duration tick,
    Duration deadline,
    StoreSettings store,
    LoopSettings loop,
    RefitSettings refit,
    GateSettings gate,
    DriftSettings drift,
    BackgroundSettings background) {
  private static final String ROOT = "lookaside.trainer";

  /** Between two looks at what is due: a person waits ten times as long for an answer. */
  private static final Duration TICK = Duration.ofMillis(100);

  /**
   * Reads {@code lookaside.trainer} of a whole configuration.
   *
   * @param frontEnd of the model that is refitted
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static TrainerSettings of(Config config, FrontEnd frontEnd) {
    SettingsBlock own = SettingsBlock.of(config, ROOT);
    return new TrainerSettings(
        own.parsed("scope", Scope::parse, "must be *, tenant:NAME or stream:ID"),
        folder(config),
        own.path("seeds"),
        own.text("key"),
        own.text("author"),
        own.millis("session-timeout-millis", 1_000, 600_000),
        TICK,
        Duration.ofSeconds(own.number("prepare-timeout-seconds", 1, 3_600)),
        StoreSettings.of(config, frontEnd),
        LoopSettings.of(config),
        RefitSettings.of(config),
        GateSettings.of(config),
        DriftSettings.of(config),
        BackgroundSettings.of(config));
  }

  /** Where a trainer of this configuration keeps its store. */
  public static Path folder(Config config) {
    Path folder = SettingsBlock.of(config, ROOT).path("store-folder");
    return folder == null
        ? Path.of(System.getProperty("user.home"), ".lookaside", "trainer")
        : folder;
  }
}
