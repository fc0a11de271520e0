package dev.lookaside.deploy.cli;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.loop.TrainerStatus;
import dev.lookaside.trainer.publish.RefitTopic;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lookaside refit}: asks a trainer for a refit. */
@Command(
    name = "refit",
    description = {
      "Asks the trainer of a scope to refit now.",
      "",
      "With --wait: until the round has ended, with the gate's report. Exit code 0 if the candidate"
          + " is in force, 1 if it was rejected or failed, 3 if no answer came in time.",
      "",
      "With --past: asks for nothing and lists how the rounds of the scope ended, the oldest first."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside refit --wait",
      "  lookaside refit --scope tenant:harbour --head-only --wait --json",
      "  lookaside refit --past",
    })
final class RefitCommand implements Callable<Integer> {
  private static final int NO_ANSWER = 3;
  private static final Duration LOOK = Duration.ofMillis(200);

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ScopeOption scope = new ScopeOption();

  @Option(names = "--head-only", description = "Fit the head alone: seconds instead of a minute.")
  private boolean headOnly;

  @Option(names = "--wait", description = "Wait for the outcome and print it.")
  private boolean wait;

  @Option(names = "--past", description = "List the outcomes of past rounds.")
  private boolean past;

  @Option(
      names = "--timeout-seconds",
      paramLabel = "N",
      defaultValue = "600",
      description = "How long --wait waits. Default: ${DEFAULT-VALUE}.")
  private int timeoutSeconds;

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    OptionValue.atLeast("--timeout-seconds", timeoutSeconds, 1);
    if (past && (wait || headOnly)) {
      throw new CliException("--past: goes without --wait and --head-only, it asks for nothing");
    }
    Scope of = scope.get();
    try (RefitTopic topic = RefitTopic.open(options.training(), of)) {
      if (past) {
        List<JsonNode> outcomes = topic.outcomes();
        String text = outcomes.stream().map(RefitText::of).collect(joining(System.lineSeparator()));
        return print(
            JsonNodeFactory.instance.arrayNode().addAll(outcomes),
            text.isEmpty() ? "no round of " + of + " has ended" : text,
            0);
      }
      String id = topic.ask(headOnly, OptionValue.userName());
      if (!wait) {
        return print(JsonNodeFactory.instance.objectNode().put("request", id), "request " + id, 0);
      }
      Optional<JsonNode> outcome = await(topic, id);
      if (outcome.isEmpty()) {
        PrintWriter err = output.err();
        err.printf(
            "lookaside refit: request %s: no outcome within %d s; is a trainer of scope %s"
                + " running?%n",
            id, timeoutSeconds, of);
        err.flush();
        return NO_ANSWER;
      }
      JsonNode found = outcome.get();
      int code = found.path("outcome").asText().equals("published") ? 0 : 1;
      return print(found, RefitText.of(found), code);
    }
  }

  private int print(JsonNode object, String text, int code) {
    output.print(object, text);
    return code;
  }

  private Optional<JsonNode> await(RefitTopic topic, String id) {
    long end = System.nanoTime() + Duration.ofSeconds(timeoutSeconds).toNanos();
    while (System.nanoTime() < end) {
      Optional<JsonNode> outcome = topic.outcomeOf(id);
      if (outcome.isPresent()) {
        return outcome;
      }
      try {
        Thread.sleep(LOOK.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /** What a trainer does and how its rounds end, for people. */
  static final class RefitText {
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
      String drift = DriftCommand.DriftText.alarms(status.drift());
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
}
