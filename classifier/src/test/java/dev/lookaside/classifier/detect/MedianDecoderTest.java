package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MedianDecoderTest {
  @Test
  void aClickIsFilteredAwayAndAPauseIsFilled() {
    float[] scores = {0, 0, 1, 0, 0, .8f, .9f, .1f, .7f, .6f, 0, 0};
    List<BoxDecoder.Box> boxes = new MedianDecoder(3).boxes(scores, 0.5, 0.5);
    assertThat(boxes).hasSize(1);
    assertThat(boxes.get(0).onsetSeconds()).isEqualTo(2.5);
    assertThat(boxes.get(0).offsetSeconds()).isEqualTo(5.0);
    // Filtered: .8 .8 .7 .6 .6
    assertThat(boxes.get(0).peak()).isCloseTo(0.8, within(1e-6));
    assertThat(boxes.get(0).confidence()).isCloseTo(0.7, within(1e-6));
    assertThat(new MedianDecoder(1).boxes(scores, 0.5, 0.5)).hasSize(3);
  }

  @Test
  void everyValueIsTheMiddleOfItsNeighbours() {
    SeededRandom.forAll(
        MedianDecoderTest.class,
        20,
        random -> {
          int cells = 1 + 2 * random.nextInt(5);
          float[] scores = new float[1 + random.nextInt(30)];
          for (int i = 0; i < scores.length; i++) {
            scores[i] = random.nextInt(8) / 8f;
          }
          float[] found = new MedianDecoder(cells).filtered(scores);
          for (int i = 0; i < scores.length; i++) {
            List<Float> near = new ArrayList<>();
            for (int j = i - cells / 2; j <= i + cells / 2; j++) {
              if (j >= 0 && j < scores.length) {
                near.add(scores[j]);
              }
            }
            float middle = found[i];
            long below = near.stream().filter(x -> x < middle).count();
            long above = near.stream().filter(x -> x > middle).count();
            assertThat(Math.max(below, above)).isLessThanOrEqualTo(near.size() / 2);
          }
        });
  }

  @Test
  void piecesAtAThresholdAreTheBoxesOfIt() {
    float[] scores = {.2f, .9f, .9f, .1f, .1f, .8f, .7f, .9f};
    for (BoxDecoder decoder :
        List.of(
            new MedianDecoder(3), new ChangePointDecoder(ChangePointDecoder.Settings.DEFAULT))) {
      BoxDecoder.Pieces pieces = decoder.pieces(scores, 0.16);
      assertThat(pieces.edgesSeconds()).hasSize(pieces.scores().length + 1).isSorted();
      for (BoxDecoder.Box box : decoder.boxes(scores, 0.16, 0.5)) {
        assertThat(pieces.edgesSeconds()).contains(box.onsetSeconds(), box.offsetSeconds());
      }
    }
  }

  @Test
  void anEvenFilterIsRefused() {
    assertThatThrownBy(() -> new MedianDecoder(4)).hasMessageContaining("median cells \"4\"");
  }
}
