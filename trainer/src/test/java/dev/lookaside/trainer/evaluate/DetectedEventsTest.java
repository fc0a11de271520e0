package dev.lookaside.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.trainer.metric.Event;
import java.util.List;
import org.junit.jupiter.api.Test;

class DetectedEventsTest {
  private static final List<Event> TRUTH =
      List.of(
          new Event("one", "door", 1.0, 2.0),
          new Event("one", "door", 5.0, 9.0),
          new Event("one", "bell", 3.2, 3.6),
          new Event("two", "bell", 0.0, 1.0));

  private static ClipDetections found(DetectedEvent... events) {
    float[][] silence = new float[100][2];
    return new ClipDetections(
        List.of("door", "bell"), List.of(events), new float[0][], 1, 0.1, 0.1, silence, 0.1);
  }

  private static DetectedEvent event(String label, double onset, double offset) {
    return new DetectedEvent(label, onset, offset, 0.9, 0.9);
  }

  /** Doors begin within 0.2 s; the first ends 0.5 s late, the second 0.7 s early: 20 % are 0.8. */
  private static DetectedEvents judged() {
    DetectedEvents events = new DetectedEvents(TRUTH);
    events.add(
        "one",
        found(event("door", 1.1, 2.5), event("door", 5.1, 8.3), event("bell", 6.0, 7.0)),
        10);
    return events;
  }

  @Test
  void theDcaseCollarsAskForTheOffsetToo() {
    DetectedEvents events = judged();
    events.add("two", found(), 10);
    DetectedEvents.Score score = events.score();
    // 2 of 4 are found and 2 of 3 are true; with offsets it is 1.
    assertThat(score.events().microF1()).isCloseTo(4.0 / 7, within(1e-12));
    assertThat(score.bothEnds().microF1()).isCloseTo(2.0 / 7, within(1e-12));
    assertThat(score.events().macroF1()).isCloseTo(0.5, within(1e-12));
    assertThat(score.bothEnds().macroF1()).isCloseTo(0.25, within(1e-12));
  }

  @Test
  void segmentsOfASecondAreCompared() {
    DetectedEvents events = judged();
    events.add("two", found(), 10);
    // Door: truly in seconds 1, 5, 6, 7, 8; found in 1, 2, 5, 6, 7, 8. Bell: 3 and 0 of "two";
    // found in 6.
    DetectedEvents.Score score = events.score();
    assertThat(score.segments().microF1()).isCloseTo(2 * 5 / (7.0 + 7), within(1e-12));
    assertThat(score.segments().macroF1()).isCloseTo(10 / 11.0 / 2, within(1e-12));
    // Inserted: door in 2, bell in 6. Deleted: the bells. No second has one of each.
    assertThat(score.segments().errorRate()).isCloseTo(4 / 7.0, within(1e-12));
  }

  /** The bell that no threshold lets pass is ranked, last; F1 does not see it. */
  @Test
  void precisionIsOfAllEventsDownToALowScore() {
    DetectedEvents events = new DetectedEvents(TRUTH);
    DetectedEvent bell = new DetectedEvent("bell", 3.2, 3.6, 0.1, 0.05);
    DetectedEvent door = event("door", 1.0, 2.0);
    events.add("one", found(door), List.of(door, bell), 10);
    events.add("two", found(), 10);
    DetectedEvents.Score score = events.score();
    // Half of the bells and half of the doors, each without a false one before it.
    assertThat(score.map().averageMap()).isCloseTo(0.5, within(1e-12));
    assertThat(score.events().total().found()).isEqualTo(1);
    assertThat(events.ranked()).extracting(e -> e.score()).containsExactly(0.9, 0.05);
  }

  @Test
  void whatCouldNotBeHeardIsNotMissed() {
    DetectedEvents events = judged();
    events.unreadable("two");
    DetectedEvents.Score score = events.score();
    assertThat(score.events().microF1()).isCloseTo(4.0 / 6, within(1e-12));
    assertThat(score.segments().total().truth()).isEqualTo(6);
    assertThat(score.seconds()).isEqualTo(10);
  }
}
