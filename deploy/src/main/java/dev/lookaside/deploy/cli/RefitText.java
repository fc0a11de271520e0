package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a trainer does and how its rounds end, for people. */
final class RefitText {
  private RefitText() {}

  static String of(TrainerStatus status) {
    StringBuilder text = new StringBuilder(status.phase());
    if (status.round() != null) {
      text.append(
          String.format(
              Locale.ROOT,
              "  round %d (%s): %s",
              status.round().number(),
              status.round().kind().word(),
              status.round().trigger()));
    }
    if (status.trouble() != null) {
      text.append("  ").append(status.trouble());
    }
    String drift = DriftText.alarms(status.drift());
    if (!drift.isEmpty()) {
      text.append("  drift: ").append(drift);
    }
    return text.toString();
  }

  /**
   * An outcome with the gate's report.
   *
   * @param outcome as on the requests' topic
   */
  static String of(JsonNode outcome) {
    StringBuilder text = new StringBuilder();
    String digest = outcome.path("candidate").asText();
    text.append(
        String.format(
            Locale.ROOT,
            "round %d (%s) %s after %.1f s  %s  %s%n",
            outcome.path("round").asLong(),
            outcome.path("fit").asText(),
            outcome.path("outcome").asText(),
            outcome.path("seconds").asDouble(),
            ShortId.of(digest),
            outcome.path("cutover").asText()));
    if (!outcome.path("outcome").asText().equals("published")) {
      text.append("  ").append(outcome.path("reason").asText()).append(String.format("%n"));
    }
    if (outcome.has("gate")) {
      report(GateReport.fromJson(outcome.get("gate")), text);
    }
    return text.toString().stripTrailing();
  }

  private static void report(GateReport report, StringBuilder text) {
    line(text, "decided by", report.decided());
    row(text, "known classes", report.map(), "mean average precision");
    row(text, "false alarms an hour", report.falseAlarmsPerHour(), "");
    report
        .classes()
        .forEach(
            (label, c) -> {
              String sure =
                  c.difference() == null
                      ? ""
                      : String.format(
                          Locale.ROOT,
                          "difference %.2f to %.2f, ",
                          c.difference().low(),
                          c.difference().high());
              row(
                  text,
                  "  " + label,
                  c.averagePrecision(),
                  "%s%d sounds, %d labelled".formatted(sure, c.examples(), c.labels()));
            });
    text.append(
        String.format(
            Locale.ROOT,
            "  %-24s %d of %d right, %d more than before, %d no longer%n",
            "corrections",
            report.corrections().stream().filter(GateReport.CorrectionChange::after).count(),
            report.corrections().size(),
            report.nowRight().size(),
            report.nowWrong().size()));
    for (GateReport.Doubt d : report.doubted()) {
      line(
          text,
          "doubted",
          "label %s (%s), not fitted on: %s"
              .formatted(ShortId.of(d.example()), d.label(), d.reason()));
    }
    report.wanted().forEach((label, n) -> line(text, "wanted", n + " more labels of " + label));
    report.notes().forEach(n -> line(text, "note", n));
  }

  private static void line(StringBuilder text, String name, @Nullable String value) {
    if (value != null) {
      text.append(String.format(Locale.ROOT, "  %-24s %s%n", name, value));
    }
  }

  private static void row(StringBuilder text, String name, Change change, String more) {
    text.append(
        String.format(
            Locale.ROOT,
            "  %-24s %8s -> %-8s %s%n",
            name,
            number(change.before()),
            number(change.after()),
            more));
  }

  private static String number(@Nullable Double value) {
    return value == null ? "-" : String.format(Locale.ROOT, "%.3f", value);
  }
}
