package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.ClassifierSettings;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.registry.RegistrySettings;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.featurizer.FeatureSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands about adapters work with: settings, keys, topics, the backbone. */
final class RegistryAccess {
  private static final int TRIAL_ARCHITECTURES = 1;
  private static final int ALIVE_INTERVALS = 3;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--key",
      paramLabel = "NAME",
      description = "Key that signs (default: the only one, see lookaside keys list).")
  private @Nullable String keyName;

  private @Nullable Settings settings;

  Settings settings() {
    Settings known = settings;
    if (known == null) {
      known = options.settings();
      settings = known;
    }
    return known;
  }

  RegistrySettings registry() {
    return settings().registry();
  }

  RegistryView view() {
    return RegistryView.open(settings().ingest(), registry()::trusted);
  }

  RegistryWriter writer() {
    return new RegistryWriter(
        settings().ingest(), registry().signing(keyName == null ? "" : keyName, "--key"));
  }

  /** The backbone of the settings, and windows as the configured adapter's. */
  <T> T withModel(ModelUse<T> use) {
    Path backboneFile = settings().deploy().backboneFile();
    Path adapterFile = settings().deploy().adapter();
    if (backboneFile != null && adapterFile != null) {
      return with(backboneFile, adapterFile, use);
    }
    try (BundledModel bundled = BundledModel.open()) {
      return with(bundled.backbone(), bundled.adapter(), use);
    }
  }

  /** Something done with a model. */
  interface ModelUse<T> {
    T with(BackboneSessions sessions, FeatureSpec features);
  }

  private <T> T with(Path backboneFile, Path adapterFile, ModelUse<T> use) {
    Adapter adapter = Adapter.load(adapterFile);
    FeatureSpec features = settings().featurizer().spec(adapter.frontEnd(), adapter.windowFrames());
    ClassifierSettings classifier = settings().classifier();
    try (BackboneSessions sessions =
        new BackboneSessions(
            Backbone.load(backboneFile), classifier.scorer(), TRIAL_ARCHITECTURES)) {
      return use.with(sessions, features);
    }
  }

  /**
   * The digest of the adapter on the topic that begins with {@code start}.
   *
   * @throws CliException if there is none, or more than one
   */
  static String digest(RegistryView view, String start) {
    return OptionValue.startingWith("adapter", start, view.adapters(), digest -> digest);
  }

  /** An adapter on the topic. */
  Adapter adapter(RegistryView view, String digest) {
    return Adapter.of(file(view, digest));
  }

  /** The file of an adapter on the topic. */
  byte[] file(RegistryView view, String digest) {
    return view.file(digest, registry().maxBytes());
  }

  /** A file, or an adapter on the topic by the beginning of its digest. */
  byte[] bytes(String what) {
    Path file = Path.of(what);
    if (Files.isRegularFile(file)) {
      return read(file);
    }
    try (RegistryView view = view()) {
      return file(view, digest(view, what));
    }
  }

  static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A worker that was silent for longer is not counted as live. */
  Duration aliveWithin() {
    return registry().aliveInterval().multipliedBy(ALIVE_INTERVALS);
  }
}
