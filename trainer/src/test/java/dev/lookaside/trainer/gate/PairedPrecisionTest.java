package dev.lookaside.trainer.gate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.gate.Evidence.Sound;
import dev.lookaside.trainer.metric.Ranking;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class PairedPrecisionTest {
  private static double slow(List<Sound> sounds, Function<Sound, float[]> peaks) {
    double[] scores = sounds.stream().mapToDouble(s -> peaks.apply(s)[0]).toArray();
    boolean[] positive = new boolean[scores.length];
    for (int i = 0; i < scores.length; i++) {
      positive[i] = "bird".equals(sounds.get(i).label());
    }
    return Ranking.averagePrecision(scores, positive);
  }

  @Test
  void precisionsAreTheRankings() {
    SeededRandom.forAll(
        PairedPrecisionTest.class,
        100,
        random -> {
          List<Sound> sounds =
              Sounds.of(random, 1 + random.nextInt(9), 1 + random.nextInt(30), 1, 2);
          PairedPrecision.Of bird = new PairedPrecision(sounds).of("bird", 0);
          assertThat(bird.before()).isCloseTo(slow(sounds, s -> s.before().peaks()), within(1e-12));
          assertThat(bird.after()).isCloseTo(slow(sounds, s -> s.after().peaks()), within(1e-12));
        });
  }

  /** Over many draws of sounds the interval must hold the true difference as often as it says. */
  @Test
  void theIntervalHoldsWhatItPromises() {
    List<Sound> many = Sounds.of(SeededRandom.of(1), 4_000, 12_000, .5, 2);
    double truth = slow(many, s -> s.after().peaks()) - slow(many, s -> s.before().peaks());
    int above = 0;
    int below = 0;
    for (int i = 0; i < 200; i++) {
      List<Sound> few = Sounds.of(SeededRandom.of(100 + i), 15, 45, .5, 2);
      Interval interval = new PairedPrecision(few).of("bird", 0).interval(.9);
      above += interval.low() > truth ? 1 : 0;
      below += interval.high() < truth ? 1 : 0;
    }
    // Ten of a hundred on each side, as far as a bootstrap of 60 sounds keeps that.
    assertThat(above).as("truth below the interval").isBetween(5, 40);
    assertThat(below).as("truth above the interval").isBetween(5, 40);
  }

  @Test
  void soundsOfOneRecordingCountOnce() {
    List<Sound> sounds = Sounds.of(SeededRandom.of(3), 6, 20, .5, 1.5);
    List<Sound> torn = sounds.stream().map(PairedPrecisionTest::ofOneRecording).toList();
    PairedPrecision.Of apart = new PairedPrecision(sounds).of("bird", 0);
    PairedPrecision.Of together = new PairedPrecision(torn).of("bird", 0);
    assertThat(together.difference()).isEqualTo(apart.difference());
    assertThat(together.interval(.9)).isNotEqualTo(apart.interval(.9));
  }

  /** One scene, drawn again and again, is the same scene. */
  @Test
  void ofFewRecordingsNothingIsSure() {
    List<Sound> sounds = Sounds.of(SeededRandom.of(3), 6, 20, .5, 1.5);
    List<Sound> scene =
        sounds.stream()
            .map(
                s ->
                    new Sound(
                        s.id(), "scene 0", s.label(), null, s.fromLabel(), s.before(), s.after()))
            .toList();
    PairedPrecision.Of bird = new PairedPrecision(scene).of("bird", 0);
    assertThat(bird.difference()).isEqualTo(new PairedPrecision(sounds).of("bird", 0).difference());
    assertThat(bird.interval(.9)).isEqualTo(new Interval(-1, 1));
    assertThat(new PairedPrecision(scene).of("cat", 0).interval(.9).low()).isNaN();
  }

  private static Sound ofOneRecording(Sound s) {
    String cluster = "bird".equals(s.label()) ? "one recording" : s.cluster();
    return new Sound(s.id(), cluster, s.label(), null, s.fromLabel(), s.before(), s.after());
  }

  @Test
  void aClassThatHasNotChangedHasNoUncertainty() {
    List<Sound> sounds = Sounds.of(SeededRandom.of(3), 6, 20, 1, 2);
    assertThat(new PairedPrecision(sounds).of("drum", 1).interval(.9))
        .isEqualTo(new Interval(0, 0));
    assertThat(new PairedPrecision(sounds).of("cat", 0).after()).isNaN();
  }
}
