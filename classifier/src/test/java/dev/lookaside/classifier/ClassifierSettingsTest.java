package dev.lookaside.classifier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.infer.Device;
import org.junit.jupiter.api.Test;

class ClassifierSettingsTest {
  @Test
  void theDefaultsAreReadAsDocumented() {
    ClassifierSettings s = ClassifierSettings.of(ConfigFactory.load());
    assertThat(s.scorer().device()).isEqualTo(Device.AUTO);
    assertThat(s.scorer().maxBatch()).isEqualTo(s.batch().maxBatch()).isEqualTo(8);
    assertThat(s.batch().maxDelay().toMillis()).isEqualTo(5);
  }

  @Test
  void badValuesAreRefusedByKey() {
    refused("scorer.device = tpu", "device \"tpu\": must be auto, cpu or cuda");
    refused("scorer.intra-op-threads = -1", "intra-op-threads \"-1\"");
    refused("batch.max-batch = 0", "max-batch \"0\": must be 1 to 1024");
    refused("batch.weights { \"gate-*\" = 0 }", "weights.gate-* \"0\": must be 1 to 1000");
    refused("batch.max-delay-millis = -5", "max-delay-millis \"-5\"");
  }

  private static void refused(String line, String complaint) {
    Config c =
        ConfigFactory.parseString(ClassifierSettings.ROOT + "." + line)
            .withFallback(ConfigFactory.load());
    assertThatThrownBy(() -> ClassifierSettings.of(c)).hasMessageContaining(complaint);
  }
}
