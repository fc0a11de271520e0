package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.SeededRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LanesTest {
  @Test
  void whatPiecesFoundIsHandedInOneByOneInTheirOrder() {
    RandomGenerator random = SeededRandom.of(3);
    int[] spins = random.ints(200, 0, 20_000).toArray();
    List<Integer> order = new ArrayList<>();
    AtomicInteger inside = new AtomicInteger();
    try (Lanes lanes = new Lanes()) {
      lanes.run(
          4,
          spins.length,
          (lane, number) -> {
            for (int i = 0; i < spins[number]; i++) {
              Thread.onSpinWait();
            }
          },
          (lane, number) -> {
            assertThat(inside.incrementAndGet()).isEqualTo(1);
            order.add(number);
            inside.decrementAndGet();
          });
    }
    assertThat(order).isEqualTo(IntStream.range(0, spins.length).boxed().toList());
  }

  @Test
  void aPieceThatFailsLetsNobodyWaitAndNothingAfterItIsHandedIn() {
    List<Integer> handedIn = new ArrayList<>();
    List<Integer> begun = new ArrayList<>();
    CountDownLatch othersAreDone = new CountDownLatch(2);
    try (Lanes lanes = new Lanes()) {
      assertThatThrownBy(
              () ->
                  lanes.run(
                      3,
                      100,
                      (lane, number) -> {
                        synchronized (begun) {
                          begun.add(number);
                        }
                        if (number == 1) {
                          await(othersAreDone);
                          throw new ScorerException("piece 1 is bad");
                        } else if (number > 1) {
                          othersAreDone.countDown();
                        }
                      },
                      (lane, number) -> handedIn.add(number)))
          .isInstanceOf(ScorerException.class)
          .hasMessage("piece 1 is bad");
      assertThat(handedIn).containsExactly(0);
      assertThat(begun).containsExactlyInAnyOrder(0, 1, 2, 3);
      List<Integer> after = new ArrayList<>();
      lanes.run(3, 5, (lane, number) -> {}, (lane, number) -> after.add(number));
      assertThat(after).containsExactly(0, 1, 2, 3, 4);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
