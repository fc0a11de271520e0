package dev.lookaside.trainer.refit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AudioCacheTest {
  private final List<String> made = new ArrayList<>();

  private void ask(AudioCache cache, String key, int samples) {
    Optional<Pcm> audio =
        cache.of(
            key,
            () -> {
              made.add(key);
              return samples == 0
                  ? Optional.empty()
                  : Optional.of(new Pcm(16_000, new float[samples]));
            });
    assertThat(audio.map(Pcm::lengthSamples).orElse(0)).isEqualTo(samples);
  }

  @Test
  void whatWasUsedLongestAgoGoesFirst() {
    AudioCache cache = new AudioCache(4 * 100);
    ask(cache, "a", 60);
    ask(cache, "silent", 0);
    ask(cache, "b", 40);
    ask(cache, "a", 60);
    ask(cache, "silent", 0);
    assertThat(made).as("100 samples have room").containsExactly("a", "silent", "b");
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
    AudioCache cache = new AudioCache(0);
    ask(cache, "a", 1);
    ask(cache, "a", 1);
    assertThat(made).containsExactly("a", "a");
  }
}
