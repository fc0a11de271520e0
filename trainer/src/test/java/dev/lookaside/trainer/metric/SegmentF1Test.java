package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SegmentF1Test {
  private static Event event(String label, double onset, double offset) {
    return new Event("kitchen", label, onset, offset);
  }

  @Test
  void fiveSecondsGiveWhatTheHandGives() {
    // Second:       0    1    2    3    4
    // truth dog     x    x    x
    // truth rain              x    x    x
    // found dog          x    x
    // found cat                         x
    List<Event> truth = List.of(event("dog", 0.5, 2.1), event("rain", 2.9, 5));
    List<Event> found = List.of(event("dog", 1, 3), event("cat", 4.2, 4.3));

    SegmentScore score = SegmentF1.of(truth, found, 1);

    assertThat(score.classes())
        .containsEntry("dog", new Counts(2, 0, 1))
        .containsEntry("rain", new Counts(0, 0, 3))
        .containsEntry("cat", new Counts(0, 1, 0));
    assertThat(score.microF1()).isEqualTo(4.0 / 9);
    assertThat(score.macroF1()).isEqualTo((0.8 + 0) / 2);
    // Second 4: cat for rain. Deletions: dog in 0, rain in 2 and 3.
    assertThat(score.substitutions()).isEqualTo(1);
    assertThat(score.deletions()).isEqualTo(3);
    assertThat(score.insertions()).isZero();
    assertThat(score.errorRate()).isEqualTo(4.0 / 6);
  }

  @Test
  void aSegmentThatAnEventOnlyTouchesAtItsEdgeIsNotActive() {
    List<Event> truth = List.of(event("dog", 1, 2));
    assertThat(SegmentF1.of(truth, List.of(event("dog", 1.9, 2)), 1).microF1()).isEqualTo(1);
    assertThat(SegmentF1.of(truth, List.of(event("dog", 2, 3)), 1).microF1()).isZero();
  }

  @Test
  void twoEventsInOneSegmentCountOnce() {
    List<Event> truth = List.of(event("dog", 0.1, 0.2), event("dog", 0.3, 0.9));
    assertThat(SegmentF1.of(truth, List.of(event("dog", 0.4, 0.5)), 1).total())
        .isEqualTo(new Counts(1, 0, 0));
  }

  @Test
  void aStreamOfAYearCostsNoMoreThanItsEvents() {
    double year = 31_536_000;
    List<Event> truth = List.of(event("fan", 0, year));
    assertThat(SegmentF1.of(truth, List.of(event("fan", year - 10, year)), 0.01).total())
        .isEqualTo(new Counts(1_000, 0, 3_153_600_000L - 1_000));
  }

  @Test
  void countsEqualThoseOfAnEventRoll() {
    SeededRandom.forAll(
        getClass(),
        300,
        random -> {
          List<Event> truth = RandomEvents.events(random, 12, 2, 3, 60);
          List<Event> found = RandomEvents.events(random, 12, 2, 3, 60);
          double segment = 0.25 * (1 + random.nextInt(5));
          assertThat(SegmentF1.of(truth, found, segment))
              .isEqualTo(byRoll(truth, found, segment))
              .satisfies(score -> assertThat(score.errorRate()).isNotNegative());
        });
  }

  /** Segment by segment and label by label. */
  private static SegmentScore byRoll(List<Event> truth, List<Event> found, double segmentSeconds) {
    Set<String> streams = names(truth, found, true);
    Set<String> labels = names(truth, found, false);
    TreeMap<String, Counts> classes = new TreeMap<>();
    long substitutions = 0;
    long deletions = 0;
    long insertions = 0;
    for (String stream : streams) {
      for (int s = 0; s < 100; s++) {
        int refs = 0;
        int founds = 0;
        int both = 0;
        for (String label : labels) {
          boolean isTrue = isActive(truth, stream, label, s, segmentSeconds);
          boolean isFound = isActive(found, stream, label, s, segmentSeconds);
          refs += isTrue ? 1 : 0;
          founds += isFound ? 1 : 0;
          both += isTrue && isFound ? 1 : 0;
          if (isTrue || isFound) {
            Counts counts = new Counts(isTrue && isFound ? 1 : 0, isTrue ? 0 : 1, isFound ? 0 : 1);
            classes.merge(label, counts, Counts::plus);
          }
        }
        substitutions += Math.min(refs, founds) - both;
        deletions += Math.max(0, refs - founds);
        insertions += Math.max(0, founds - refs);
      }
    }
    return new SegmentScore(classes, substitutions, deletions, insertions);
  }

  private static Set<String> names(List<Event> truth, List<Event> found, boolean ofStreams) {
    return Stream.concat(truth.stream(), found.stream())
        .map(ofStreams ? Event::stream : Event::label)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static boolean isActive(
      List<Event> events, String stream, String label, int segment, double segmentSeconds) {
    return events.stream()
        .filter(e -> e.stream().equals(stream) && e.label().equals(label))
        .anyMatch(
            e ->
                e.onsetSeconds() < (segment + 1) * segmentSeconds
                    && e.offsetSeconds() > segment * segmentSeconds);
  }

  @Test
  void nothingHasNoScoreAndBadLengthIsNamed() {
    assertThat(SegmentF1.of(List.of(), List.of(), 1).microF1()).isNaN();
    assertThat(SegmentF1.of(List.of(), List.of(), 1).errorRate()).isNaN();
    assertThat(SegmentF1.of(List.of(event("dog", 1, 2)), List.of(), 1).errorRate())
        .isCloseTo(1, within(0.0));
    assertThatThrownBy(() -> SegmentF1.of(List.of(), List.of(), 0))
        .hasMessage("segmentSeconds \"0.0\": must be finite and above 0");
  }
}
