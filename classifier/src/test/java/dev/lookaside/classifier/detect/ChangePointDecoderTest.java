package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.detect.BoxDecoder.Box;
import dev.lookaside.classifier.detect.ChangePointDecoder.Settings;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class ChangePointDecoderTest {
  private static final double CELL = 0.1;

  private static List<Box> boxes(double absolute, double relative, double... scores) {
    float[] curve = new float[scores.length];
    for (int i = 0; i < curve.length; i++) {
      curve[i] = (float) scores[i];
    }
    return new ChangePointDecoder(new Settings(0.4, absolute, relative)).boxes(curve, CELL);
  }

  private static void assertBox(Box box, double onset, double offset, double confidence) {
    assertThat(box.onsetSeconds()).isCloseTo(onset, within(1e-9));
    assertThat(box.offsetSeconds()).isCloseTo(offset, within(1e-9));
    assertThat(box.confidence()).isCloseTo(confidence, within(1e-6));
  }

  @Test
  void aPulseIsABoxWithItsEdgesWhateverItsHeight() {
    for (double height : new double[] {0.9, 0.3, 0.01}) {
      List<Box> boxes = boxes(1, 2, 0, 0, 0, 0, height, height, height, height, height, 0, 0, 0, 0);
      assertBox(boxes.get(0), 0.4, 0.9, height);
      assertThat(boxes.get(0).peak()).isCloseTo(height, within(1e-6));
      assertThat(boxes.subList(1, boxes.size())).allMatch(b -> b.confidence() < 1e-9);
    }
  }

  @Test
  void aClassThatSoundsThroughoutIsTheWholeClip() {
    List<Box> boxes = boxes(1, 2, .8, .8, .8, .8, .8, .8, .8, .8, .8);
    assertThat(boxes).hasSize(1);
    assertBox(boxes.get(0), 0, 0.9, 0.8);
  }

  @Test
  void aShallowPauseJoinsAndADeepOneParts() {
    double[] shallow = {0, 0, 0, 0, 1, 1, 1, 1, .7, .7, .7, .7, 1, 1, 1, 1, 0, 0, 0, 0};
    List<Box> joined = boxes(1, 2, shallow);
    assertBox(joined.get(0), 0.4, 1.6, 10.8 / 12);
    assertThat(boxes(0.2, 2, shallow).get(0).offsetSeconds()).isCloseTo(0.8, within(1e-9));
    assertThat(boxes(1, 1.2, shallow).get(0).offsetSeconds()).isCloseTo(0.8, within(1e-9));
    double[] deep = {0, 0, 0, 0, 1, 1, 1, 1, .1, .1, .1, .1, 1, 1, 1, 1, 0, 0, 0, 0};
    List<Box> parted = boxes(1, 2, deep);
    assertBox(parted.get(0), 0.4, 0.8, 1);
    assertBox(parted.get(1), 1.2, 1.6, 1);
  }

  /** Boxes are in order, do not overlap, lie in the clip, and their mean is that of their cells. */
  @RepeatedTest(50)
  void boxesOfAnyCurveAreSound(RepetitionInfo repetition) {
    SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
    float[] curve = new float[1 + random.nextInt(60)];
    for (int i = 0; i < curve.length; i++) {
      curve[i] = (float) random.nextDouble();
    }
    double step = 0.1 * (1 + random.nextInt(9));
    Settings settings = new Settings(step, random.nextDouble(), 1 + 2 * random.nextDouble());
    double before = 0;
    List<Box> boxes = new ChangePointDecoder(settings).boxes(curve, CELL);
    assertThat(boxes).isNotEmpty();
    for (Box box : boxes) {
      assertThat(box.onsetSeconds()).isGreaterThanOrEqualTo(before);
      assertThat(box.offsetSeconds())
          .isGreaterThan(box.onsetSeconds())
          .isLessThanOrEqualTo(curve.length * CELL + 1e-9);
      assertThat(box.confidence()).isCloseTo(slowMean(curve, box), within(1e-3));
      before = box.offsetSeconds();
    }
  }

  /** The mean by samples of the curve, 10,000 in a box. */
  private static double slowMean(float[] curve, Box box) {
    int samples = 10_000;
    double sum = 0;
    for (int i = 0; i < samples; i++) {
      double share = (i + 0.5) / samples;
      double t = box.onsetSeconds() + share * (box.offsetSeconds() - box.onsetSeconds());
      sum += curve[Math.min(curve.length - 1, (int) (t / CELL))];
    }
    return sum / samples;
  }

  @Test
  void onlyBoxesOfEnoughConfidenceAreEvents() {
    float[][] curve = new float[12][];
    for (int i = 0; i < curve.length; i++) {
      boolean inside = i >= 4 && i < 8;
      curve[i] = new float[] {inside ? 0.6f : 0, inside ? 0.4f : 0};
    }
    ClipDetections clip =
        new ClipDetections(
            List.of("door", "bell"), List.of(), new float[0][], 1, 1, 1, curve, CELL);
    ChangePointDecoder decoder = new ChangePointDecoder(new Settings(0.4, 1, 2));
    assertThat(decoder.decode(clip, new double[] {0.5, 0.5}).events())
        .extracting(DetectedEvent::label)
        .containsExactly("door");
    assertThat(decoder.decode(clip, new double[] {0.5, 0.3}).events())
        .extracting(DetectedEvent::label)
        .containsExactly("door", "bell");
  }

  @Test
  void settingsThatMeanNothingAreRefused() {
    assertThatThrownBy(() -> new Settings(0, 1, 2))
        .isInstanceOf(DetectException.class)
        .hasMessageContaining("step seconds \"0.0\"");
    assertThatThrownBy(() -> new Settings(0.5, Double.NaN, 2)).hasMessageContaining("NaN");
    assertThat(new ChangePointDecoder(Settings.DEFAULT).boxes(new float[0], 1)).isEmpty();
  }
}
