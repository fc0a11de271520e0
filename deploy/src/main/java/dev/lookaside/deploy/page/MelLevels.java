package dev.lookaside.deploy.page;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.audio.Pcm;

/**
 * A stretch's log-mel as levels to draw: one byte for each filter of each frame of {@link
 * #FRONT_END}, 0 for {@link #LOWEST} and below, 255 for {@link #HIGHEST} and above.
 */
final class MelLevels {
  static final FrontEnd FRONT_END = FrontEnd.AST_FBANK;

  /** Natural logarithms: a quiet room, and a loud sound close by. */
  static final double LOWEST = -10;

  static final double HIGHEST = 3;

  private MelLevels() {}

  /**
   * The levels.
   *
   * @return row-major {@code [frames][mels]}, the lowest filter first; empty if the stretch is
   *     shorter than a frame
   */
  static byte[] of(Pcm stretch) {
    float[] mono = Resampler.of(stretch.rateHz(), FRONT_END.rateHz()).clip(stretch.samples());
    float[] mels = LogMel.of(FRONT_END).clip(mono);
    byte[] levels = new byte[mels.length];
    for (int i = 0; i < mels.length; i++) {
      double level = 255 * (mels[i] - LOWEST) / (HIGHEST - LOWEST);
      levels[i] = (byte) Math.round(Math.min(Math.max(level, 0), 255));
    }
    return levels;
  }
}
