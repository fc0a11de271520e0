package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.settings.Configuration;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StopClockTest {
  private final AtomicLong nanos = new AtomicLong(7);

  @Test
  void oneClockForAllThatIsStopped() {
    StopClock clock = new StopClock(Duration.ofSeconds(10), nanos::get);
    nanos.addAndGet(Duration.ofHours(1).toNanos());
    assertThat(clock.left()).isEqualTo(Duration.ofSeconds(10));
    assertThat(clock.start()).isEqualTo(Duration.ofSeconds(10));
    nanos.addAndGet(Duration.ofSeconds(4).toNanos());
    assertThat(clock.start()).as("a second part").isEqualTo(Duration.ofSeconds(6));
    nanos.addAndGet(Duration.ofSeconds(9).toNanos());
    assertThat(clock.left()).isEqualTo(Duration.ZERO);
  }

  @Test
  void theSettingIsItsLimit() {
    Map<String, Object> settings = Map.of("lookaside.deploy.stop-timeout-seconds", 33);
    assertThat(StopClock.of(Configuration.over(settings)).limit())
        .isEqualTo(Duration.ofSeconds(33));
  }
}
