package dev.lookaside.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How the layers of settings become one. */
public final class Configuration {
  private Configuration() {}

  /**
   * Settings of one source.
   *
   * @param source its name, for errors: {@code --set}
   * @param settings not resolved
   * @param shared with other programs: not all in it is meant for this one
   */
  public record Layer(String source, Config settings, boolean shared) {
    /** Settings that are given to this program alone. */
    public static Layer own(String source, Config settings) {
      return new Layer(source, settings, false);
    }
  }

  /** Environment variables and system properties, the first over the others. */
  public static List<Layer> shared() {
    return List.of(
        new Layer("environment variables", ConfigFactory.systemEnvironmentOverrides(), true),
        new Layer("system properties", ConfigFactory.systemProperties(), true));
  }

  /**
   * Environment variables ({@code CONFIG_FORCE_lookaside_...}) over system properties over {@code
   * own}, the first of them over the others, over application.conf over every module's
   * reference.conf. References among settings are resolved last, so that {@code own} reaches all
   * that is derived from it.
   *
   * @throws com.typesafe.config.ConfigException if something refers to what is not there
   * @throws dev.lookaside.ingest.kafka.BrokerException if one source has a Kafka key in two
   *     spellings
   */
  public static Config over(List<Layer> own) {
    List<Layer> all = new ArrayList<>(shared());
    all.addAll(own);
    all.add(Layer.own("application.conf", ConfigFactory.defaultApplication()));
    all.add(Layer.own("reference.conf", ConfigFactory.defaultReferenceUnresolved()));
    Config merged = ConfigFactory.empty();
    for (Layer layer : all) {
      merged = merged.withFallback(KafkaKeys.normalized(layer.source(), layer.settings()));
    }
    return merged.resolve();
  }

  /** {@link #over(List)} with one source. */
  public static Config over(Config own) {
    return over(List.of(Layer.own("settings", own)));
  }

  /** {@link #over(Config)} with keys and plain values. */
  public static Config over(Map<String, ?> own) {
    return over(layer(own));
  }

  /** Keys (paths) and plain values as a layer; a later key comes before an earlier one. */
  public static Config layer(Map<String, ?> settings) {
    Config layer = ConfigFactory.empty();
    for (Map.Entry<String, ?> e : settings.entrySet()) {
      layer = layer.withValue(e.getKey(), ConfigValueFactory.fromAnyRef(e.getValue()));
    }
    return layer;
  }
}
