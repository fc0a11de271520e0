package dev.lookaside.trainer.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.label.Label;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class StandingIndexTest {
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private static Label label(RandomGenerator random, int number, int seconds) {
    Instant onset = NOON.plusMillis(random.nextInt(seconds * 1000));
    return Label.add(
        new StreamId("s" + random.nextInt(3)),
        random.nextBoolean() ? "dog" : "bird",
        onset,
        onset.plusMillis(200 + random.nextInt(3_000)),
        random.nextBoolean() ? "ann" : "bob",
        NOON.plus(Duration.ofDays(200)).plusSeconds(number),
        Optional.empty());
  }

  @Test
  void theNewestStandAsIfAllWereJudgedTogether() {
    SeededRandom.forAll(
        StandingIndexTest.class,
        100,
        random -> {
          StandingIndex index = new StandingIndex(10);
          List<Label> all = new ArrayList<>();
          for (int i = 0; i < 40; i++) {
            Label label = label(random, i, 60);
            all.add(label);
            index.add(label);
            Map<String, LabelStandings.Stands> slow = LabelStandings.of(all);
            for (Label l : index.recent()) {
              assertThat(index.of(l)).isEqualTo(slow.get(l.id()));
            }
          }
          all.sort(Comparator.comparing(Label::time));
          assertThat(index.recent()).isEqualTo(all.subList(30, 40));
        });
  }

  /** Once a second a page looks: what it does must not grow with what has ever been labelled. */
  @Test
  void ofAHundredThousandLabelsEachIsJudgedWithItsNeighboursAlone() {
    RandomGenerator random = SeededRandom.of(4);
    StandingIndex index = new StandingIndex(50);
    int labels = 100_000;
    for (int i = 0; i < labels; i++) {
      index.add(label(random, i, 10_000_000));
    }
    assertThat(index.judged()).isLessThan(2L * labels);
    assertThat(index.recent()).hasSize(50);
    long before = index.judged();
    index.recent().forEach(index::of);
    assertThat(index.judged()).as("asking judges nothing").isEqualTo(before);
  }
}
