package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Example 4 of the tests of psds_eval (the reference implementation, MIT licence): its times, and
 * the counts and score that it expects.
 */
class IntersectionCounterTest {
  private static final PsdsCriteria CRITERIA = new PsdsCriteria(0.5, 0.5, 0.3, 1, 0, 100);
  private static final List<String> LABELS = List.of("c1", "c2", "c3", "z4");
  private static final List<Event> TRUTH =
      List.of(
          event("c1", 2, 22),
          event("c1", 43, 64),
          event("c2", 18, 20),
          event("c2", 21, 23),
          event("c2", 25, 27),
          event("c2", 29, 32),
          event("c2", 85, 88),
          event("c3", 35, 58),
          event("z4", 47, 66),
          event("z4", 97, 100));
  private static final List<Event> FOUND =
      List.of(
          event("c1", 9, 25),
          event("c1", 41, 66),
          event("c2", 25, 49),
          event("c2", 74, 82),
          event("c2", 86, 105),
          event("c3", 33, 45),
          event("c3", 46.5, 59),
          event("z4", 4, 11),
          event("z4", 30, 36),
          event("z4", 62, 67));

  private static Event event(String label, double onset, double offset) {
    return new Event("test4.wav", label, onset, offset);
  }

  private static Spans truth(String label) {
    return new Spans(TRUTH.stream().filter(e -> e.label().equals(label)).toList());
  }

  private static IntersectionCounter counter(String label) {
    List<Spans> others = new ArrayList<>();
    for (String other : LABELS) {
      others.add(other.equals(label) ? Spans.NONE : truth(other));
    }
    return new IntersectionCounter(CRITERIA, truth(label), others);
  }

  private static void changeAll(IntersectionCounter counter, String label, int by) {
    for (Event found : FOUND) {
      if (found.label().equals(label)) {
        long from = Spans.micros(found.onsetSeconds());
        counter.change(from, Spans.micros(found.offsetSeconds()), by);
      }
    }
  }

  @Test
  void countsAreThoseOfTheReferenceImplementation() {
    long[] truePositives = {2, 0, 1, 0};
    long[] falsePositives = {0, 3, 0, 2};
    long[][] crossTriggers = {{0, 0, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 0}, {1, 1, 0, 0}};
    for (int c = 0; c < LABELS.size(); c++) {
      IntersectionCounter counter = counter(LABELS.get(c));
      changeAll(counter, LABELS.get(c), 1);
      assertThat(counter.truePositives()).isEqualTo(truePositives[c]);
      assertThat(counter.falsePositives()).isEqualTo(falsePositives[c]);
      assertThat(counter.crossTriggers()).containsExactly(crossTriggers[c]);
    }
  }

  @Test
  void scoreIsThatOfTheReferenceImplementation() {
    List<ScoredEvent> boxes = FOUND.stream().map(event -> new ScoredEvent(event, 1)).toList();
    PsdsCriteria plain = new PsdsCriteria(0.5, 0.5, 0.3, 0, 0, 100);
    PsdsScore score = Psds.ofBoxes(TRUTH, boxes, 280, plain);
    assertThat(score.psds()).isEqualTo(0.5, within(1e-12));
  }

  @Test
  void detectionsThatGoLeaveNothingBehind() {
    for (String label : LABELS) {
      IntersectionCounter counter = counter(label);
      changeAll(counter, label, 1);
      changeAll(counter, label, -1);
      assertThat(counter.truePositives()).isZero();
      assertThat(counter.falsePositives()).isZero();
      assertThat(counter.crossTriggers()).containsOnly(0);
    }
  }
}
