package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.send.SourceRun.Pacer;
import org.junit.jupiter.api.Test;

class PacerTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void soundMayGoOnceItsMomentHasPassed() {
    Pacer pacer = Pacer.realTime(16_000);
    assertThat(pacer.waitNanos(16_000, 0)).isEqualTo(SECOND);
    assertThat(pacer.waitNanos(16_000, SECOND / 4)).isEqualTo(3 * SECOND / 4);
    assertThat(pacer.waitNanos(16_000, SECOND)).isZero();
  }

  @Test
  void whatIsLateGoesAtOnceAndTheScheduleStays() {
    Pacer pacer = Pacer.realTime(16_000);
    assertThat(pacer.waitNanos(16_000, 5 * SECOND)).isZero();
    assertThat(pacer.waitNanos(6 * 16_000, 5 * SECOND)).isEqualTo(SECOND);
  }

  @Test
  void yearsOfSoundDoNotOverflowAndDoNotDrift() {
    SeededRandom.forAll(
        PacerTest.class,
        100,
        random -> {
          int rateHz = 8000 + random.nextInt(184_001);
          long seconds = random.nextLong(200_000_000);
          assertThat(Pacer.realTime(rateHz).waitNanos(seconds * rateHz, 0))
              .isEqualTo(seconds * SECOND);
        });
  }

  @Test
  void maxNeverWaits() {
    assertThat(Pacer.MAX.waitNanos(Long.MAX_VALUE, 0)).isZero();
    assertThatThrownBy(() -> Pacer.realTime(0)).hasMessage("rateHz \"0\": must be 1 or more");
    assertThatThrownBy(() -> new Pacer(-1)).hasMessage("rateHz \"-1\": must be 0 or more");
  }
}
