package dev.lookaside.trainer.metric;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EventF1Test {
  private static final String KITCHEN = "kitchen";

  private static Event event(String label, double onset, double offset) {
    return new Event(KITCHEN, label, onset, offset);
  }

  @Test
  void countsOfAHandMadeSceneAreThoseOfTheHand() {
    List<Event> truth =
        List.of(event("dog", 1, 2), event("dog", 5, 6), event("bell", 3, 3.5), event("rain", 7, 9));
    List<Event> found =
        List.of(
            event("dog", 1.15, 2), // 150 ms late: right
            event("dog", 5.25, 6), // 250 ms late: wrong, and the dog at 5 is missed
            event("bell", 2.9, 3.2), // 100 ms early: right
            event("bell", 8, 9), // wrong
            event("cat", 7.1, 9)); // wrong, stands in for the rain

    EventScore score = EventF1.of(truth, found, 0.2);

    assertThat(score.classes())
        .containsEntry("dog", new Counts(1, 1, 1))
        .containsEntry("bell", new Counts(1, 1, 0))
        .containsEntry("rain", new Counts(0, 0, 1))
        .containsEntry("cat", new Counts(0, 1, 0));
    assertThat(score.total()).isEqualTo(new Counts(2, 3, 2));
    assertThat(score.microF1()).isEqualTo(4.0 / 9);
    // dog 1/2, bell 2/3, rain 0; cat has no truth.
    assertThat(score.macroF1()).isEqualTo((0.5 + 2.0 / 3 + 0) / 3);
    // Rain and cat are one substitution, the dog at 5 a deletion, its echo and the bell insertions.
    assertThat(score.substitutions()).isEqualTo(1);
    assertThat(score.errorRate()).isEqualTo((1 + 1 + 2) / 4.0);
    assertThat(score.matches())
        .containsExactly(
            new EventScore.Match(truth.get(2), found.get(2)),
            new EventScore.Match(truth.get(0), found.get(0)));
    assertThat(score.missed()).containsExactly(truth.get(1), truth.get(3));
    assertThat(score.falseAlarms()).containsExactly(found.get(3), found.get(4), found.get(1));
  }

  @Test
  void matchingFindsThePairingThatAGreedyWalkMisses() {
    // Taking the nearest detection for the first event would leave the second without one.
    List<Event> truth = List.of(event("dog", 1.0, 2), event("dog", 1.25, 2));
    List<Event> found = List.of(event("dog", 0.8, 2), event("dog", 1.125, 2));
    assertThat(EventF1.of(truth, found, 0.2).total()).isEqualTo(new Counts(2, 0, 0));
  }

  @Test
  void aSecondDetectionOfOneEventIsAFalseAlarm() {
    List<Event> truth = List.of(event("dog", 1, 2));
    List<Event> found = List.of(event("dog", 1.1, 1.5), event("dog", 0.95, 2));
    EventScore score = EventF1.of(truth, found, 0.2);
    assertThat(score.total()).isEqualTo(new Counts(1, 1, 0));
    assertThat(score.matches().get(0).found()).isEqualTo(found.get(1));
  }

  @Test
  void theCollarItselfIsInside() {
    List<Event> truth = List.of(event("dog", 1, 2));
    assertThat(EventF1.of(truth, List.of(event("dog", 1.25, 2)), 0.25).microF1()).isEqualTo(1);
    double beyond = Math.nextUp(1.25);
    assertThat(EventF1.of(truth, List.of(event("dog", beyond, 2)), 0.25).microF1()).isZero();
  }

  @Test
  void offsetCollarGrowsWithTheTrueLength() {
    List<Event> truth = List.of(event("rain", 0, 10));
    List<Event> found = List.of(event("rain", 0, 8));
    assertThat(EventF1.of(truth, found, Collars.dcase()).microF1()).isEqualTo(1);
    assertThat(EventF1.of(truth, found, Collars.onsetAndOffset(0.2, 0)).microF1()).isZero();
    assertThat(
            EventF1.of(truth, List.of(event("rain", 0, 5)), Collars.onsetAndOffset(0.2, 0.5))
                .microF1())
        .isEqualTo(1);
    assertThat(
            EventF1.of(truth, List.of(event("rain", 0, 4.9)), Collars.onsetAndOffset(0.2, 0.5))
                .microF1())
        .isZero();
  }

  @Test
  void eventsOfDifferentStreamsNeverMeet() {
    List<Event> truth = List.of(new Event("a", "dog", 1, 2));
    List<Event> found = List.of(new Event("b", "dog", 1, 2));
    EventScore score = EventF1.of(truth, found, 0.2);
    assertThat(score.total()).isEqualTo(new Counts(0, 1, 1));
    assertThat(score.substitutions()).isZero();
  }

  @Test
  void nothingExpectedAndNothingFoundHasNoScore() {
    EventScore score = EventF1.of(List.of(), List.of(), 0.2);
    assertThat(score.microF1()).isNaN();
    assertThat(score.macroF1()).isNaN();
    assertThat(score.errorRate()).isNaN();
    assertThat(EventF1.of(List.of(event("dog", 1, 2)), List.of(), 0.2).macroF1()).isZero();
    assertThat(EventF1.of(List.of(), List.of(event("dog", 1, 2)), 0.2).microF1()).isZero();
  }

  @Test
  void tenThousandEventsInOneChainAreMatchedWithoutOverflow() {
    List<Event> truth =
        IntStream.range(0, 10_000).mapToObj(i -> event("dog", 0.25 * i, 0.25 * i + 1)).toList();
    List<Event> found =
        truth.stream().map(e -> event("dog", e.onsetSeconds() + 0.25, 9e3)).toList();
    assertThat(EventF1.of(truth, found, 0.25).total()).isEqualTo(new Counts(10_000, 0, 0));
  }

  @Test
  void countsEqualThoseOfTryingEveryPairing() {
    SeededRandom.forAll(
        getClass(),
        400,
        random -> {
          List<Event> truth = RandomEvents.events(random, 7, 2, 2, 16);
          List<Event> found = RandomEvents.events(random, 7, 2, 2, 16);
          Collars collars =
              random.nextBoolean()
                  ? Collars.onset(0.125 * random.nextInt(6))
                  : Collars.onsetAndOffset(0.125 * random.nextInt(6), random.nextDouble());
          EventScore score = EventF1.of(truth, found, collars);

          int best = most(truth, found, collars, 0, new boolean[found.size()]);
          assertThat(score.total())
              .isEqualTo(new Counts(best, found.size() - best, truth.size() - best));
          for (String label : score.classes().keySet()) {
            List<Event> itsTruth = truth.stream().filter(e -> e.label().equals(label)).toList();
            List<Event> itsFound = found.stream().filter(e -> e.label().equals(label)).toList();
            int its = most(itsTruth, itsFound, collars, 0, new boolean[itsFound.size()]);
            assertThat(score.classes().get(label))
                .isEqualTo(new Counts(its, itsFound.size() - its, itsTruth.size() - its));
          }
        });
  }

  @Test
  void everyEventIsInOnePlaceAndOrderDoesNotMatter() {
    SeededRandom.forAll(
        getClass(),
        200,
        random -> {
          List<Event> truth = RandomEvents.events(random, 40, 3, 3, 80);
          List<Event> found = RandomEvents.events(random, 40, 3, 3, 80);
          EventScore score = EventF1.of(truth, found, Collars.onset(0.25));
          List<Event> truthAgain = new ArrayList<>(score.missed());
          List<Event> foundAgain = new ArrayList<>(score.falseAlarms());
          for (EventScore.Match match : score.matches()) {
            truthAgain.add(match.truth());
            foundAgain.add(match.found());
            assertThat(match.truth().stream()).isEqualTo(match.found().stream());
            assertThat(match.truth().label()).isEqualTo(match.found().label());
            assertThat(Math.abs(match.found().onsetSeconds() - match.truth().onsetSeconds()))
                .isLessThanOrEqualTo(0.25);
          }
          assertThat(truthAgain).containsExactlyInAnyOrderElementsOf(truth);
          assertThat(foundAgain).containsExactlyInAnyOrderElementsOf(found);
          EventScore other =
              EventF1.of(
                  RandomEvents.shuffled(random, truth),
                  RandomEvents.shuffled(random, found),
                  Collars.onset(0.25));
          assertThat(other).isEqualTo(score);
        });
  }

  /** Best number of pairs by trying all of them. */
  private static int most(
      List<Event> truth, List<Event> found, Collars collars, int next, boolean[] used) {
    if (next == truth.size()) {
      return 0;
    }
    Event event = truth.get(next);
    int best = most(truth, found, collars, next + 1, used);
    for (int i = 0; i < found.size(); i++) {
      Event other = found.get(i);
      double onset = Math.abs(other.onsetSeconds() - event.onsetSeconds());
      double offset = Math.abs(other.offsetSeconds() - event.offsetSeconds());
      double allowed =
          Math.max(
              collars.offsetSeconds(),
              collars.offsetShare() * (event.offsetSeconds() - event.onsetSeconds()));
      if (!used[i]
          && other.stream().equals(event.stream())
          && other.label().equals(event.label())
          && onset <= collars.onsetSeconds()
          && (!collars.offsetMatters() || offset <= allowed)) {
        used[i] = true;
        best = Math.max(best, 1 + most(truth, found, collars, next + 1, used));
        used[i] = false;
      }
    }
    return best;
  }

  @Test
  void badTimesAreNamed() {
    assertThatThrownBy(() -> event("dog", Double.NaN, 2))
        .hasMessage("onsetSeconds \"NaN\": must be finite");
    assertThatThrownBy(() -> event("dog", 3, 2))
        .hasMessage("offsetSeconds \"2.0\": must be finite and not before onsetSeconds \"3.0\"");
    assertThatThrownBy(() -> Collars.onset(-0.1))
        .hasMessage("onsetSeconds \"-0.1\": must be finite and 0 or more");
    assertThatThrownBy(() -> Collars.onsetAndOffset(0.2, 2))
        .hasMessage("offsetShare \"2.0\": must be 0 to 1");
    assertThatThrownBy(() -> new Counts(1, -1, 0))
        .hasMessage("falsePositives \"-1\": must be 0 or more");
  }
}
