package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Rfc3339Test {
  @ParameterizedTest
  @CsvSource({
    "2026-03-01T12:00:00Z, 2026-03-01T12:00:00Z",
    "2026-03-01t12:00:00z, 2026-03-01T12:00:00Z",
    "2026-03-01 12:00:00Z, 2026-03-01T12:00:00Z",
    "2026-03-01T13:00:00.25+01:00, 2026-03-01T12:00:00.25Z",
    "2026-03-01T12:00:00.1234567891234Z, 2026-03-01T12:00:00.123456789Z",
    "2026-03-01T12:00:00.000000000000000000001Z, 2026-03-01T12:00:00Z",
    "2016-12-31T23:59:60Z, 2017-01-01T00:00:00Z",
    "2016-12-31T23:59:60.5Z, 2017-01-01T00:00:00.5Z",
    "1990-12-31T15:59:60-08:00, 1991-01-01T00:00:00Z",
    "2026-03-01T12:00:00-00:00, 2026-03-01T12:00:00Z"
  })
  void timesOfTheStandardAreRead(String text, Instant time) {
    assertThat(Rfc3339.parse(text)).contains(time);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "now",
        "2026-03-01",
        "2026-03-01T12:00Z",
        "2026-03-01T12:00:00",
        "2026-13-01T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-03-01T12:00:60Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:61Z",
        "2026-03-01T12:00:00+25:00",
        "２026-03-01T12:00:00Z",
        "2026-03-01T12:00:00Z "
      })
  void othersAreNot(String text) {
    assertThat(Rfc3339.parse(text)).isEmpty();
  }

  @Test
  void whatJavaWritesIsReadBack() {
    for (Instant time :
        new Instant[] {
          Instant.EPOCH,
          Instant.parse("2026-03-01T12:00:00.000000001Z"),
          Instant.parse("2199-12-31T23:59:59.999Z")
        }) {
      assertThat(Rfc3339.parse(time.toString())).contains(time);
    }
  }
}
