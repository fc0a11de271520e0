package dev.lookaside.ingest;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads times as RFC 3339 writes them: {@code 2026-03-01T12:00:00.25Z}, {@code
 * 2026-03-01T13:00:00+01:00}. Any number of digits may follow the second; those beyond the
 * nanosecond are cut off. Second 60, which a leap second has, is the first second of the next
 * minute, as Unix time and Kafka count.
 *
 * @see "RFC 3339, 5.6 and appendix D"
 */
public final class Rfc3339 {
  private static final Pattern TIME =
      Pattern.compile(
          "(\\d{4}-\\d\\d-\\d\\d)[Tt ](\\d\\d:\\d\\d):(\\d\\d)(?:\\.(\\d+))?([Zz]|[+-]\\d\\d:\\d\\d)");
  private static final int NANO_DIGITS = 9;
  private static final LocalTime BEFORE_LEAP = LocalTime.of(23, 59, 59);

  private Rfc3339() {}

  /** Empty if it is none. */
  public static Optional<Instant> parse(String text) {
    Matcher parts = TIME.matcher(text);
    if (!parts.matches()) {
      return Optional.empty();
    }
    boolean leap = parts.group(3).equals("60");
    String digits = parts.group(4) == null ? "0" : parts.group(4);
    String plain =
        "%sT%s:%s.%s%s"
            .formatted(
                parts.group(1),
                parts.group(2),
                leap ? "59" : parts.group(3),
                digits.substring(0, Math.min(NANO_DIGITS, digits.length())),
                parts.group(5));
    try {
      OffsetDateTime time = OffsetDateTime.parse(plain);
      LocalTime utc = time.withOffsetSameInstant(ZoneOffset.UTC).toLocalTime().withNano(0);
      if (leap && !utc.equals(BEFORE_LEAP)) {
        return Optional.empty();
      }
      return Optional.of(leap ? time.toInstant().plusSeconds(1) : time.toInstant());
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }
}
