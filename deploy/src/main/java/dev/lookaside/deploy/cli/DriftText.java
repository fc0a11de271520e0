package dev.lookaside.deploy.cli;

import dev.lookaside.trainer.drift.ClassShift;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.drift.Measured.Measure;
import dev.lookaside.trainer.drift.StreamDrift;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How streams sound against what their adapters were fitted on, for people. */
final class DriftText {
  private static final int CLASSES_SHOWN = 3;

  private DriftText() {}

  /** The streams with an alarm, by name; empty if there is none. */
  static String alarms(@Nullable DriftReport report) {
    if (report == null || report.alarmed() == 0) {
      return "";
    }
    List<StreamDrift> named = report.streams().stream().filter(StreamDrift::alarmed).toList();
    int more = report.alarmed() - named.size();
    return named.stream().map(s -> s.stream()).sorted().collect(Collectors.joining(", "))
        + (more > 0 ? " and %d more".formatted(more) : "");
  }

  /** A table, the worst streams first. */
  static String of(DriftReport report) {
    StringBuilder text = new StringBuilder();
    line(
        text,
        "%d streams at %s, %d of them unlike what their adapter was fitted on",
        report.measured(),
        report.time(),
        report.alarmed());
    if (report.trouble() != null) {
      line(text, "not compared: %s", report.trouble());
    }
    if (!report.streams().isEmpty()) {
      line(text, "%-24s %-6s %17s %17s %6s  %s", "stream", "", "embedding", "posterior", "s", "");
    }
    for (StreamDrift s : report.streams()) {
      line(
          text,
          "%-24s %-6s %17s %17s %6.1f  %s",
          s.stream(),
          s.alarmed() ? "ALARM" : s.measured().above() ? "above" : "",
          number(s.measured().embedding()),
          number(s.measured().posterior()),
          s.measured().seconds(),
          shifts(s));
    }
    return text.toString().stripTrailing();
  }

  private static String number(Measure m) {
    return String.format(Locale.ROOT, "%.3f of %.3f", m.value(), m.bound());
  }

  /** Classes whose mean posterior has moved most. */
  private static String shifts(StreamDrift stream) {
    return stream.measured().classes().stream()
        .sorted(Comparator.comparingDouble(c -> -Math.abs(moved(c))))
        .limit(CLASSES_SHOWN)
        .map(c -> String.format(Locale.ROOT, "%s %+.2f", c.label(), moved(c)))
        .collect(Collectors.joining(", "));
  }

  private static double moved(ClassShift c) {
    return c.posterior() - c.referencePosterior();
  }

  private static void line(StringBuilder text, String format, Object... values) {
    text.append(String.format(Locale.ROOT, format, values).stripTrailing())
        .append(System.lineSeparator());
  }
}
