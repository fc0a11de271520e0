package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.ClassifierSettings;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RegistrySettingsTest {
  private static RegistrySettings of(String own) {
    Config config = ConfigFactory.parseString(own).withFallback(ConfigFactory.load());
    return RegistrySettings.of(config.getConfig(ClassifierSettings.ROOT));
  }

  @Test
  void theDefaultsTrustOnlySignedDecisionsAndKeepNothingOnDisk() {
    RegistrySettings settings = of("");
    assertThat(settings.enabled()).isTrue();
    assertThat(settings.allowUnsigned()).isFalse();
    assertThat(settings.cache()).isNull();
    assertThat(settings.lead()).isEqualTo(Duration.ofSeconds(5));
    assertThat(settings.keys())
        .isEqualTo(Path.of(System.getProperty("user.home"), ".lookaside", "keys"));
    assertThat(settings.keep()).isEqualTo(Duration.ofDays(30));
    assertThat(settings.worker()).isNotBlank();
  }

  @Test
  void whatIsSetCounts() {
    RegistrySettings settings =
        of(
            """
            lookaside.classifier.registry { worker = w1, cache-folder = /cache, lead-seconds = 9 }
            lookaside.classifier.security.adapters { allow-unsigned = true, keys-folder = /keys }
            """);
    assertThat(settings.worker()).isEqualTo("w1");
    assertThat(settings.cache()).isEqualTo(Path.of("/cache"));
    assertThat(settings.lead()).isEqualTo(Duration.ofSeconds(9));
    assertThat(settings.keys()).isEqualTo(Path.of("/keys"));
    assertThat(of("lookaside.classifier.registry.lead-seconds = 0.6").lead())
        .isEqualTo(Duration.ofMillis(600));
    assertThat(settings.allowUnsigned()).isTrue();
  }

  @Test
  void wrongValuesAreNamed() {
    for (String key :
        new String[] {
          "fetch-timeout-seconds",
          "max-adapter-bytes",
          "max-prepared",
          "max-architectures",
          "alive-interval-seconds",
          "keep-days"
        }) {
      String path = "lookaside.classifier.registry." + key;
      assertThatThrownBy(() -> of(path + " = 0"))
          .isInstanceOf(RegistryException.class)
          .hasMessageContaining(path + " \"0\": must be 1 to");
    }
    String lead = "lookaside.classifier.registry.lead-seconds";
    assertThatThrownBy(() -> of(lead + " = 0.5"))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining(lead + " \"0.5\": must be 0.6 to 3600");
    String keys = "lookaside.classifier.security.adapters.keys-interval-seconds";
    assertThatThrownBy(() -> of(keys + " = 3601"))
        .isInstanceOf(RegistryException.class)
        .hasMessageContaining(keys + " \"3601\": must be 1 to 3600");
  }
}
