package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FeatureSpecTest {
  /**
   * Detections and adapters carry this number. If the test fails, a feature's value has changed:
   * raise the version beside what was changed and write the new number here.
   */
  @Test
  void fingerprintDoesNotChangeUnnoticed() {
    assertThat(new FeatureSpec(FrontEnd.AST_FBANK, 512, 16).fingerprint())
        .isEqualTo("26f6a9e65394b143737d90873b8514f53fb3142780a9ac2ac2ea36b874108b25");
    assertThat(new FeatureSpec(FrontEnd.EPIC_LOGMEL, 400, 16).fingerprint())
        .isEqualTo("d15199773a2257958b37beae5d893a4bdf4adfe6f778beafe76c6eb38686cce1");
  }

  @Test
  void everyPartOfTheSpecIsInTheFingerprint() {
    Set<String> seen = new HashSet<>();
    for (FrontEnd frontEnd : FrontEnd.values()) {
      for (int windowFrames : new int[] {96, 97}) {
        for (int hopFrames : new int[] {16, 17}) {
          seen.add(new FeatureSpec(frontEnd, windowFrames, hopFrames).fingerprint());
        }
      }
    }
    assertThat(seen).hasSize(8).allMatch(hex -> hex.matches("[0-9a-f]{64}"));
  }

  @Test
  void framesOutsideTheRangeAreNamed() {
    assertThatThrownBy(() -> new FeatureSpec(FrontEnd.AST_FBANK, 0, 1))
        .hasMessage("windowFrames \"0\": must be in 1..65536");
    assertThatThrownBy(() -> new FeatureSpec(FrontEnd.AST_FBANK, 16, 17))
        .hasMessage("hopFrames \"17\": must be in 1..windowFrames (16)");
    assertThatThrownBy(() -> FrontEnd.of("mfcc"))
        .hasMessage("frontend \"mfcc\": must be ast-fbank or epic-logmel");
  }

  @Test
  void secondsFollowFromTheFrames() {
    FeatureSpec spec = new FeatureSpec(FrontEnd.EPIC_LOGMEL, 400, 16);
    assertThat(spec.windowSeconds()).isEqualTo(2.0);
    assertThat(spec.hopSeconds()).isEqualTo(0.08);
  }
}
