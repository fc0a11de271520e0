package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DetectionMapTest {
  private static Event event(String stream, String label, double onset, double offset) {
    return new Event(stream, label, onset, offset);
  }

  private static ScoredEvent scored(
      String stream, String label, double onset, double offset, double score) {
    return new ScoredEvent(event(stream, label, onset, offset), score);
  }

  @Test
  void twoClassesGiveWhatTheHandGives() {
    List<Event> truth =
        List.of(
            event("a", "water", 0, 4),
            event("b", "water", 10, 14),
            event("a", "cut", 2, 3),
            event("a", "zip", 5, 6),
            event("a", "background", 0, 60));
    List<ScoredEvent> found =
        List.of(
            scored("a", "water", 0, 4, 0.9), // tIoU 1
            scored("a", "water", 1, 4, 0.8), // second of the same event: false
            scored("b", "water", 12, 16, 0.7), // tIoU 2 / 6: right up to .3
            scored("a", "cut", 2, 7, 0.6), // tIoU 1 / 5: right up to .2
            scored("a", "background", 0, 60, 1),
            scored("a", "spray", 0, 1, 1)); // neither is scored

    DetectionMapScore score = DetectionMap.epicSounds(truth, found);

    assertThat(score.classes()).containsOnlyKeys("cut", "water", "zip");
    // Water: recall 1/2 at precision 1, recall 1 at precision 2/3.
    double water = 0.5 + 0.5 * 2 / 3;
    assertThat(score.classes().get("water")).containsExactly(water, water, water, 0.5, 0.5);
    assertThat(score.classes().get("cut")).containsExactly(1.0, 1.0, 0.0, 0.0, 0.0);
    assertThat(score.classes().get("zip")).containsOnly(0.0);
    assertThat(score.map(0)).isCloseTo((water + 1) / 3, within(1e-15));
    assertThat(score.map(4)).isCloseTo(0.5 / 3, within(1e-15));
    assertThat(score.averageMap()).isCloseTo((3 * water + 2 * 0.5 + 2 * 1) / 3 / 5, within(1e-15));
  }

  @Test
  void precisionEnvelopeForgivesAnEarlyFalseAlarm() {
    List<Event> truth = List.of(event("a", "cut", 0, 1), event("a", "cut", 5, 6));
    List<ScoredEvent> found =
        List.of(
            scored("a", "cut", 8, 9, 0.9),
            scored("a", "cut", 0, 1, 0.8),
            scored("a", "cut", 5, 6, 0.7));
    // Precisions 0, 1/2, 2/3: the envelope is 2/3 for both recall steps.
    assertThat(DetectionMap.epicSounds(truth, found).map(4)).isCloseTo(2.0 / 3, within(1e-15));
  }

  @Test
  void aDetectionTakesTheNextBestEventWhenTheBestIsTaken() {
    List<Event> truth = List.of(event("a", "cut", 0, 4), event("a", "cut", 2, 6));
    List<ScoredEvent> found =
        List.of(scored("a", "cut", 0, 4, 0.9), scored("a", "cut", 0.5, 4.5, 0.8));
    assertThat(DetectionMap.epicSounds(truth, found).map(0)).isEqualTo(1);
    assertThat(DetectionMap.epicSounds(truth, found).map(4)).isEqualTo(0.5);
  }

  @Test
  void thirdThresholdIsTheOneOfTheChallenge() {
    assertThat(DetectionMap.epicSoundsThresholds()).containsExactly(0.1, 0.2, 0.1 + 0.2, 0.4, 0.5);
    List<Event> truth = List.of(event("a", "cut", 0, 10));
    List<ScoredEvent> found = List.of(scored("a", "cut", 0, 3, 1));
    assertThat(DetectionMap.epicSounds(truth, found).classes().get("cut"))
        .containsExactly(1.0, 1.0, 0.0, 0.0, 0.0);
  }

  @Test
  void apEqualsThatOfTheScriptsSteps() {
    SeededRandom.forAll(
        getClass(),
        300,
        random -> {
          List<Event> truth = RandomEvents.events(random, 12, 2, 2, 30);
          List<ScoredEvent> found = scored(random, RandomEvents.events(random, 25, 2, 2, 30));
          DetectionMapScore score = DetectionMap.epicSounds(truth, found);
          score
              .classes()
              .forEach(
                  (label, values) -> {
                    List<Event> itsTruth =
                        truth.stream().filter(e -> e.label().equals(label)).toList();
                    List<ScoredEvent> itsFound =
                        found.stream().filter(d -> d.event().label().equals(label)).toList();
                    for (int t = 0; t < values.size(); t++) {
                      double threshold = DetectionMap.epicSoundsThresholds()[t];
                      assertThat(values.get(t))
                          .isCloseTo(byScript(itsTruth, itsFound, threshold), within(1e-12));
                    }
                  });
        });
  }

  private static List<ScoredEvent> scored(RandomGenerator random, List<Event> events) {
    // Coarse, so that scores tie.
    return events.stream().map(e -> new ScoredEvent(e, random.nextInt(10) / 10.0)).toList();
  }

  /** The challenge script's loops, with its sorts made stable. */
  private static double byScript(List<Event> truth, List<ScoredEvent> found, double threshold) {
    int[] order = reversedArgsort(found.stream().mapToDouble(ScoredEvent::score).toArray());
    boolean[] locked = new boolean[truth.size()];
    List<Double> precision = new ArrayList<>(List.of(0.0));
    List<Double> recall = new ArrayList<>(List.of(0.0));
    double tp = 0;
    double fp = 0;
    for (int index : order) {
      Event detection = found.get(index).event();
      List<Integer> inStream =
          IntStream.range(0, truth.size())
              .filter(i -> truth.get(i).stream().equals(detection.stream()))
              .boxed()
              .toList();
      double[] tious =
          inStream.stream().mapToDouble(i -> slowTiou(detection, truth.get(i))).toArray();
      boolean right = false;
      for (int j : reversedArgsort(tious)) {
        if (tious[j] < threshold) {
          break;
        }
        if (!locked[inStream.get(j)]) {
          locked[inStream.get(j)] = true;
          right = true;
          break;
        }
      }
      tp += right ? 1 : 0;
      fp += right ? 0 : 1;
      precision.add(tp / (tp + fp));
      recall.add(tp / truth.size());
    }
    precision.add(0.0);
    recall.add(1.0);
    for (int i = precision.size() - 2; i >= 0; i--) {
      precision.set(i, Math.max(precision.get(i), precision.get(i + 1)));
    }
    double area = 0;
    for (int i = 1; i < recall.size(); i++) {
      area += (recall.get(i) - recall.get(i - 1)) * precision.get(i);
    }
    return area;
  }

  private static int[] reversedArgsort(double[] values) {
    List<Integer> order =
        IntStream.range(0, values.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> values[i]))
            .toList();
    return IntStream.range(0, values.length).map(i -> order.get(values.length - 1 - i)).toArray();
  }

  private static double slowTiou(Event one, Event other) {
    double from = Math.max(one.onsetSeconds(), other.onsetSeconds());
    double until = Math.min(one.offsetSeconds(), other.offsetSeconds());
    double both = Math.max(0, until - from);
    return both / (one.lengthSeconds() + other.lengthSeconds() - both);
  }

  @Test
  void eventsWithoutLengthDoNotMeet() {
    assertThat(DetectionMap.tiou(event("a", "x", 1, 1), event("a", "x", 1, 1))).isZero();
    assertThat(DetectionMap.tiou(event("a", "x", 0, 2), event("a", "x", 1, 3)))
        .isCloseTo(1.0 / 3, within(1e-15));
  }

  @Test
  void noTruthHasNoScoreAndBadThresholdsAreNamed() {
    assertThat(DetectionMap.epicSounds(List.of(), List.of()).averageMap()).isNaN();
    assertThatThrownBy(() -> DetectionMap.of(List.of(), List.of(), new double[] {0}, Set.of()))
        .hasMessage("tiouThresholds \"0.0\": must be above 0 and at most 1");
    assertThatThrownBy(() -> DetectionMap.of(List.of(), List.of(), new double[0], Set.of()))
        .hasMessage("tiouThresholds \"[]\": must not be empty");
    assertThatThrownBy(() -> scored("a", "x", 0, 1, Double.NaN))
        .hasMessage("score \"NaN\": must be a number");
  }
}
