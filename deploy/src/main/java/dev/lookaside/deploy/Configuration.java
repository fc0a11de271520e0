package dev.lookaside.deploy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.util.Map;

/** How the layers of settings become one. */
public final class Configuration {
  private Configuration() {}

  /**
   * System properties over {@code own} over application.conf over every module's reference.conf.
   * References among settings are resolved last, so that {@code own} reaches all that is derived
   * from it.
   *
   * @param own not resolved
   * @throws com.typesafe.config.ConfigException if something refers to what is not there
   */
  public static Config over(Config own) {
    return ConfigFactory.defaultOverrides()
        .withFallback(own)
        .withFallback(ConfigFactory.defaultApplication())
        .withFallback(ConfigFactory.defaultReferenceUnresolved())
        .resolve();
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
