package dev.lookaside.trainer.watch;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.retained.Retained.Piece;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.trainer.store.Stretch;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackgroundWatchTest {
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
  private static final int RATE_HZ = 16_000;

  private static Instant at(double seconds) {
    return START.plusNanos(Math.round(seconds * 1e9));
  }

  /** Each sample says where it lies: 1 is a second. */
  private static Piece piece(double from, double until) {
    float[] samples = new float[(int) Math.round((until - from) * RATE_HZ)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (from + (double) i / RATE_HZ);
    }
    return new Piece(at(from), new Pcm(RATE_HZ, samples));
  }

  private static Stretch busy(double from, double until) {
    return new Stretch(at(from), at(until));
  }

  @Test
  void theLongestPartThatNothingTouchesIsTaken() {
    List<Piece> pieces = List.of(piece(0, 4), piece(5, 10));
    Piece all = BackgroundWatch.longestFree(pieces, List.of(), 1).orElseThrow();
    assertThat(all.start()).isEqualTo(at(5));
    assertThat(all.pcm().seconds()).isEqualTo(5);
    List<Stretch> busy = List.of(busy(7, 8), busy(6.5, 7.5), busy(-3, .5));
    Piece part = BackgroundWatch.longestFree(pieces, busy, 1).orElseThrow();
    assertThat(part.start()).isEqualTo(at(.5));
    assertThat(part.pcm().seconds()).isEqualTo(3.5);
    assertThat(part.pcm().samples()[0]).isEqualTo(.5f);
    assertThat(BackgroundWatch.longestFree(pieces, busy, 3.6)).isEmpty();
    List<Stretch> lasts = List.of(new Stretch(at(1), Instant.MAX));
    assertThat(BackgroundWatch.longestFree(pieces, lasts, .1).orElseThrow().pcm().seconds())
        .isEqualTo(1);
    assertThat(BackgroundWatch.longestFree(pieces, List.of(busy(0, 10)), .1)).isEmpty();
  }

  @Test
  void whatIsTakenTouchesNothingThatIsBusy() {
    SeededRandom.forAll(
        BackgroundWatchTest.class,
        200,
        random -> {
          List<Stretch> busy = new ArrayList<>();
          for (int i = random.nextInt(6); i > 0; i--) {
            double from = random.nextDouble(-1, 11);
            busy.add(busy(from, from + random.nextDouble(3)));
          }
          BackgroundWatch.longestFree(List.of(piece(0, 4), piece(4.5, 10)), busy, .5)
              .ifPresent(
                  p ->
                      assertThat(busy)
                          .noneMatch(
                              s ->
                                  s.from().isBefore(p.end().minusMillis(1))
                                      && s.until().isAfter(p.start().plusMillis(1))));
        });
  }

  @Test
  void whatStandsOutIsNoBackground() {
    float[] noise = BackgroundNoise.pink(3, RATE_HZ, 10).samples();
    assertThat(BackgroundWatch.steady(new Pcm(RATE_HZ, noise), -90, 6)).isTrue();
    assertThat(BackgroundWatch.steady(new Pcm(RATE_HZ, noise), 0, 6)).as("silent for it").isFalse();
    assertThat(BackgroundWatch.steady(new Pcm(RATE_HZ, new float[RATE_HZ]), -90, 6)).isFalse();
    double power = 0;
    for (float x : noise) {
      power += (double) x * x / noise.length;
    }
    // A tone six decibels over the noise, for a fifth of a second.
    float peak = (float) Math.sqrt(2 * 4 * power);
    for (int i = 0; i < RATE_HZ / 5; i++) {
      noise[3 * RATE_HZ + i] += (float) (peak * Math.sin(2 * Math.PI * 700 * i / RATE_HZ));
    }
    assertThat(BackgroundWatch.steady(new Pcm(RATE_HZ, noise), -90, 6)).isFalse();
  }

  @Test
  void theReferenceSettingsAreSound() {
    BackgroundSettings settings = BackgroundSettings.of(ConfigFactory.load());
    assertThat(settings.enabled()).isTrue();
    assertThat(settings.interval()).isGreaterThan(Duration.ofSeconds(10));
  }
}
