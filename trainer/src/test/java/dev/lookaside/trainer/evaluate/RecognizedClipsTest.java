package dev.lookaside.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.trainer.TrainerException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RecognizedClipsTest {
  private static RecognizedClips clips(int... truth) {
    float[][] scores = {{3, 1, 0}, {2, 5, 0}, {4, 1, 0}, {0, 1, 9}};
    float[][] posteriors = {{.75f, .2f, 0}, {.5f, .8f, 0}, {.9f, .1f, 0}, {.1f, .1f, .9f}};
    return new RecognizedClips(
        List.of("door", "bell", "background"),
        List.of("1", "2", "3", "4"),
        scores,
        posteriors,
        truth,
        0);
  }

  @Test
  void redactedClipsAndTheirClassDoNotCount() {
    RecognizedClips all = clips(0, 1, 1, 2);
    assertThat(all.score().top1()).isEqualTo(0.75);
    RecognizedClips redacted = all.without("background");
    assertThat(redacted.ids()).containsExactly("1", "2", "3");
    assertThat(redacted.score().top1()).isEqualTo(2.0 / 3);
    assertThat(redacted.score().meanClassAccuracy()).isEqualTo(0.75);
    assertThat(all.without("unknown").ids()).hasSize(4);
  }

  /** Door is heard at .75 and .9, otherwise .5 at most; bell at .8, otherwise .2 at most. */
  @Test
  void thresholdsStandBetweenWhatIsRightAndWhatIsNot() {
    Map<String, Threshold> chosen = clips(0, 1, 0, 2).calibrated();
    assertThat(chosen).containsOnlyKeys("background", "bell", "door");
    assertThat(chosen.get("bell").on()).isCloseTo(0.5, within(1e-6));
    assertThat(chosen.get("bell").off()).isCloseTo(0.3, within(1e-6));
    assertThat(chosen.get("door").on()).isCloseTo(0.625, within(1e-6));
  }

  @Test
  void clipsWithoutLabelsCannotBeJudged() {
    assertThatThrownBy(() -> clips(0, 1, -1, 0).score())
        .isInstanceOf(TrainerException.class)
        .hasMessage("clip \"3\": has no label to compare with");
  }
}
