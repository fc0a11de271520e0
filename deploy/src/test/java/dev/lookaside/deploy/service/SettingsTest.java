package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.deploy.settings.DeploySettings;
import dev.lookaside.deploy.settings.Settings;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsTest {
  @Test
  void everyBuiltInSettingIsValid() {
    Settings settings = Settings.of(Configuration.over(Map.of()));

    assertThat(settings.deploy().backbone()).isNull();
    assertThat(settings.deploy().streamIdle()).isEqualTo(Duration.ofSeconds(60));
    assertThat(settings.ingest().servers()).isEqualTo("localhost:9092");
  }

  @Test
  void oneSetOfBrokersAndTopicsReachesTheSink() {
    Settings settings =
        Settings.of(
            Configuration.over(
                Map.of(
                    "lookaside.ingest.kafka-clients.bootstrap.servers", "kafka:1234",
                    "lookaside.ingest.kafka-clients.security.protocol", "SSL",
                    "lookaside.ingest.topics.audio-detections.name", "found")));

    assertThat(settings.sink().topic()).isEqualTo("found");
    assertThat(settings.sink().clients().properties())
        .containsEntry("bootstrap.servers", "kafka:1234")
        .containsEntry("security.protocol", "SSL");
  }

  @Test
  void aValueOutOfRangeIsNamedWithItsKey() {
    assertWrong("lookaside.deploy.metrics.port", 70_000, "lookaside.deploy.metrics.port \"70000\"");
    assertWrong("lookaside.deploy.stream-idle-seconds", 0, "stream-idle-seconds \"0\"");
    assertWrong("lookaside.deploy.restarts-max", "many", "restarts-max");
  }

  @Test
  void aBackboneWithoutAnAdapterIsRefused() {
    assertWrong("lookaside.deploy.model.backbone", "b.safetensors", "give both or neither");
  }

  @Test
  void pausesDoubleUpToTheirLimit() {
    DeploySettings deploy = Settings.of(Configuration.over(Map.of())).deploy();

    assertThat(Guardian.pause(deploy, 1)).isEqualTo(Duration.ofMillis(500));
    assertThat(Guardian.pause(deploy, 2)).isEqualTo(Duration.ofMillis(1000));
    assertThat(Guardian.pause(deploy, 100)).isEqualTo(Duration.ofMillis(10_000));
  }

  private static void assertWrong(String key, Object value, String message) {
    assertThatThrownBy(() -> Settings.of(Configuration.over(Map.of(key, value))))
        .isInstanceOf(RuntimeException.class)
        .hasMessageContaining(message);
  }
}
