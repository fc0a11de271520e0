package dev.lookaside.classifier.infer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FairQueueTest {
  private record Item(String owner, int number, long since) {}

  @Test
  void aFullBatchIsDueAtOnceAndASmallerOneWhenItsOldestHasWaited() {
    FairQueue<String, Integer> q = new FairQueue<>(3, 100);
    assertThat(q.nanosUntilDue(5)).isEqualTo(Long.MAX_VALUE);
    q.add("a", 1, 1, 5);
    q.add("a", 1, 2, 50);
    assertThat(q.poll(false, 60)).isEmpty();
    assertThat(q.nanosUntilDue(60)).isEqualTo(45);
    assertThat(q.poll(true, 105)).as("not full").isEmpty();
    assertThat(q.poll(false, 105)).containsExactly(1, 2);
    for (int i = 0; i < 4; i++) {
      q.add("a", 1, i, 200);
    }
    assertThat(q.poll(true, 200)).containsExactly(0, 1, 2);
    assertThat(q.poll(true, 200)).isEmpty();
    assertThat(q.size()).isEqualTo(1);
  }

  @Test
  void aLongBacklogDelaysAnotherOwnerByOneTurnOnly() {
    FairQueue<String, String> q = new FairQueue<>(4, 0);
    for (int i = 0; i < 10_000; i++) {
      q.add("loud", 1, "loud" + i, 0);
    }
    q.add("quiet", 1, "quiet", 1);
    assertThat(q.poll(false, 1)).containsExactly("loud0", "quiet", "loud1", "loud2");
  }

  @Test
  void turnsAreAsLongAsWeightsAlsoAcrossBatches() {
    FairQueue<String, String> q = new FairQueue<>(4, 0);
    for (int i = 0; i < 30; i++) {
      q.add("a", 3, "a", 0);
      q.add("b", 1, "b", 0);
      q.add("c", 2, "c", 0);
    }
    List<String> order = new ArrayList<>();
    for (int batch = 0; batch < 12; batch++) {
      order.addAll(q.poll(true, 0));
    }
    for (int turn = 0; turn < 8; turn++) {
      assertThat(order.subList(6 * turn, 6 * turn + 6))
          .containsExactly("a", "a", "a", "b", "c", "c");
    }
  }

  @Test
  void whatIsRemovedDoesNotComeOutNorMakeABatchDue() {
    FairQueue<String, String> q = new FairQueue<>(4, 100);
    q.add("a", 1, "a1", 0);
    q.add("b", 1, "b1", 50);
    q.add("a", 1, "a2", 60);
    q.remove("a");
    q.remove("nobody");
    assertThat(q.waits("a")).isFalse();
    assertThat(q.nanosUntilDue(100)).isEqualTo(50);
    assertThat(q.poll(false, 150)).containsExactly("b1");
    assertThat(q.nanosUntilDue(150)).isEqualTo(Long.MAX_VALUE);
  }

  /** Batches that are always full never ask how long the oldest has waited. */
  @Test
  void nothingIsRememberedOfWhatIsGone() {
    FairQueue<Integer, Integer> q = new FairQueue<>(8, 1_000_000);
    for (int i = 0; i < 100_000; i++) {
      q.add(i % 20, 1, i, i);
      if (q.size() > 200) {
        assertThat(q.poll(true, i)).hasSize(8);
      }
      assertThat(q.remembered()).isLessThanOrEqualTo(2 * 200);
    }
  }

  @Test
  void everyItemComesOutOnceInOrderAndNobodyWaitsLongerThanTheTurnsOfTheOthers() {
    SeededRandom.forAll(
        FairQueueTest.class,
        200,
        random -> {
          int max = 1 + random.nextInt(6);
          long delay = random.nextInt(50);
          int owners = 1 + random.nextInt(5);
          int[] weights = new int[owners];
          for (int o = 0; o < owners; o++) {
            weights[o] = 1 + random.nextInt(4);
          }
          FairQueue<String, Item> q = new FairQueue<>(max, delay);
          Map<String, List<Item>> waiting = new HashMap<>();
          Map<String, Integer> passedOver = new HashMap<>();
          Set<Item> out = new HashSet<>();
          long now = random.nextLong() / 2;
          for (int i = 0; i < 400; i++) {
            now += random.nextInt(20);
            int o = random.nextInt(owners);
            String owner = "s" + o;
            if (random.nextInt(3) > 0) {
              Item item = new Item(owner, i, now);
              q.add(owner, weights[o], item, now);
              waiting.computeIfAbsent(owner, k -> new ArrayList<>()).add(item);
            } else if (random.nextInt(20) == 0) {
              q.remove(owner);
              waiting.remove(owner);
              passedOver.remove(owner);
            }
            int size = waiting.values().stream().mapToInt(List::size).sum();
            assertThat(q.size()).isEqualTo(size);
            long oldest =
                waiting.values().stream()
                    .flatMap(List::stream)
                    .mapToLong(Item::since)
                    .min()
                    .orElse(Long.MAX_VALUE);
            assertThat(q.nanosUntilDue(now))
                .isEqualTo(size == 0 ? Long.MAX_VALUE : Math.max(0, delay - (now - oldest)));
            boolean onlyFull = random.nextBoolean();
            List<Item> batch = q.poll(onlyFull, now);
            boolean due = size >= max || !onlyFull && size > 0 && now - oldest >= delay;
            assertThat(batch).hasSize(due ? Math.min(size, max) : 0);
            for (Item item : batch) {
              List<Item> its = waiting.get(item.owner());
              assertThat(its.remove(0)).isEqualTo(item);
              assertThat(out.add(item)).isTrue();
              passedOver.put(item.owner(), 0);
              for (Map.Entry<String, List<Item>> e : waiting.entrySet()) {
                if (!e.getValue().isEmpty() && !e.getKey().equals(item.owner())) {
                  int passed = passedOver.merge(e.getKey(), 1, Integer::sum);
                  assertThat(passed).isLessThanOrEqualTo(IntStream.of(weights).sum());
                }
              }
              if (its.isEmpty()) {
                waiting.remove(item.owner());
                passedOver.remove(item.owner());
              }
            }
          }
        });
  }

  @Test
  void weightsGoByPatternsOfStreamIds() {
    BatchSettings settings =
        new BatchSettings(
            8,
            Duration.ZERO,
            Duration.ofSeconds(1),
            Map.of("gate-*", 4, "gate-1*", 2, "*.hall", 3),
            Duration.ofMillis(1),
            Duration.ofMillis(1));
    assertThat(settings.weight(new StreamId("gate-12"))).isEqualTo(4);
    assertThat(settings.weight(new StreamId("big.hall"))).isEqualTo(3);
    assertThat(settings.weight(new StreamId("bigXhall"))).isEqualTo(1);
    assertThat(settings.weight(new StreamId("kitchen"))).isEqualTo(1);
  }
}
