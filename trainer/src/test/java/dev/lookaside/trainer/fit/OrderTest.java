package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Example;
import dev.lookaside.trainer.example.ExampleSource;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OrderTest {
  private static final int SIZE = 1200;

  /** One example in twelve is of class 1, none of class 2, the others of classes 0 and 3. */
  private static final ExampleSource.Epoch UNEVEN =
      epoch(IntStream.range(0, SIZE).map(i -> i % 12 == 0 ? 1 : i < 200 ? 3 : 0).toArray());

  private static ExampleSource.Epoch epoch(int[] labels) {
    return new ExampleSource.Epoch() {
      @Override
      public int label(int index) {
        return labels[index];
      }

      @Override
      public Example example(int index, RandomGenerator random) {
        throw new AssertionError("an order needs no example");
      }
    };
  }

  @Test
  void givenIsTheOrderOfTheSource() {
    int[] indices = Order.GIVEN.indices(UNEVEN, SIZE, 1, 0);
    assertThat(indices).containsExactly(IntStream.range(0, SIZE).toArray());
  }

  @Test
  void shuffledHasEveryExampleOnceAndAnotherOrderInEveryEpoch() {
    int[] first = Order.SHUFFLED.indices(UNEVEN, SIZE, 1, 0);
    assertThat(Order.SHUFFLED.indices(UNEVEN, SIZE, 1, 0)).containsExactly(first);
    assertThat(Order.SHUFFLED.indices(UNEVEN, SIZE, 1, 1)).isNotEqualTo(first);
    assertThat(Order.SHUFFLED.indices(UNEVEN, SIZE, 2, 0)).isNotEqualTo(first);
    int[] sorted = first.clone();
    Arrays.sort(sorted);
    assertThat(sorted).containsExactly(IntStream.range(0, SIZE).toArray());
  }

  @Test
  void balancedDrawsEveryClassEquallyOften() {
    int[] counts = new int[4];
    for (int index : Order.BALANCED.indices(UNEVEN, SIZE, 1, 0)) {
      counts[UNEVEN.label(index)]++;
    }
    // 400 of each class that there is; four standard deviations are 65.
    assertThat(counts[0]).isBetween(335, 465);
    assertThat(counts[1]).isBetween(335, 465);
    assertThat(counts[3]).isBetween(335, 465);
    assertThat(counts[2]).isZero();
  }

  @Test
  void balancedNeedsOneClassPerExample() {
    assertThatThrownBy(() -> Order.BALANCED.indices(epoch(new int[] {0, -1}), 2, 1, 0))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("example \"1\"");
  }
}
