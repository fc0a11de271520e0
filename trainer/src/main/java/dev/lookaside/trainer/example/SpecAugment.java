package dev.lookaside.trainer.example;

import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * SpecAugment: bands and spans of a log-mel window are masked, its time axis is warped.
 *
 * @param frequencyMasks how many bands are masked
 * @param maxMels each is narrower than this
 * @param timeMasks how many spans are masked
 * @param maxFrames each is shorter than this
 * @param warpFrames a point in time moves by up to this many frames and takes its neighbourhood
 *     with it, linearly to both ends; 0 for no warp
 * @param style how masks are drawn and what they are filled with
 * @see <a href="https://arxiv.org/abs/1904.08779">SpecAugment</a>
 */
public record SpecAugment(
    int frequencyMasks, int maxMels, int timeMasks, int maxFrames, int warpFrames, Style style) {
  /** Whose masks. */
  public enum Style {
    /**
     * AST's, of torchaudio: a width below the limit, then a place at which it fits. Log-mel 0,
     * before normalisation.
     */
    AST,
    /**
     * EPIC-SOUNDS': a width below the limit and a place at which it fits, and then the end once
     * more, anywhere before that, so a mask is about half as wide on average; after a width of 0 no
     * more masks of its kind. The mean of the window as it is by then.
     */
    EPIC_SOUNDS
  }

  public SpecAugment {
    notNegative("frequency masks", frequencyMasks);
    notNegative("mask mels", maxMels);
    notNegative("time masks", timeMasks);
    notNegative("mask frames", maxFrames);
    notNegative("warp frames", warpFrames);
  }

  private static void notNegative(String name, int value) {
    if (value < 0) {
      throw new TrainerException("%s \"%d\": must be 0 or more".formatted(name, value));
    }
  }

  /** One mask of each kind, filled with 0, as AST. */
  public static SpecAugment ast(int maxMels, int maxFrames) {
    return new SpecAugment(1, maxMels, 1, maxFrames, 0, Style.AST);
  }

  /**
   * EPIC-SOUNDS': warp by 5 frames, two bands below 27 mels, two spans below 25 frames. The warp is
   * the SpecAugment paper's: the point that moves is a frame drawn evenly. (Their script reads a
   * log-mel value where it means a frame.)
   *
   * @see <a href="https://github.com/epic-kitchens/epic-sounds-annotations">spec_augment.py</a>
   */
  public static SpecAugment epicSounds() {
    return new SpecAugment(2, 27, 2, 25, 5, Style.EPIC_SOUNDS);
  }

  /** Changes a window, row-major {@code [frames][mels]}, in place. */
  void apply(float[] window, int mels, RandomGenerator random) {
    int frames = window.length / mels;
    if (warpFrames > 0 && frames > 2 * warpFrames + 2) {
      warp(window, mels, random);
    }
    for (int[] band : spans(frequencyMasks, mels, maxMels, random)) {
      float value = fill(window);
      for (int f = 0; f < frames; f++) {
        Arrays.fill(window, f * mels + band[0], f * mels + band[1], value);
      }
    }
    for (int[] span : spans(timeMasks, frames, maxFrames, random)) {
      Arrays.fill(window, span[0] * mels, span[1] * mels, fill(window));
    }
  }

  private float fill(float[] window) {
    return style == Style.AST ? 0 : mean(window);
  }

  /** At most so many spans {@code [from, until)}, each shorter than {@code limit}. */
  private List<int[]> spans(int count, int length, int limit, RandomGenerator random) {
    List<int[]> spans = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      if (style == Style.AST) {
        spans.add(span(length, limit, random));
        continue;
      }
      int width = limit == 0 ? 0 : random.nextInt(Math.min(limit, length));
      int from = random.nextInt(length - width);
      if (width == 0) {
        break;
      }
      spans.add(new int[] {from, from + random.nextInt(width)});
    }
    return spans;
  }

  /** A span {@code [from, until)} shorter than {@code limit} somewhere in {@code length}. */
  private static int[] span(int length, int limit, RandomGenerator random) {
    double width = random.nextDouble() * Math.min(limit, length);
    int from = (int) (random.nextDouble() * (length - width));
    return new int[] {from, from + (int) width};
  }

  private void warp(float[] window, int mels, RandomGenerator random) {
    int frames = window.length / mels;
    int point = random.nextInt(warpFrames + 1, frames - warpFrames - 1);
    int moved = point + random.nextInt(-warpFrames, warpFrames + 1);
    float[] before = window.clone();
    int last = frames - 1;
    for (int f = 0; f < frames; f++) {
      double source =
          f <= moved
              ? (double) f * point / moved
              : point + (double) (f - moved) * (last - point) / (last - moved);
      int left = Math.min((int) source, last - 1);
      float share = (float) (source - left);
      for (int m = 0; m < mels; m++) {
        float a = before[left * mels + m];
        float b = before[(left + 1) * mels + m];
        window[f * mels + m] = a + share * (b - a);
      }
    }
  }

  private static float mean(float[] window) {
    double sum = 0;
    for (float x : window) {
      sum += x;
    }
    return (float) (sum / window.length);
  }
}
