package dev.lookaside.trainer.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class AugmentationTest {
  private static final int MELS = 128;
  private static final int FRAMES = 96;
  private static final int RATE_HZ = 16_000;

  private static float[] noise(long seed, int length, double level) {
    RandomGenerator random = SeededRandom.of(seed);
    float[] samples = new float[length];
    for (int i = 0; i < length; i++) {
      samples[i] = (float) (level * random.nextGaussian());
    }
    return samples;
  }

  private static double rms(float[] samples) {
    double sum = 0;
    for (float x : samples) {
      sum += (double) x * x;
    }
    return Math.sqrt(sum / samples.length);
  }

  @Test
  void masksAreOneBandAndOneSpanBelowTheirLimits() {
    SeededRandom.forAll(
        AugmentationTest.class,
        200,
        random -> {
          float[] window = new float[FRAMES * MELS];
          Arrays.fill(window, -5);
          SpecAugment.ast(24, 18).apply(window, MELS, random);
          boolean[] frames = new boolean[FRAMES];
          boolean[] mels = new boolean[MELS];
          for (int f = 0; f < FRAMES; f++) {
            frames[f] = masked(window, f * MELS, 1, MELS);
          }
          for (int m = 0; m < MELS; m++) {
            mels[m] = masked(window, m, MELS, FRAMES);
          }
          assertThat(runs(frames)).isLessThanOrEqualTo(1);
          assertThat(runs(mels)).isLessThanOrEqualTo(1);
          assertThat(count(frames)).isLessThan(18);
          assertThat(count(mels)).isLessThan(24);
          for (int i = 0; i < window.length; i++) {
            float expected = frames[i / MELS] || mels[i % MELS] ? 0 : -5;
            assertThat(window[i]).isEqualTo(expected);
          }
        });
  }

  private static boolean masked(float[] window, int from, int step, int count) {
    for (int i = 0; i < count; i++) {
      if (window[from + i * step] != 0) {
        return false;
      }
    }
    return true;
  }

  private static int runs(boolean[] marks) {
    int runs = 0;
    for (int i = 0; i < marks.length; i++) {
      runs += marks[i] && (i == 0 || !marks[i - 1]) ? 1 : 0;
    }
    return runs;
  }

  private static int count(boolean[] marks) {
    int count = 0;
    for (boolean mark : marks) {
      count += mark ? 1 : 0;
    }
    return count;
  }

  @Test
  void epicSoundsFillsWithTheMeanAndWarpsTimeWithinFiveFrames() {
    SeededRandom.forAll(
        AugmentationTest.class,
        50,
        random -> {
          float[] window = new float[FRAMES * MELS];
          for (int i = 0; i < window.length; i++) {
            window[i] = i / MELS;
          }
          new SpecAugment(0, 0, 0, 0, 5, SpecAugment.Style.EPIC_SOUNDS).apply(window, MELS, random);
          for (int f = 0; f < FRAMES; f++) {
            assertThat(window[f * MELS]).isCloseTo(f, within(5.001f));
            assertThat(window[f * MELS + 7]).isEqualTo(window[f * MELS]);
          }
          assertThat(window[0]).isZero();
          assertThat(window[window.length - 1]).isCloseTo(FRAMES - 1f, within(1e-4f));
        });
  }

  @Test
  void epicSoundsHasItsScriptsNumbers() {
    assertThat(SpecAugment.epicSounds())
        .isEqualTo(new SpecAugment(2, 27, 2, 25, 5, SpecAugment.Style.EPIC_SOUNDS));
  }

  /** Every cell of the window is another number, so what was masked can be seen. */
  private static float[] ramp() {
    float[] window = new float[FRAMES * MELS];
    for (int i = 0; i < window.length; i++) {
      window[i] = i / 1000f;
    }
    return window;
  }

  /** Which rows (or columns) of a window are not what they were. */
  private static boolean[] changed(
      float[] before, float[] after, int outer, int inner, int lines, int cells) {
    boolean[] changed = new boolean[lines];
    for (int l = 0; l < lines; l++) {
      changed[l] = true;
      for (int c = 0; c < cells; c++) {
        int at = l * outer + c * inner;
        changed[l] &= before[at] != after[at];
      }
    }
    return changed;
  }

  @Test
  void epicSoundsMasksTwoBandsAndTwoSpansBelowTheirLimits() {
    SpecAugment still = new SpecAugment(2, 27, 2, 25, 0, SpecAugment.Style.EPIC_SOUNDS);
    int[] mostRuns = new int[2];
    SeededRandom.forAll(
        AugmentationTest.class,
        300,
        random -> {
          float[] window = ramp();
          still.apply(window, MELS, random);
          boolean[] frames = changed(ramp(), window, MELS, 1, FRAMES, MELS);
          boolean[] mels = changed(ramp(), window, 1, MELS, MELS, FRAMES);
          assertThat(runs(frames)).isLessThanOrEqualTo(2);
          assertThat(runs(mels)).isLessThanOrEqualTo(2);
          // A width is 24 (26) at most, and its end is drawn before that.
          assertThat(count(frames)).isLessThanOrEqualTo(2 * 23);
          assertThat(count(mels)).isLessThanOrEqualTo(2 * 25);
          mostRuns[0] = Math.max(mostRuns[0], runs(frames));
          mostRuns[1] = Math.max(mostRuns[1], runs(mels));
        });
    assertThat(mostRuns).containsExactly(2, 2);
  }

  /** Of a width below 27 the end is drawn again: (0 + ... + 25) / 2 / 27 mels on average. */
  @Test
  void epicSoundsDrawsTheEndOfAMaskAgainAndFillsItWithTheMean() {
    SpecAugment one = new SpecAugment(1, 27, 0, 0, 0, SpecAugment.Style.EPIC_SOUNDS);
    RandomGenerator random = SeededRandom.of(3);
    double sum = 0;
    int draws = 3000;
    for (int i = 0; i < draws; i++) {
      float[] window = ramp();
      one.apply(window, MELS, random);
      int masked = 0;
      for (int m = 0; m < MELS; m++) {
        boolean hidden = window[m] == window[MELS + m];
        masked += hidden ? 1 : 0;
        assertThat(window[m])
            .isCloseTo(hidden ? (FRAMES * MELS - 1) / 2000f : m / 1000f, within(1e-3f));
      }
      sum += masked;
    }
    assertThat(sum / draws).isCloseTo(325 / 2.0 / 27, within(0.4));
  }

  @Test
  void gainStaysWithinItsLimit() {
    Augmentation gain = new Augmentation(false, 6, Optional.empty(), 0, Optional.empty(), false);
    double lowest = 1;
    double highest = 1;
    for (int seed = 0; seed < 100; seed++) {
      float[] samples = noise(1, 100, 0.1);
      double before = rms(samples);
      gain.applyToWaveform(samples, new SplittableRandom(seed));
      lowest = Math.min(lowest, rms(samples) / before);
      highest = Math.max(highest, rms(samples) / before);
    }
    assertThat(lowest).isBetween(0.501, 0.55);
    assertThat(highest).isBetween(1.8, 1.996);
  }

  @Test
  void backgroundLiesBelowTheClipByTheRatioDrawn() {
    SeededRandom.forAll(
        AugmentationTest.class,
        30,
        random -> {
          float[] samples = noise(2, 4000, 0.1);
          float[] before = samples.clone();
          Pcm bed = new Pcm(RATE_HZ, noise(3, 1500, 0.7));
          new Augmentation(
                  false,
                  0,
                  Optional.of(new Augmentation.Background(List.of(bed), 10, 10, 1)),
                  0,
                  Optional.empty(),
                  false)
              .applyToWaveform(samples, random);
          float[] added = new float[samples.length];
          for (int i = 0; i < added.length; i++) {
            added[i] = samples[i] - before[i];
          }
          assertThat(20 * Math.log10(rms(before) / rms(added))).isCloseTo(10, within(0.01));
        });
  }

  @Test
  void mixupSharesAreBetaTenTen() {
    SplittableRandom random = new SplittableRandom(5);
    List<Double> shares = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      shares.add(Augmentation.mixShare(random));
    }
    double mean = shares.stream().mapToDouble(s -> s).average().orElse(0);
    double variance = shares.stream().mapToDouble(s -> (s - mean) * (s - mean)).average().orElse(0);
    assertThat(mean).isCloseTo(0.5, within(0.01));
    // a b / ((a + b)^2 (a + b + 1)) of Beta(10, 10)
    assertThat(variance).isCloseTo(100.0 / (400 * 21), within(0.001));
  }

  @Test
  void mixupAddsTheOtherClipCutOrPaddedAndLeavesNoMean() {
    float[] samples = {1, 2, 3, 6};
    Augmentation.mix(samples, new float[] {4, 0}, 0.75);
    float[] expected = {-1.5f + 0.5f, -0.75f - 0.5f, 0, 2.25f};
    assertThat(samples).containsExactly(expected, within(1e-6f));
    float[] longer = {1, -1};
    Augmentation.mix(longer, new float[] {1, 3, 2, 2}, 0.5);
    assertThat(longer).containsExactly(new float[] {0, 0}, within(1e-6f));
  }

  @Test
  void noiseAndRollTurnTheWindowByUpToTenFrames() {
    WindowSpec spec = new WindowSpec(FrontEnd.AST_FBANK, FRAMES, 0, 0.5f);
    Augmentation roll = new Augmentation(false, 0, Optional.empty(), 0, Optional.empty(), true);
    List<Float> strengths = new ArrayList<>();
    SeededRandom.forAll(
        AugmentationTest.class,
        50,
        random -> {
          float[] window = new float[FRAMES * MELS];
          Arrays.fill(window, 40 * MELS, 41 * MELS, 100);
          roll.finish(window, spec, random);
          int loud = -1;
          float strongest = 0;
          float sum = 0;
          for (int f = 0; f < FRAMES; f++) {
            if (window[f * MELS] > 50) {
              assertThat(loud).isEqualTo(-1);
              loud = f;
            } else {
              for (int m = 0; m < MELS; m++) {
                assertThat(window[f * MELS + m]).isBetween(0f, 0.1f);
                strongest = Math.max(strongest, window[f * MELS + m]);
                sum += window[f * MELS + m];
              }
            }
          }
          assertThat(loud).isBetween(30, 49);
          // Even between 0 and a strength that is drawn for each window.
          assertThat(sum / ((FRAMES - 1) * MELS))
              .isCloseTo(strongest / 2, within(0.02f * strongest));
          strengths.add(strongest);
        });
    assertThat(Collections.max(strengths)).isBetween(0.08f, 0.1f);
    assertThat(Collections.min(strengths)).isBetween(1e-6f, 0.02f);
  }

  @Test
  void theSameSeedGivesTheSameExampleAndAnotherSeedAnother() {
    ClipSet clips =
        ClipSet.read(
            FrontEnd.AST_FBANK,
            List.of("a", "b"),
            List.of(
                new Clip("a1", 0, () -> new Pcm(RATE_HZ, noise(1, 20_000, 0.1))),
                new Clip("b1", 1, () -> new Pcm(RATE_HZ, noise(2, 30_000, 0.1)))),
            true);
    WindowSpec spec = new WindowSpec(FrontEnd.AST_FBANK, FRAMES, -6, 5);
    Augmentation all =
        new Augmentation(
            true,
            6,
            Optional.of(
                new Augmentation.Background(
                    List.of(new Pcm(RATE_HZ, noise(3, 9000, 0.1))), 5, 20, 0.5)),
            0.5,
            Optional.of(SpecAugment.epicSounds()),
            true);
    ClipExamples one = new ClipExamples(clips, spec, false, all);
    ClipExamples two = new ClipExamples(clips, spec, false, all);
    boolean mixed = false;
    for (int seed = 0; seed < 20; seed++) {
      Example a = one.example(seed % 2, new SplittableRandom(seed));
      Example b = two.example(seed % 2, new SplittableRandom(seed));
      Example c = two.example(seed % 2, new SplittableRandom(seed + 100));
      assertThat(a.window()).isEqualTo(b.window()).isNotEqualTo(c.window());
      assertThat(a.targets()).isEqualTo(b.targets());
      assertThat(a.targets()[0] + a.targets()[1]).isCloseTo(1, within(1e-6f));
      mixed |= a.targets()[0] > 0 && a.targets()[1] > 0;
    }
    assertThat(mixed).isTrue();
  }

  @Test
  void valuesOutsideTheirRangeAreNamed() {
    assertThatThrownBy(
            () -> new Augmentation(false, -1, Optional.empty(), 0, Optional.empty(), false))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("gain \"-1.0\"");
    assertThatThrownBy(() -> SpecAugment.ast(-3, 1)).hasMessageContaining("mask mels \"-3\"");
  }
}
