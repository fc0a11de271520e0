package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.StreamId;
import org.junit.jupiter.api.Test;

class FeaturizerSettingsTest {
  @Test
  void defaultsAreAHopOf16FramesAndNoGate() {
    FeaturizerSettings settings = settings("");
    assertThat(settings.hopFrames()).isEqualTo(16);
    assertThat(settings.silenceBelowDbfs(new StreamId("a"))).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(settings.spec(FrontEnd.AST_FBANK, 96))
        .isEqualTo(new FeatureSpec(FrontEnd.AST_FBANK, 96, 16));
  }

  @Test
  void gateIsPerStream() {
    FeaturizerSettings settings =
        settings("silence-gate { below-dbfs = -70, streams { \"a.b/1\" = -60.5, studio = off } }");
    assertThat(settings.silenceBelowDbfs(new StreamId("a.b/1"))).isEqualTo(-60.5);
    assertThat(settings.silenceBelowDbfs(new StreamId("studio")))
        .isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(settings.silenceBelowDbfs(new StreamId("other"))).isEqualTo(-70);
  }

  @Test
  void windowsNeedNotOverlap() {
    assertThat(settings("hop-frames = window").spec(FrontEnd.AST_FBANK, 96).hopFrames())
        .isEqualTo(96);
  }

  @Test
  void mistakesNameKeyAndValue() {
    assertThatThrownBy(() -> settings("hop-frames = 0")).hasMessageContaining("hop-frames \"0\"");
    assertThatThrownBy(() -> settings("hop-frames = 1000000"))
        .hasMessageContaining("hop-frames \"1000000\"");
    assertThatThrownBy(() -> settings("silence-gate.below-dbfs = 3"))
        .hasMessageContaining("silence-gate.below-dbfs \"3\"");
    assertThatThrownBy(() -> settings("silence-gate.below-dbfs = quiet"))
        .hasMessageContaining("silence-gate.below-dbfs \"quiet\"");
    assertThatThrownBy(() -> settings("silence-gate.streams { a = -900 }"))
        .hasMessageContaining("silence-gate.streams.a \"-900\"");
  }

  private static FeaturizerSettings settings(String text) {
    return FeaturizerSettings.of(
        ConfigFactory.parseString("lookaside.featurizer {" + text + "}")
            .withFallback(ConfigFactory.load())
            .resolve());
  }
}
