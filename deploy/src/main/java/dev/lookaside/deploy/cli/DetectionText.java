package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.detect.Detection;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Objects;

/** A detection as one line for people. */
final class DetectionText {
  private final DateTimeFormatter clock;

  /**
   * @param zone of the times shown
   */
  DetectionText(ZoneId zone) {
    clock = DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(zone);
  }

  /**
   * For example {@code 12:04:31.520 kitchen ended gunshot 0:12.4 - 0:13.1 (0.72 s) peak 0.91 mean
   * 0.77}.
   */
  String line(Detection d) {
    Detection.Extent extent = d.extent();
    Instant offset = extent.offsetTime();
    Instant when = offset == null ? extent.onsetTime() : offset;
    StringBuilder text = new StringBuilder();
    text.append(clock.format(when));
    text.append(String.format("  %-16s %-9s", d.stream().value(), d.kind().word()));
    text.append(String.format(" %-14s", Objects.requireNonNullElse(d.label(), "")));
    text.append(" ").append(position(extent.onsetSeconds()));
    if (!extent.open()) {
      double seconds = extent.offsetSeconds() - extent.onsetSeconds();
      text.append(" - ").append(position(extent.offsetSeconds()));
      text.append(String.format(Locale.ROOT, " (%.2f s)", seconds));
    }
    if (d.label() != null) {
      text.append(String.format(Locale.ROOT, "  peak %.2f  mean %.2f", d.peak(), d.mean()));
    }
    String reason = d.reason();
    if (reason != null) {
      text.append("  ").append(reason);
    }
    return text.toString();
  }

  /** Seconds on the stream's clock as {@code h:mm:ss.mmm}, without the hours there are not. */
  private static String position(double seconds) {
    long millis = Math.round(seconds * 1000);
    long hours = millis / 3_600_000;
    String rest =
        String.format(
            Locale.ROOT,
            hours > 0 ? "%02d:%02d.%03d" : "%d:%02d.%03d",
            millis / 60_000 % 60,
            millis / 1000 % 60,
            millis % 1000);
    return hours > 0 ? hours + ":" + rest : rest;
  }
}
