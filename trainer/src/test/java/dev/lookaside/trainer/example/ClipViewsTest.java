package dev.lookaside.trainer.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ClipViewsTest {
  private static final WindowSpec EPIC = new WindowSpec(FrontEnd.EPIC_LOGMEL, 400, 0, 0.5f);

  private static Pcm noise(int rateHz, int samples) {
    SplittableRandom random = new SplittableRandom(7);
    float[] noise = new float[samples];
    for (int i = 0; i < samples; i++) {
      noise[i] = (float) (random.nextDouble() - 0.5);
    }
    return new Pcm(rateHz, noise);
  }

  private static float[] logMel(Pcm pcm, int from, int until) {
    return LogMel.of(FrontEnd.EPIC_LOGMEL).clip(Arrays.copyOfRange(pcm.samples(), from, until));
  }

  /** 47,975 samples are 400 frames; 1,000 samples are to spare, 999 to EPIC-SOUNDS' own script. */
  @Test
  void fiveViewsOfALongClipAreSpreadEvenly() {
    Pcm clip = noise(24_000, 48_975);
    List<float[]> views = ClipViews.of(clip, EPIC, 5);
    assertThat(views).hasSize(5);
    for (int v = 0; v < 5; v++) {
      int from = new int[] {0, 249, 499, 749, 999}[v];
      assertThat(views.get(v)).isEqualTo(logMel(clip, from, from + 47_975));
    }
    assertThat(ClipViews.of(noise(24_000, 47_977), EPIC, 5)).hasSize(5);
    assertThat(ClipViews.of(noise(24_000, 47_976), EPIC, 5)).hasSize(1);
  }

  @Test
  void aShortClipHasOneViewWhoseLastFrameIsRepeated() {
    Pcm clip = noise(24_000, 12_000);
    List<float[]> views = ClipViews.of(clip, EPIC, 5);
    assertThat(views).hasSize(1);
    float[] frames = logMel(clip, 0, 12_000);
    assertThat(views.get(0)).startsWith(frames).hasSize(400 * 128);
    float[] last = Arrays.copyOfRange(frames, frames.length - 128, frames.length);
    assertThat(views.get(0)).endsWith(last);
  }

  @Test
  void oneViewOfAClipIsItsStart() {
    WindowSpec spec = new WindowSpec(FrontEnd.AST_FBANK, 16, -4, 2);
    Pcm clip = noise(16_000, 16_000);
    float[] start = LogMel.of(FrontEnd.AST_FBANK).clip(clip.samples());
    float[] view = ClipViews.of(clip, spec, 1).get(0);
    assertThat(view).hasSize(16 * 128);
    assertThat(view[5 * 128 + 3]).isEqualTo((start[5 * 128 + 3] + 4) / 4);
    assertThatThrownBy(() -> ClipViews.of(noise(16_000, 100), spec, 1))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("100 samples at 16000 Hz are shorter than one frame");
  }
}
