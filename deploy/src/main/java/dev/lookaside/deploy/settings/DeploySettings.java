package dev.lookaside.deploy.settings;

import com.typesafe.config.Config;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.hub.BackboneFiles;
import dev.lookaside.ingest.SettingsBlock;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The block {@code lookaside.deploy} of the configuration, checked.
 *
 * @param backbone file or name, null: the bundled model
 * @param adapter file, null together with {@code backbone}
 * @param channel of chunks with more than one
 * @param streamIdle log time without a chunk that ends a stream
 * @param hostNames under which page and metrics may be asked for, besides this machine's own
 * @param metricsHost address of the metrics server
 * @param metricsPort its port, 0: none
 * @param pageHost address of the live page
 * @param pagePort its port, 0: none, {@link #FREE_PORT}: any that is free
 * @param restartDelay pause before a failed pipeline is built again
 * @param restartDelayMax longest such pause
 * @param restartsMax in a row before giving up
 * @param stopTimeout longest wait for what is under way
 */
public record DeploySettings(
    @Nullable Path backbone,
    @Nullable Path adapter,
    ChannelPolicy channel,
    Duration streamIdle,
    List<String> hostNames,
    String metricsHost,
    int metricsPort,
    String pageHost,
    int pagePort,
    Duration restartDelay,
    Duration restartDelayMax,
    int restartsMax,
    Duration stopTimeout) {
  /** Pause before a failed pipeline is restarted; doubles at each failure in a row. */
  private static final Duration RESTART_DELAY = Duration.ofMillis(500);

  /** The longest such pause. */
  private static final Duration RESTART_DELAY_MAX = Duration.ofSeconds(10);

  /** As {@code page.port}. */
  public static final int FREE_PORT = -1;

  private static final String ROOT = "lookaside.deploy";
  private static final int MAX_PORT = 65_535;
  private static final Pattern HOST_NAME = Pattern.compile("[\\p{Alnum}_-]+(\\.[\\p{Alnum}_-]+)*");
  private static final Logger LOG = LoggerFactory.getLogger(DeploySettings.class);

  /** Of {@link #stopTimeout} what the pipeline may take; the rest is for what is around it. */
  public Duration drainTimeout() {
    return stopTimeout.multipliedBy(4).dividedBy(5);
  }

  /**
   * Reads {@code lookaside.deploy} of a whole configuration.
   *
   * @throws DeployException naming key and value
   */
  public static DeploySettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, ROOT);
    SettingsBlock model = own.block("model");
    SettingsBlock metrics = own.block("metrics");
    SettingsBlock page = own.block("page");
    Path backbone = model.path("backbone");
    Path adapter = model.path("adapter");
    if ((backbone == null) != (adapter == null)) {
      throw new DeployException(
          ROOT
              + ".model: backbone \"%s\" and adapter \"%s\": give both or neither"
                  .formatted(backbone == null ? "" : backbone, adapter == null ? "" : adapter));
    }
    return new DeploySettings(
        backbone,
        adapter,
        own.parsed("channel", ChannelPolicy::of, "must be mix or the number of a channel, from 0"),
        Duration.ofSeconds(own.number("stream-idle-seconds", 1, 86_400)),
        own.parsed(
            "host-names",
            DeploySettings::hostNames,
            "must be host names with commas between, without ports"),
        metrics.name("host"),
        metrics.count("port", 0, MAX_PORT),
        page.name("host"),
        page.count("port", FREE_PORT, MAX_PORT),
        RESTART_DELAY,
        RESTART_DELAY_MAX,
        own.count("restarts-max", 0, 1_000),
        Duration.ofSeconds(own.number("stop-timeout-seconds", 0, 600)));
  }

  private static List<String> hostNames(String text) {
    List<String> names =
        Arrays.stream(text.split(",", -1)).map(String::strip).filter(n -> !n.isEmpty()).toList();
    if (!names.stream().allMatch(name -> HOST_NAME.matcher(name).matches())) {
      throw new IllegalArgumentException(text);
    }
    return names;
  }

  /**
   * The backbone's file, downloaded first if the setting is a name and no cache has it.
   *
   * @return null: the bundled model
   */
  public @Nullable Path backboneFile() {
    return backbone == null ? null : BackboneFiles.of(backbone, LOG::info);
  }
}
