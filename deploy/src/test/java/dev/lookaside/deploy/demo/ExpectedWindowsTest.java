package dev.lookaside.deploy.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.demo.StreamPlan.ExpectedWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import org.junit.jupiter.api.Test;

class ExpectedWindowsTest {
  private static final FeatureSpec SPEC = new FeatureSpec(FrontEnd.AST_FBANK, 128, 16);

  @Test
  void fewerSamplesThanOneFrameGiveNoWindow() {
    assertThat(ExpectedWindows.count(0, 16_000, SPEC)).isZero();
    assertThat(ExpectedWindows.count(399, 16_000, SPEC)).isZero();
  }

  @Test
  void aClipShorterThanAWindowIsOnePaddedWindow() {
    assertThat(ExpectedWindows.count(400, 16_000, SPEC)).isEqualTo(1);
    assertThat(ExpectedWindows.count(400 + 160 * 127, 16_000, SPEC)).isEqualTo(1);
  }

  @Test
  void framesThatNoWholeWindowCoversGiveOneMore() {
    assertThat(ExpectedWindows.count(400 + 160 * 128, 16_000, SPEC)).isEqualTo(2);
    assertThat(ExpectedWindows.count(400 + 160 * (127 + 16), 16_000, SPEC)).isEqualTo(2);
    assertThat(ExpectedWindows.count(400 + 160 * (127 + 17), 16_000, SPEC)).isEqualTo(3);
  }

  @Test
  void agreesWithLayingWindowsOneByOne() {
    for (int hop : new int[] {1, 7, 16, 128}) {
      FeatureSpec spec = new FeatureSpec(FrontEnd.AST_FBANK, 128, hop);
      for (int frames = 1; frames < 700; frames++) {
        assertThat(ExpectedWindows.count(400 + 160L * (frames - 1), 16_000, spec))
            .as("hop %d, frames %d", hop, frames)
            .isEqualTo(laidOneByOne(frames, 128, hop));
      }
    }
  }

  private static long laidOneByOne(int frames, int window, int hop) {
    long windows = 0;
    int covered = 0;
    for (int from = 0; covered < frames; from += hop) {
      covered = from + window;
      windows++;
    }
    return windows;
  }
}
