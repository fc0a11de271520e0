package dev.lookaside.trainer.drift;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.trainer.drift.Measured.Measure;
import dev.lookaside.trainer.drift.StreamsDrift.Change;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class StreamsDriftTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

  private final StreamsDrift streams = new StreamsDrift(2);
  private int looks;

  /** The bound is 2, and up to 1 it is calm. */
  private static Measured measured(double embedding) {
    return new Measured(
        10,
        new Measure(embedding, 2, 1),
        new Measure(.1, .4, .3),
        List.of(new ClassShift("drum", .1, .2, 30, 60)));
  }

  private Change hear(String stream, String adapter, double embedding) {
    return streams.measured(stream, adapter, START.plusSeconds(looks++), measured(embedding));
  }

  @Test
  void anAlarmNeedsLooksInARowAndSoDoesItsEnd() {
    assertThat(hear("dock", A, 2.1)).isEqualTo(Change.NONE);
    assertThat(hear("dock", A, 1.9)).isEqualTo(Change.NONE);
    assertThat(hear("dock", A, 2.1)).as("not in a row").isEqualTo(Change.NONE);
    assertThat(hear("dock", A, 3)).isEqualTo(Change.RAISED);
    assertThat(streams.alarmed()).extracting(StreamDrift::stream).containsExactly("dock");
    for (double wavers : new double[] {1.9, 2.1, 1.5, .9, 1.5, .9, 2.1}) {
      assertThat(hear("dock", A, wavers)).as("%s does not flap", wavers).isEqualTo(Change.NONE);
    }
    assertThat(hear("dock", A, .9)).isEqualTo(Change.NONE);
    assertThat(hear("dock", A, .8)).isEqualTo(Change.OVER);
    assertThat(streams.alarmed()).isEmpty();
  }

  @Test
  void anotherAdapterBeginsAnew() {
    hear("dock", A, 3);
    assertThat(hear("dock", A, 3)).isEqualTo(Change.RAISED);
    assertThat(hear("dock", B, 3)).isEqualTo(Change.OVER);
    assertThat(hear("dock", B, 3)).isEqualTo(Change.RAISED);
  }

  @Test
  void aReportComesBackAndGoesOn() {
    hear("dock", A, 3);
    hear("dock", A, 3);
    hear("yard", A, .5);
    hear("gate", A, 1.8);
    DriftReport report = streams.report(START, 10, "gate: no audio");
    assertThat(report.streams())
        .extracting(StreamDrift::stream)
        .containsExactly("dock", "gate", "yard");
    assertThat(report.alarmed()).isEqualTo(1);
    DriftReport read = DriftReport.fromJson(report.toJson());
    assertThat(read).isEqualTo(report);
    assertThat(report.worst(1).measured()).isEqualTo(3);
    assertThat(report.worst(1).streams()).hasSize(1);
    assertThat(report.brief().path("streams").get(0).has("classes")).isFalse();

    StreamsDrift later = new StreamsDrift(2);
    later.restore(read);
    assertThat(later.measured("dock", A, START, measured(3)))
        .as("known already")
        .isEqualTo(Change.NONE);
    later.measured("dock", A, START, measured(.5));
    assertThat(later.measured("dock", A, START, measured(.5))).isEqualTo(Change.OVER);
    assertThat(streams.of("dock").text())
        .isEqualTo("dock: embedding 3.000, bound 2.000 (10.0 s up to 2026-03-01T12:00:01Z)");
  }

  @Test
  void aStreamThatIsGoneIsForgottenWithItsAlarm() {
    hear("dock", A, 3);
    hear("dock", A, 3);
    assertThat(streams.turn(Set.of())).isFalse();
    assertThat(streams.turn(Set.of("dock"))).isFalse();
    assertThat(streams.turn(Set.of())).isFalse();
    assertThat(streams.turn(Set.of())).isFalse();
    assertThat(streams.turn(Set.of())).isTrue();
    assertThat(streams.alarmed()).isEmpty();
  }

  @Test
  void aRarerFalseAlarmNeedsMoreScenes() {
    assertThat(settings("").scenes()).isEqualTo(200);
    assertThat(settings("false-alarm-rate = 0.005").scenes()).isEqualTo(399);
    assertThat(settings("seconds = 40").minSeconds()).isEqualTo(20);
  }

  private static DriftSettings settings(String more) {
    return DriftSettings.of(
        ConfigFactory.parseString("lookaside.trainer.drift {" + more + "}")
            .withFallback(ConfigFactory.load()));
  }
}
