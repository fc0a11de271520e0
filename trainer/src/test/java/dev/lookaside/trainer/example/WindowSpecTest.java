package dev.lookaside.trainer.example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.featurizer.FrontEnd;
import org.junit.jupiter.api.Test;

class WindowSpecTest {
  private static float[] frames(int... values) {
    float[] logMel = new float[128 * values.length];
    for (int i = 0; i < logMel.length; i++) {
      logMel[i] = 1000 * values[i / 128] + i % 128;
    }
    return logMel;
  }

  private static float[] cut(FrontEnd frontEnd, int from, int... values) {
    return new WindowSpec(frontEnd, 4, 0, 1).cut(frames(values), from);
  }

  @Test
  void epicSoundsRepeatsTheLastFrame() {
    assertThat(cut(FrontEnd.EPIC_LOGMEL, 0, 1, 2)).isEqualTo(frames(1, 2, 2, 2));
    assertThat(cut(FrontEnd.EPIC_LOGMEL, 2, 1, 2, 3)).isEqualTo(frames(3, 3, 3, 3));
    assertThat(cut(FrontEnd.EPIC_LOGMEL, 1, 1, 2, 3, 4, 5, 6)).isEqualTo(frames(2, 3, 4, 5));
  }

  @Test
  void astPadsWithZeros() {
    float[] padded = cut(FrontEnd.AST_FBANK, 0, 1, 2);
    assertThat(padded).startsWith(frames(1, 2)).endsWith(new float[256]).hasSize(512);
  }
}
