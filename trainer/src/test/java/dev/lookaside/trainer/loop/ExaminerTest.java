package dev.lookaside.trainer.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.trainer.gate.Said;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExaminerTest {
  /** Two classes, ten cells of 0.1 s; dog's posterior rises by a tenth in each. */
  private static ClipDetections found(DetectedEvent... events) {
    float[][] curve = new float[10][2];
    for (int cell = 0; cell < curve.length; cell++) {
      curve[cell][0] = cell / 10f;
      curve[cell][1] = .05f;
    }
    return new ClipDetections(
        List.of("dog", "cat"), List.of(events), new float[0][], 1, .1, 1, curve, .1);
  }

  @Test
  void onlyWhatOverlapsTheStretchIsSaid() {
    ClipDetections found =
        found(
            new DetectedEvent("dog", 0, .2, .95, .5),
            new DetectedEvent("cat", .25, .5, .8, .5),
            new DetectedEvent("cat", .55, .6, .9, .5),
            new DetectedEvent("dog", .7, 1, .99, .5));
    Said said = Examiner.said(found, "dog", .3, .6);
    assertThat(said.heard()).containsExactly(new Said.Heard("cat", .9));
    assertThat(said.highest()).as("of cells 3 to 5").isEqualTo(.5);
    assertThat(said.words("dog")).isEqualTo("cat (0.90) (dog at most 0.50)");
  }

  @Test
  void aClassThatIsNotKnownHasNoPosterior() {
    Said said = Examiner.said(found(), "siren", 0, 1);
    assertThat(said.heard()).isEmpty();
    assertThat(said.highest()).isNull();
  }

  /** Six classes; a's posterior is .9 in the first cell, then each is a tenth above the last. */
  @Test
  void likelierAreThoseThatStandHigherInTheStretch() {
    float[][] curve = {{.9f, 0, 0, 0, 0, 0}, {0, .1f, .2f, .3f, .4f, .5f}};
    ClipDetections found =
        new ClipDetections(
            List.of("a", "b", "c", "d", "e", "f"), List.of(), new float[0][], 1, .1, 1, curve, .1);
    assertThat(Examiner.likelier(found, "f", .1, .2)).isZero();
    assertThat(Examiner.likelier(found, "a", .1, .2)).isEqualTo(1);
    assertThat(Examiner.likelier(found, "d", .1, .2)).isEqualTo(.4);
    assertThat(Examiner.likelier(found, "d", 0, .2)).isEqualTo(.6);
    assertThat(Examiner.likelier(found, "siren", 0, .2)).isNull();
    assertThat(Examiner.likelier(found(), "dog", 0, 1)).as("of two classes").isNull();
  }
}
