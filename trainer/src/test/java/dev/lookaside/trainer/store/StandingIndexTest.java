package dev.lookaside.trainer.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.label.Label;
import java.lang.ref.WeakReference;
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
          try (StandingIndex index = new StandingIndex(10)) {
            List<Label> all = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
              Label label = label(random, i, 60);
              all.add(label);
              index.add(label);
              Map<String, LabelStandings.LabelStanding> slow = LabelStandings.of(all);
              for (Label l : index.recent()) {
                assertThat(index.of(l)).isEqualTo(slow.get(l.id()));
              }
            }
            all.sort(Comparator.comparing(Label::time));
            assertThat(index.recent()).isEqualTo(all.subList(30, 40));
          }
        });
  }

  /** An index that holds labels of one stream, two seconds apart, from NOON on. */
  private static StandingIndex filled(int labels) {
    StandingIndex index = new StandingIndex(50);
    index
        .index()
        .update(
            """
            INSERT INTO labels
            WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            SELECT 'label ' || i, 's1', ?2 + i * 2000000000, ?2 + i * 2000000000 + 900000000,
              'ADD', 'dog', NULL, NULL, NULL, 'ann', ?2 + i * 2000000000, NULL
            FROM n
            """,
            labels,
            Nanos.of(NOON));
    return index;
  }

  /** Labels of a moment long ago and of now, in steps of SQLite. */
  private static long costOfAHundred(StandingIndex index) {
    RandomGenerator random = SeededRandom.of(4);
    return index
        .index()
        .hundredsOfSteps(
            () -> {
              for (int i = 0; i < 50; i++) {
                index.add(label(random, i, 1_000));
                index.add(label(random, 50 + i, 200_000));
              }
            });
  }

  /** Once a second a page looks: what it does must not grow with what has ever been labelled. */
  @Test
  void afterAHundredThousandLabelsOneCostsAsMuchAsAfterAThousand() {
    try (StandingIndex few = filled(1_000);
        StandingIndex many = filled(100_000)) {
      long before = costOfAHundred(few);
      assertThat(costOfAHundred(many)).as("few: %d", before).isLessThan(2 * before + 100);
      assertThat(many.recent()).hasSize(50);
      long judged = many.judged();
      assertThat(judged).isLessThan(1_000);
      many.recent().forEach(many::of);
      assertThat(many.judged()).as("asking judges nothing").isEqualTo(judged);
    }
  }

  @Test
  void onlyTheNewestLabelsStayInMemory() {
    RandomGenerator random = SeededRandom.of(6);
    try (StandingIndex index = new StandingIndex(5)) {
      List<WeakReference<Label>> early = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        Label label = label(random, i, 1_000);
        index.add(label);
        if (i < 290) {
          early.add(new WeakReference<>(label));
        }
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () -> {
                System.gc();
                assertThat(early).allMatch(l -> l.refersTo(null));
              });
      assertThat(index.recent()).hasSize(5);
    }
  }

  @Test
  void aLabelThatIsWrittenTwiceCountsOnce() {
    Label label = label(SeededRandom.of(5), 1, 60);
    try (StandingIndex index = new StandingIndex(10)) {
      index.add(label);
      index.add(label);
      assertThat(index.recent()).containsExactly(label);
      assertThat(index.of(label).standing()).isEqualTo(Standing.USABLE);
    }
  }
}
