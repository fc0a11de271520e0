package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.infer.Device;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.hub.BackboneFiles;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Which model an offline command uses and how it runs. */
public final class ModelOptions {
  @Option(
      names = "--backbone",
      paramLabel = "B",
      description =
          "Backbone: a file, or a name of lookaside backbone list. Default: the small model that comes with the program.")
  private @Nullable Path backbone;

  @Option(
      names = "--adapter",
      paramLabel = "A",
      description = "Adapter file that fits the backbone.")
  private @Nullable Path adapter;

  @Option(
      names = "--hop-frames",
      paramLabel = "N",
      description = "Frames from one window to the next (setting lookaside.featurizer.hop-frames).")
  private @Nullable Integer hopFrames;

  @Option(
      names = "--device",
      paramLabel = "WHERE",
      description = "auto, cpu or cuda (setting lookaside.classifier.scorer.device).")
  private @Nullable Device device;

  /**
   * The files, or null for the bundled model.
   *
   * @throws CliException if only one is given
   */
  @Nullable Path backbone() {
    checkTogether(backbone, adapter);
    return backbone;
  }

  /** Both or neither. */
  static void checkTogether(@Nullable Path backbone, @Nullable Path adapter) {
    if ((backbone == null) != (adapter == null)) {
      throw new CliException(
          backbone == null
              ? "--adapter \"" + adapter + "\": needs --backbone, too"
              : "--backbone \"" + backbone + "\": needs --adapter, too");
    }
  }

  @Nullable Path adapter() {
    return adapter;
  }

  /** The options as settings. */
  Map<String, Object> settings() {
    return settings(hopFrames, device);
  }

  /** Settings of a hop and a device; none for null. */
  static Map<String, Object> settings(@Nullable Integer hopFrames, @Nullable Device device) {
    Map<String, Object> settings = new LinkedHashMap<>();
    if (hopFrames != null) {
      settings.put("lookaside.featurizer.hop-frames", hopFrames);
    }
    if (device != null) {
      settings.put("lookaside.classifier.scorer.device", device.name().toLowerCase(Locale.ROOT));
    }
    return settings;
  }

  /** The backbone of a command that has none by default; downloaded first if it is a name. */
  static final class RequiredBackbone {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec = CommandSpec.create();

    @Option(
        names = "--backbone",
        required = true,
        paramLabel = "B",
        description = "Backbone: a file, or a name of lookaside backbone list.")
    private Path given = Path.of("");

    /** Its file. */
    Path file() {
      return BackboneFiles.of(given, spec.commandLine().getErr()::println);
    }

    /** What it holds; the caller closes nothing. */
    Backbone load() {
      return Backbone.load(file());
    }
  }

  /** Where a model runs, for commands that read no settings. */
  static final class DeviceOption {
    @Option(
        names = "--device",
        paramLabel = "WHERE",
        defaultValue = "auto",
        description = "auto, cpu or cuda. Default: ${DEFAULT-VALUE}.")
    private Device device = Device.AUTO;

    Device get() {
      return device;
    }

    /**
     * With this device.
     *
     * @param threads of the CPU; 0 is one per core
     */
    ScorerSettings settings(int threads, int maxBatch) {
      return new ScorerSettings(device, threads, maxBatch);
    }
  }
}
