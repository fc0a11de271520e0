package dev.lookaside.trainer.session;

import com.typesafe.config.Config;
import dev.lookaside.classifier.registry.RegistryException;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.drift.DriftSettings;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.loop.LoopSettings;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.watch.BackgroundSettings;
import java.nio.file.Path;
import java.time.Duration;

/**
 * {@code lookaside.trainer}, read and checked once at start.
 *
 * @param scope for whose streams it refits
 * @param folder of the store, with the rounds' folders in it
 * @param key name of the key that signs; empty: the only one there is
 * @param author what the ledger calls this trainer
 * @param session after which a trainer that is not heard of has lost its scope
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

  public TrainerSettings {
    TrainerException.checkBetween("session-timeout-millis", session.toMillis(), 1_000, 600_000);
    TrainerException.checkBetween("tick-millis", tick.toMillis(), 1, 60_000);
    TrainerException.checkBetween("prepare-timeout-seconds", deadline.toSeconds(), 1, 3_600);
  }

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @param frontEnd of the model that is refitted
   * @throws TrainerException naming key, value and range of the first one that is wrong
   */
  public static TrainerSettings of(Config config, FrontEnd frontEnd) {
    Config own = config.getConfig(ROOT);
    return new TrainerSettings(
        scope(own.getString("scope")),
        folder(config),
        own.getString("key"),
        own.getString("author"),
        Duration.ofMillis(own.getLong("session-timeout-millis")),
        Duration.ofMillis(own.getLong("tick-millis")),
        Duration.ofSeconds(own.getLong("prepare-timeout-seconds")),
        StoreSettings.of(config, frontEnd),
        LoopSettings.of(config),
        RefitSettings.of(config),
        GateSettings.of(config),
        DriftSettings.of(config),
        BackgroundSettings.of(config));
  }

  /** Where a trainer of this configuration keeps its store. */
  public static Path folder(Config config) {
    String folder = config.getString(ROOT + ".store-folder");
    return folder.isBlank()
        ? Path.of(System.getProperty("user.home"), ".lookaside", "trainer")
        : Path.of(folder);
  }

  private static Scope scope(String text) {
    try {
      return Scope.parse(text);
    } catch (RegistryException e) {
      throw new TrainerException(
          "%s.scope \"%s\": must be *, tenant:NAME or stream:ID".formatted(ROOT, text), e);
    }
  }
}
