package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.KafkaSource.Credit;
import dev.lookaside.ingest.KafkaSource.Refused;
import dev.lookaside.ingest.KafkaSource.Settled;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** The source under random events, see {@link SourceHarness}. */
class KafkaSourceSimulationTest {
  private static final StreamId YARD = new StreamId("yard");

  /**
   * Random audio, poison, consumption, settling, letter answers and rebalances: room is never
   * overdrawn, order is kept, every record arrives or is refused, and no commit passes a record
   * that is still needed.
   */
  @Test
  void invariantsHoldWhateverHappens() {
    SeededRandom.forAll(KafkaSourceSimulationTest.class, 25, KafkaSourceSimulationTest::simulate);
  }

  private static void simulate(RandomGenerator random) {
    int room = 1 + random.nextInt(6);
    SourceHarness source =
        SourceHarness.assigned(
            "source.credit-records = %d\nsource.max-letters = 3".formatted(room), 0);
    Assignment tenure = source.tenure(0);
    Set<Long> needed = new HashSet<>();
    Set<Long> lettersOut = new HashSet<>();
    int taken = 0;
    int givenBack = 0;
    long next = 0;
    for (int step = 0; step < 120; step++) {
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          boolean poison = random.nextInt(4) == 0;
          if (poison) {
            source.addPoison(0, next, "yard", 4);
            lettersOut.add(next);
          } else {
            source.add(0, next, "yard", 4);
          }
          needed.add(next);
          next++;
          source.poll();
        }
        case 2 -> {
          if (taken > givenBack) {
            givenBack++;
            source.tell(new Credit(tenure, 1, 4));
          }
        }
        case 3 -> {
          List<Long> arrived = source.arrivedOffsets();
          if (!arrived.isEmpty()) {
            long until = arrived.get(random.nextInt(arrived.size()));
            source.tell(new Settled(tenure, YARD, until));
            needed.removeIf(o -> o < until && arrived.contains(o));
          }
        }
        case 4 -> {
          if (source.producer.completeNext()) {
            source.settle();
            lettersOut.stream()
                .sorted()
                .findFirst()
                .ifPresent(
                    o -> {
                      lettersOut.remove(o);
                      needed.remove(o);
                    });
          }
        }
        default -> source.tick(1_000);
      }
      taken = source.arrivedOffsets().size();
      assertThat(taken - givenBack).isLessThanOrEqualTo(room);
      assertThat(source.arrivedOffsets()).isSorted().doesNotHaveDuplicates();
      long oldestNeeded = needed.stream().mapToLong(o -> o).min().orElse(next);
      assertThat(source.committed(0).orElse(0L)).isLessThanOrEqualTo(oldestNeeded);
    }
    for (int i = 0; i < 130; i++) {
      source.tell(new Credit(tenure, 1, 4));
      source.producer.completeNext();
      source.poll();
    }
    source.tell(new Settled(tenure, YARD, Long.MAX_VALUE));
    source.tick(1_000);
    assertThat(source.arrivedOffsets().size() + source.events(Refused.class).count())
        .isEqualTo(next);
    assertThat(source.committed(0).orElse(0L)).isEqualTo(next);
  }
}
