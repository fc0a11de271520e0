package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.lookaside.ingest.SeededRandom;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class LogMelTest {
  private static final double TOLERANCE = 1e-4;

  @ParameterizedTest
  @CsvSource({
    "ast-fbank, tone",
    "ast-fbank, noise",
    "ast-fbank, chirp",
    "ast-fbank, clang",
    "epic-logmel, epic24k"
  })
  void agreesWithTheIndependentImplementation(String id, String clip) {
    FrontEnd frontEnd = FrontEnd.of(id);
    String kind = frontEnd == FrontEnd.AST_FBANK ? ".fbank.npy" : ".epic-logmel.npy";
    float[] expected = Golden.npy(clip + kind);
    float[] found = LogMel.of(frontEnd).clip(Golden.wav(clip + ".wav"));
    assertThat(found).hasSameSizeAs(expected);
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs(expected[i] - found[i]));
    }
    System.out.printf("%s %s: max abs difference %.1e%n", id, clip, worst);
    assertThat(worst).isLessThanOrEqualTo(TOLERANCE);
  }

  @ParameterizedTest
  @EnumSource
  void agreesWithTheSlowDefinition(FrontEnd frontEnd) {
    SeededRandom.forAll(
        LogMelTest.class,
        6,
        random -> {
          float[] clip = Scene.signal(random, random.nextInt(300, 1_500));
          double[][] slow =
              frontEnd == FrontEnd.AST_FBANK
                  ? SlowLogMel.astFbank(clip)
                  : SlowLogMel.epicLogMel(clip);
          float[] fast = LogMel.of(frontEnd).clip(clip);
          assertThat(fast).hasSize(slow.length * frontEnd.mels());
          double worst = 0;
          for (int i = 0; i < fast.length; i++) {
            double expected = slow[i / frontEnd.mels()][i % frontEnd.mels()];
            worst = Math.max(worst, Math.abs(expected - fast[i]));
          }
          assertThat(worst).isLessThan(2e-4);
        });
  }

  @Test
  void theClipMeanOfAstIsVoidBecauseKaldiRemovesTheMeanOfEachFrame() {
    float[] clip = Scene.signal(SeededRandom.of(3), 4_000);
    for (int i = 0; i < clip.length; i++) {
      clip[i] = Math.round(clip[i] * 4096) / 8192f; // sums with the offset stay exact
    }
    float[] shifted = clip.clone();
    for (int i = 0; i < clip.length; i++) {
      shifted[i] += 0.25f;
    }
    LogMel logMel = LogMel.of(FrontEnd.AST_FBANK);
    float[] plain = logMel.clip(clip);
    float[] withOffset = logMel.clip(shifted);
    for (int i = 0; i < plain.length; i++) {
      assertThat(withOffset[i]).isCloseTo(plain[i], offset(1e-5f));
    }
  }

  @ParameterizedTest
  @EnumSource
  void whateverTheSamplesAreTheFeaturesAreFinite(FrontEnd frontEnd) {
    SeededRandom.forAll(
        LogMelTest.class,
        20,
        random -> {
          float[] clip = new float[1_000];
          float scale = (float) Math.pow(10, random.nextDouble(-45, 38.5));
          for (int i = 0; i < clip.length; i++) {
            clip[i] = (random.nextFloat() - 0.5f) * scale;
          }
          for (float value : LogMel.of(frontEnd).clip(clip)) {
            assertThat(value).isFinite().isBetween(-16f, 90f);
          }
        });
  }

  @Test
  void digitalSilenceIsTheFloor() {
    for (float value : LogMel.of(FrontEnd.AST_FBANK).clip(new float[800])) {
      assertThat(value).isEqualTo(-15.942385f);
    }
    for (float value : LogMel.of(FrontEnd.EPIC_LOGMEL).clip(new float[800])) {
      assertThat(value).isEqualTo((float) Math.log(1e-6f));
    }
  }

  @Test
  void countsFramesAsKaldiAndLibrosaDo() {
    LogMel ast = LogMel.of(FrontEnd.AST_FBANK);
    assertThat(ast.frameCount(399)).isZero();
    assertThat(ast.frameCount(400)).isEqualTo(1);
    assertThat(ast.frameCount(559)).isEqualTo(1);
    assertThat(ast.frameCount(560)).isEqualTo(2);
    assertThat(ast.frameCount(160_000)).isEqualTo(998);
    LogMel epic = LogMel.of(FrontEnd.EPIC_LOGMEL);
    assertThat(epic.frameCount(0)).isZero();
    assertThat(epic.frameCount(119)).isEqualTo(1);
    assertThat(epic.frameCount(47_975)).isEqualTo(400);
    assertThat(ast.clip(new float[399])).isEmpty();
    assertThat(epic.clip(new float[0])).isEmpty();
  }

  @Test
  void oneInstanceServesManyThreads() {
    float[] clip = Scene.signal(SeededRandom.of(5), 8_000);
    LogMel logMel = LogMel.of(FrontEnd.AST_FBANK);
    float[] expected = logMel.clip(clip);
    boolean same =
        IntStream.range(0, 64).parallel().allMatch(i -> Arrays.equals(logMel.clip(clip), expected));
    assertThat(same).isTrue();
  }

  @Test
  void logarithmIsRightToAboutAUlp() {
    RandomGenerator random = SeededRandom.of(11);
    for (int i = 0; i < 200_000; i++) {
      float x = Float.intBitsToFloat(random.nextInt(0x00800000, 0x7f800000));
      double exact = Math.log(x);
      float found = NaturalLog.of(x);
      assertThat(Math.abs(found - exact) <= 0.51 * Math.ulp((float) exact) + 1e-9)
          .as("ln %s = %s, found %s", x, exact, found)
          .isTrue();
    }
    assertThat(NaturalLog.of(1)).isZero();
    assertThat(NaturalLog.of(Float.POSITIVE_INFINITY)).isFinite();
    assertThat(NaturalLog.of(Float.NaN)).isFinite();
  }

  @Test
  void levelIsOfTheFrameWithoutItsMean() {
    float[] square = new float[400];
    for (int i = 0; i < square.length; i++) {
      square[i] = 0.3f + (i % 2 == 0 ? 0.1f : -0.1f);
    }
    assertThat(FrameSpectrum.levelDbfs(square, 0, 400)).isCloseTo(-20, offset(1e-4));
    assertThat(FrameSpectrum.levelDbfs(new float[400], 0, 400)).isEqualTo(Double.NEGATIVE_INFINITY);
  }
}
