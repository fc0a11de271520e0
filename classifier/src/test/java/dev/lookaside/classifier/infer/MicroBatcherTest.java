package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MicroBatcherTest {
  @Test
  void aFullBatchIsDueAtOnceAndASmallerOneWhenItsOldestHasWaited() {
    MicroBatcher<Integer> b = new MicroBatcher<>(3, 100, 10);
    assertThat(b.nanosUntilDue(5)).isEqualTo(Long.MAX_VALUE);
    b.offer(1, 5);
    b.offer(2, 50);
    assertThat(b.poll(60)).isEmpty();
    assertThat(b.nanosUntilDue(60)).isEqualTo(45);
    assertThat(b.poll(105)).containsExactly(1, 2);
    for (int i = 0; i < 4; i++) {
      b.offer(i, 200);
    }
    assertThat(b.pollFull()).containsExactly(0, 1, 2);
    assertThat(b.pollFull()).isEmpty();
    assertThat(b.size()).isEqualTo(1);
  }

  @Test
  void nothingBeyondTheLimitIsTaken() {
    MicroBatcher<Integer> b = new MicroBatcher<>(2, 100, 3);
    assertThat(b.offer(1, 0) && b.offer(2, 0) && b.offer(3, 0)).isTrue();
    assertThat(b.offer(4, 0)).isFalse();
    assertThat(b.poll(0)).containsExactly(1, 2);
    assertThat(b.offer(5, 0)).isTrue();
    assertThatThrownBy(() -> new MicroBatcher<>(4, 100, 3))
        .hasMessageContaining("limit \"3\": must be 4");
  }

  @Test
  void everyItemComesOutOnceInOrderWithinSizeAndDelay() {
    SeededRandom.forAll(
        MicroBatcherTest.class,
        50,
        random -> {
          int max = 1 + random.nextInt(5);
          long delay = random.nextInt(50);
          MicroBatcher<Long> b = new MicroBatcher<>(max, delay, max + random.nextInt(10));
          List<Long> taken = new ArrayList<>();
          List<Long> given = new ArrayList<>();
          long now = random.nextLong();
          for (int i = 0; i < 300; i++) {
            now += random.nextInt(20);
            if (random.nextBoolean() && b.offer(now, now)) {
              taken.add(now);
            }
            List<Long> batch = b.poll(now);
            assertThat(batch.size()).isLessThanOrEqualTo(max);
            given.addAll(batch);
            assertThat(b.size()).isLessThan(max);
            assertThat(b.nanosUntilDue(now)).isPositive();
          }
          given.addAll(b.poll(now + delay));
          assertThat(given).isEqualTo(taken);
        });
  }
}
