package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LogMelTest {
  @ParameterizedTest
  @CsvSource({
    "ast-fbank, tone, 1e-4",
    "ast-fbank, noise, 1e-4",
    "ast-fbank, chirp, 1e-4",
    "ast-fbank, clang, 1e-4",
    "epic-logmel, epic24k, 1e-4"
  })
  void agreesWithTheIndependentImplementation(String frontEnd, String clip, double tolerance) {
    String kind = frontEnd.equals("ast-fbank") ? ".fbank.npy" : ".epic-logmel.npy";
    float[] expected = Golden.npy(clip + kind);
    float[] found = LogMel.of(FrontEnd.of(frontEnd)).clip(Golden.wav(clip + ".wav"));
    assertThat(found).hasSameSizeAs(expected);
    double worst = 0;
    for (int i = 0; i < expected.length; i++) {
      worst = Math.max(worst, Math.abs(expected[i] - found[i]));
    }
    System.out.printf("%s %s: max abs difference %.1e%n", frontEnd, clip, worst);
    assertThat(worst).isLessThanOrEqualTo(tolerance);
  }
}
