package dev.lookaside.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigUtil;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Nearest;
import dev.lookaside.deploy.settings.ConfigFault;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.deploy.settings.Configuration.Layer;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.BrokerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that reads the configuration, and how they become one. */
public final class ConfigOptions {
  private static final String ROOT = "lookaside";
  private static final String BOOTSTRAP = "lookaside.ingest.kafka-clients.bootstrap.servers";

  /** Blocks whose keys are the user's own. */
  private static final Set<String> FREE = Set.of("configs", "thresholds", "weights", "streams");

  @Option(
      names = {"-c", "--config"},
      paramLabel = "FILE",
      description = "Settings (HOCON, JSON or properties) that come before the built-in ones.")
  private @Nullable Path file;

  @Option(
      names = {"-b", "--bootstrap-servers"},
      paramLabel = "HOST:PORT",
      description = "Kafka brokers, separated by commas (default: localhost:9092).")
  private @Nullable String bootstrapServers;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "One setting, may be repeated: --set lookaside.deploy.metrics.port=9100.")
  private Map<String, String> settings = new LinkedHashMap<>();

  private @Nullable Config config;

  /**
   * Command line over file over built-in settings; read once.
   *
   * @throws CliException naming the file, key or value that is wrong
   */
  public Config config() {
    Config known = config;
    if (known == null) {
      known = load();
      config = known;
    }
    return known;
  }

  /** All of it, checked. */
  Settings settings() {
    return Settings.of(config());
  }

  /** What a command needs that only reads or writes topics. */
  IngestSettings ingest() {
    return IngestSettings.of(config());
  }

  /** As {@link #ingest}; the topics of labels, refits and adapters are there then. */
  IngestSettings training() {
    IngestSettings ingest = ingest();
    Topics.ensureTraining(ingest);
    return ingest;
  }

  private Config load() {
    List<Layer> given = new ArrayList<>();
    if (bootstrapServers != null) {
      Map<String, String> servers = Map.of(BOOTSTRAP, checked(bootstrapServers));
      given.add(Layer.own("--bootstrap-servers", Configuration.layer(servers)));
    }
    Map<String, String> set = new LinkedHashMap<>();
    settings.forEach((key, value) -> set.put(checkedKey(key), value));
    given.add(Layer.own("--set", Configuration.layer(set)));
    if (file != null) {
      given.add(Layer.own("--config \"" + file + "\"", parsed(file)));
    }
    try {
      Config all = Configuration.over(given);
      Config builtIn = ConfigFactory.defaultReferenceUnresolved();
      Stream.concat(given.stream(), Configuration.shared().stream())
          .forEach(layer -> checkKnown(layer, builtIn));
      return all;
    } catch (ConfigException e) {
      throw new CliException("settings: " + ConfigFault.ofReference(e), e);
    } catch (BrokerException e) {
      throw new CliException(String.valueOf(e.getMessage()), e);
    }
  }

  private static Config parsed(Path file) {
    try {
      // Not opened for that: a pipe can be read once.
      if (Files.readAttributes(file, BasicFileAttributes.class).isDirectory()) {
        throw new CliException("--config \"" + file + "\": is a folder, not a file");
      }
      return ConfigFactory.parseFile(
          file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
    } catch (IOException e) {
      throw new CliException("--config \"" + file + "\": " + FaultReason.of(e), e);
    } catch (ConfigException e) {
      throw new CliException("--config \"" + file + "\": " + ConfigFault.ofFile(e), e);
    }
  }

  private static String checkedKey(String key) {
    try {
      ConfigUtil.splitPath(key);
      return key;
    } catch (ConfigException e) {
      throw new CliException(
          "--set \"" + key + "\": is no key: must be words with dots between, others in quotes", e);
    }
  }

  /** A mistyped or former key would otherwise be a setting that silently does nothing. */
  private static void checkKnown(Layer layer, Config builtIn) {
    Config given = layer.settings();
    if (!given.hasPath(ROOT)) {
      return;
    }
    for (String own : given.getConfig(ROOT).root().keySet()) {
      if (layer.shared() && !builtIn.hasPath(ConfigUtil.joinPath(ROOT, own))) {
        continue; // A property of this name need not be a setting.
      }
      check(layer.source(), given, ConfigUtil.joinPath(ROOT, own), builtIn);
    }
  }

  private static void check(String source, Config given, String path, Config builtIn) {
    if (!builtIn.hasPathOrNull(path)) {
      Set<String> known = new TreeSet<>();
      builtIn.getConfig(ROOT).entrySet().forEach(e -> known.add(ROOT + "." + e.getKey()));
      throw new CliException(
          "%s: no such setting: %s%s".formatted(source, path, Nearest.question(path, known)));
    }
    List<String> names = ConfigUtil.splitPath(path);
    String last = names.get(names.size() - 1);
    if (last.endsWith("kafka-clients")
        || FREE.contains(last)
        || !(given.getValue(path) instanceof ConfigObject block)
        || !(builtIn.getValue(path) instanceof ConfigObject)) {
      return;
    }
    for (String inner : block.keySet()) {
      check(source, given, path + "." + ConfigUtil.joinPath(inner), builtIn);
    }
  }

  private static String checked(String servers) {
    for (String server : servers.split(",", -1)) {
      int colon = server.lastIndexOf(':');
      if (colon < 1 || !server.substring(colon + 1).matches("[0-9]{1,5}")) {
        throw new CliException(
            "--bootstrap-servers \"" + servers + "\": must be HOST:PORT, separated by commas");
      }
    }
    return servers;
  }
}
