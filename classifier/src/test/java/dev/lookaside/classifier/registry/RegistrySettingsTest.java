package dev.lookaside.classifier.registry;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class RegistrySettingsTest {
  private static RegistrySettings of(String own) {
    Config config = ConfigFactory.parseString(own).withFallback(ConfigFactory.load());
    return RegistrySettings.of(config);
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
}
