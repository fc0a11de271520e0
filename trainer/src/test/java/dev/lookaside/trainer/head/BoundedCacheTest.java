package dev.lookaside.trainer.head;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BoundedCacheTest {
  private final List<String> made = new ArrayList<>();

  private void ask(BoundedCache<Long> cache, String key, long bytes) {
    long found =
        cache.of(
            key,
            () -> {
              made.add(key);
              return bytes;
            });
    assertThat(found).isEqualTo(bytes);
  }

  @Test
  void whatWasUsedLongestAgoGoesFirst() {
    BoundedCache<Long> cache = new BoundedCache<>(100, bytes -> bytes);
    ask(cache, "a", 60);
    ask(cache, "empty", 0);
    ask(cache, "b", 40);
    ask(cache, "a", 60);
    ask(cache, "empty", 0);
    assertThat(made).as("100 bytes have room").containsExactly("a", "empty", "b");
    ask(cache, "c", 10);
    ask(cache, "a", 60);
    assertThat(made).endsWith("c");
    ask(cache, "b", 40);
    assertThat(made).endsWith("c", "b");
    made.clear();
    ask(cache, "large", 101);
    ask(cache, "large", 101);
    assertThat(made).as("larger than all room").containsExactly("large", "large");
  }

  @Test
  void withoutRoomNothingIsCached() {
    BoundedCache<Long> cache = new BoundedCache<>(0, bytes -> bytes);
    ask(cache, "a", 1);
    ask(cache, "a", 1);
    assertThat(made).containsExactly("a", "a");
  }

  @Test
  void aKeyThatIsPutAgainCountsOnce() {
    BoundedCache<Long> cache = new BoundedCache<>(100, bytes -> bytes);
    cache.put("a", 60L);
    cache.put("a", 70L);
    cache.put("b", 30L);
    assertThat(cache.get("a")).isEqualTo(70);
    cache.clear();
    assertThat(cache.get("b")).isNull();
  }
}
