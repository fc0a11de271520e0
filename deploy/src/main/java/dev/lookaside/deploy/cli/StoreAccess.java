package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.trainer.session.TrainerSettings;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoreSettings;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Settings, and the trainer's store of examples. */
final class StoreAccess {
  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--store",
      paramLabel = "FOLDER",
      description = "The trainer's folder (default: lookaside.trainer.store-folder).")
  private @Nullable Path store;

  Settings settings() {
    return options.settings();
  }

  IngestSettings training() {
    return options.training();
  }

  Path folder() {
    Path given = store;
    return given == null ? TrainerSettings.folder(options.config()) : given;
  }

  /**
   * The store; the caller closes it.
   *
   * @throws dev.lookaside.trainer.TrainerException if there is none
   */
  ExampleStore open() {
    return ExampleStore.open(folder());
  }

  /** The store if there is one; one that was asked for must be there. */
  Optional<ExampleStore> openIfThere() {
    return store != null || ExampleStore.isIn(folder()) ? Optional.of(open()) : Optional.empty();
  }

  /** The store; made for the configured adapter's front end where there is none. */
  ExampleStore openOrMake() {
    if (ExampleStore.isIn(folder())) {
      return open();
    }
    return ExampleStore.open(folder(), StoreSettings.of(options.config(), frontEnd()));
  }

  private FrontEnd frontEnd() {
    Path file = settings().deploy().adapter();
    if (file != null) {
      return Adapter.load(file).frontEnd();
    }
    try (BundledModel bundled = BundledModel.open()) {
      return Adapter.load(bundled.adapter()).frontEnd();
    }
  }
}
