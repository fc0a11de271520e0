package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.trainer.shadow.ShadowReport;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

/** A shadow run for people: a line for each difference, then the numbers. */
final class ShadowText {
  private static final int DIGITS = 12;

  private ShadowText() {}

  static String of(ShadowReport report) {
    StringBuilder text = new StringBuilder();
    report.differences().forEach(d -> text.append(line(d)).append(String.format("%n")));
    JsonNode sum = report.summary();
    sum.path("classes")
        .properties()
        .forEach(e -> text.append(line(e.getKey(), e.getValue())).append(String.format("%n")));
    String digest = report.candidate();
    return text.append(
            String.format(
                Locale.ROOT,
                "%s by %s: %d streams, %.1f s of audio from %s on, %d differences, agreement %.3f",
                digest.substring(0, Math.min(DIGITS, digest.length())),
                sum.path("author").asText(),
                sum.path("streams").asInt(),
                sum.path("audioSeconds").asDouble(),
                sum.path("from").asText(),
                sum.path("differences").asInt(),
                sum.path("agreement").asDouble()))
        .toString();
  }

  private static String line(JsonNode d) {
    String name =
        d.has("candidateSays") && d.has("incumbentSays")
            ? d.path("label").asText() + " -> " + d.path("candidateSays").path("label").asText()
            : d.path("label").asText();
    Instant onset = Instant.parse(d.path("onset").asText());
    Instant offset = Instant.parse(d.path("offset").asText());
    return String.format(
        Locale.ROOT,
        "%-15s %s  %-16s %-24s %.2f s",
        d.path("difference").asText(),
        onset,
        d.path("stream").asText(),
        name,
        Duration.between(onset, offset).toNanos() * 1e-9);
  }

  private static String line(String label, JsonNode c) {
    return String.format(
        Locale.ROOT,
        "  %-16s %3d agreed (onset %+.2f s), %d by the incumbent alone, %d by the candidate alone,"
            + " %d named otherwise, %d anew",
        label,
        c.path("agreed").asInt(),
        c.path("onsetShiftSeconds").asDouble(),
        c.path("onlyIncumbent").asInt(),
        c.path("onlyCandidate").asInt(),
        c.path("namedOtherwise").asInt(),
        c.path("namedAnew").asInt());
  }
}
