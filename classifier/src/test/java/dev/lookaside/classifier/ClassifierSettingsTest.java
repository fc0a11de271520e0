package dev.lookaside.classifier;

import static org.assertj.core.api.Assertions.assertThat;

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
}
