package dev.lookaside.trainer.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RecordingExamplesTest {
  private static final int RATE_HZ = 24_000;
  private static final List<String> LABELS = List.of("bell", "door");
  private static final Augmentation SHIFTED =
      new Augmentation(true, 0, Optional.empty(), 0, Optional.empty(), false);

  private static float[] noise(int seed, int samples) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] noise = new float[samples];
    for (int i = 0; i < samples; i++) {
      noise[i] = (float) (random.nextDouble() - 0.5);
    }
    return noise;
  }

  private static TimedRecording recording(String name, float[] samples, LabelledEvent... events) {
    return new TimedRecording(
        name,
        RATE_HZ,
        samples.length,
        (from, until) -> Arrays.copyOfRange(samples, (int) from, (int) until),
        List.of(events));
  }

  private static RecordingExamples examples(
      FrontEnd frontEnd, RecordingExamples.Plan plan, Augmentation vary, TimedRecording... all) {
    RecordingSet set = new RecordingSet(frontEnd, LABELS, List.of(all));
    WindowSpec spec = new WindowSpec(frontEnd, 64, 0, 0.5f);
    return new RecordingExamples(set, spec, true, plan, vary);
  }

  private static RecordingExamples.Plan hop(int frames) {
    return new RecordingExamples.Plan(frames, Integer.MAX_VALUE, 1);
  }

  /** Both front ends, with and without resampling, at the start, in the middle and at the end. */
  @Test
  void aWindowHasTheBitsOfTheWholeRecordingsLogMel() {
    float[] samples = noise(1, 3 * RATE_HZ + 77);
    for (FrontEnd frontEnd : FrontEnd.values()) {
      float[] whole =
          LogMel.of(frontEnd).clip(Resampler.of(RATE_HZ, frontEnd.rateHz()).clip(samples));
      int mels = frontEnd.mels();
      RecordingExamples all =
          examples(frontEnd, hop(23), Augmentation.NONE, recording("r", samples));
      int frames = whole.length / mels;
      assertThat(all.size()).isEqualTo(1 + (frames - 64) / 23);
      for (int i = 0; i < all.size(); i++) {
        Example e = all.epoch(0).example(i, new SplittableRandom(1));
        float[] expected = Arrays.copyOfRange(whole, i * 23 * mels, (i * 23 + 64) * mels);
        assertThat(e.window()).as("%s window %d", frontEnd, i).isEqualTo(expected);
        assertThat(e.weights()).containsOnly(1);
        assertThat(e.key()).isEqualTo(i);
      }
      TimedRecording recording = recording("r", samples);
      float[] last = recording.logMel(frontEnd, frames - 5, 5);
      assertThat(last).isEqualTo(Arrays.copyOfRange(whole, (frames - 5) * mels, whole.length));
    }
  }

  @Test
  void aColumnIsWantedForTheShareOfItsTimeInWhichAClassSounds() {
    TimedRecording first = recording("a", noise(1, 30_000));
    // Columns of 16 frames of 5 ms: the event covers half of the third and all of the fourth.
    TimedRecording second =
        recording("b", noise(2, 30_000), new LabelledEvent("door", 0.195, 0.315));
    RecordingExamples all =
        examples(FrontEnd.EPIC_LOGMEL, hop(64), Augmentation.NONE, first, second);
    int perRecording = all.size() / 2;
    Example silent = all.epoch(0).example(0, new SplittableRandom(1));
    assertThat(silent.targets()).containsOnly(0);
    Example e = all.epoch(0).example(perRecording, new SplittableRandom(1));
    assertThat(e.name()).isEqualTo("b frame 0");
    assertThat(e.targets()[2 * 2 + 1]).isCloseTo(0.5f, within(1e-5f));
    assertThat(e.targets()[3 * 2 + 1]).isCloseTo(1, within(1e-5f));
    assertThat(e.targets()[0 * 2 + 1] + e.targets()[1 * 2 + 1]).isZero();
  }

  @Test
  void aRecordingShorterThanAWindowIsPaddedAndPaddingHasNoWeight() {
    // 21 frames: two columns are heard, the second one partly.
    TimedRecording shorter = recording("a", noise(1, 2_400), new LabelledEvent("bell", 0, 0.1));
    RecordingExamples all = examples(FrontEnd.EPIC_LOGMEL, hop(16), SHIFTED, shorter);
    assertThat(all.size()).isEqualTo(1);
    Example e = all.epoch(3).example(0, new SplittableRandom(1));
    assertThat(e.weights()).containsExactly(1, 1, 0, 0);
    // Frames are centred: the first begins half a frame, a sixteenth of a column, before the sound.
    assertThat(e.targets()[0]).isEqualTo(15 / 16f);
    assertThat(e.key()).isEqualTo(Example.VARIES);
  }

  @Test
  void epochsBeginAtOtherFramesAndAreTheSameForTheSameNumber() {
    TimedRecording long1 = recording("a", noise(1, 60_000));
    RecordingExamples all = examples(FrontEnd.EPIC_LOGMEL, hop(64), SHIFTED, long1);
    List<String> names = new ArrayList<>();
    for (int epoch = 0; epoch < 8; epoch++) {
      names.add(all.epoch(epoch).example(1, new SplittableRandom(1)).name());
      assertThat(all.epoch(epoch).example(1, new SplittableRandom(1)).name())
          .isEqualTo(names.get(epoch));
      // The last window reaches no further than the recording.
      assertThat(all.epoch(epoch).example(all.size() - 1, new SplittableRandom(1)).weights())
          .containsOnly(1);
    }
    assertThat(names.stream().distinct().count()).isGreaterThan(4);
  }

  @Test
  void aLimitSpreadsWindowsOverAllRecordings() {
    TimedRecording a = recording("a", noise(1, 60_000));
    TimedRecording b = recording("b", noise(2, 60_000));
    RecordingExamples four =
        examples(
            FrontEnd.EPIC_LOGMEL, new RecordingExamples.Plan(8, 4, 1), Augmentation.NONE, a, b);
    assertThat(four.size()).isEqualTo(4);
    assertThat(
            List.of(0, 1, 2, 3).stream()
                .map(i -> four.epoch(0).example(i, new SplittableRandom(1)).name())
                .map(name -> name.substring(0, 1)))
        .containsExactly("a", "a", "b", "b");
    assertThat(four.identity())
        .isNotEqualTo(examples(FrontEnd.EPIC_LOGMEL, hop(8), Augmentation.NONE, a, b).identity());
  }

  @Test
  void statisticsAreOfTheLogMel() {
    float[] samples = noise(1, 48_000);
    FrontEnd frontEnd = FrontEnd.EPIC_LOGMEL;
    RecordingSet set = new RecordingSet(frontEnd, LABELS, List.of(recording("a", samples)));
    float[] logMel = LogMel.of(frontEnd).clip(samples);
    int counted = logMel.length / 128 / 64 * 64 * 128;
    double mean = 0;
    for (int i = 0; i < counted; i++) {
      mean += logMel[i] / (double) counted;
    }
    assertThat(set.statistics(64).mean()).isCloseTo((float) mean, within(1e-4f));
  }

  @Test
  void whatCannotBeUsedIsNamed() {
    TimedRecording odd = recording("a", noise(1, 2_400), new LabelledEvent("whistle", 0, 0.1));
    assertThatThrownBy(() -> new RecordingSet(FrontEnd.AST_FBANK, LABELS, List.of(odd)))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("a: label \"whistle\": must be one of [bell, door]");
    TimedRecording tiny = recording("b", noise(1, 100));
    assertThatThrownBy(() -> new RecordingSet(FrontEnd.AST_FBANK, LABELS, List.of(tiny)))
        .hasMessageContaining("b: samples \"100\": must be a frame of ast-fbank or more");
    assertThatThrownBy(() -> new RecordingSet(FrontEnd.AST_FBANK, LABELS, List.of()))
        .hasMessageContaining("recordings \"0\"");
    assertThatThrownBy(() -> hop(0)).hasMessageContaining("hop frames \"0\"");
  }
}
