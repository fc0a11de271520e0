package dev.lookaside.trainer.shadow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ShadowRequestTest {
  private static final String DIGEST = "0a".repeat(32);

  private static Set<String> followed(Scope scope, double share, long seed) {
    ShadowRequest request = new ShadowRequest(DIGEST, scope, share, Duration.ofSeconds(1), seed);
    return request.chosen(streams(2_000));
  }

  private static List<StreamId> streams(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new StreamId((i % 2 == 0 ? "harbour/crane-" : "mill/saw-") + i))
        .toList();
  }

  @Test
  void followsTheShareOfTheScope() {
    assertThat(followed(Scope.ALL, 1, 7)).hasSize(2_000);
    Set<String> fifth = followed(Scope.ALL, 0.2, 7);
    assertThat(fifth).hasSizeBetween(330, 470);
    assertThat(followed(Scope.ALL, 0.5, 7)).containsAll(fifth);
    assertThat(followed(Scope.ALL, 0.2, 8)).isNotEqualTo(fifth);
    assertThat(followed(Scope.parse("tenant:mill"), 0.2, 7))
        .isEqualTo(fifth.stream().filter(s -> s.startsWith("mill/")).collect(Collectors.toSet()));
    assertThat(followed(Scope.parse("stream:mill/saw-1"), 1, 7)).containsExactly("mill/saw-1");
  }

  @Test
  void aShareOfFewStreamsIsOneOfThem() {
    Scope mill = Scope.parse("tenant:mill");
    for (long seed = 0; seed < 50; seed++) {
      ShadowRequest small = new ShadowRequest(DIGEST, mill, 1e-9, Duration.ofSeconds(1), seed);
      ShadowRequest half = new ShadowRequest(DIGEST, mill, .5, Duration.ofSeconds(1), seed);
      assertThat(small.chosen(streams(6))).hasSize(1).allMatch(s -> s.startsWith("mill/"));
      assertThat(half.chosen(streams(6))).containsAll(small.chosen(streams(6)));
      assertThat(small.chosen(streams(1))).as("none of the scope").isEmpty();
    }
  }

  @Test
  void saysWhatIsWrong() {
    assertThatThrownBy(() -> followed(Scope.ALL, 0, 1))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("share \"0.0\": must be above 0 and at most 1");
    assertThatThrownBy(() -> new ShadowRequest("3f2a", Scope.ALL, 1, Duration.ofSeconds(1), 0))
        .hasMessageContaining("candidate \"3f2a\": must be 64 hexadecimal digits");
    assertThatThrownBy(() -> new ShadowRequest(DIGEST, Scope.ALL, 1, Duration.ZERO, 0))
        .hasMessageContaining("duration \"PT0S\": must be above 0");
  }
}
