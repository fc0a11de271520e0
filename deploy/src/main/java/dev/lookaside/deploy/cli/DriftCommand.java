package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.trainer.drift.ClassShift;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.drift.Measured.Measure;
import dev.lookaside.trainer.drift.StreamDrift;
import dev.lookaside.trainer.publish.RefitTopic;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code lookaside drift}: how streams sound against what their adapters were fitted on. */
@Command(
    name = "drift",
    description = {
      "Shows which streams no longer sound like what their adapter was fitted on.",
      "",
      "Prints what the trainer of the scope found in its last check (lookaside.trainer.drift sets"
          + " how often): per stream the distance of its embeddings from the nearest known kind of"
          + " sound and the divergence of its posteriors, each with its bound, and the classes"
          + " whose mean posterior has moved most. An alarm asks for labels: the first one begins a"
          + " refit.",
      "",
      "Exit code 0 if there is no alarm, 3 if there is one, 1 if no trainer has compared streams"
          + " yet."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside drift",
      "  lookaside drift --scope tenant:harbour --json",
    })
final class DriftCommand implements Callable<Integer> {
  private static final int ALARM = 3;

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Mixin private ScopeOption scope = new ScopeOption();

  @Mixin private Output output = new Output();

  @Override
  public Integer call() {
    Scope of = scope.get();
    Optional<DriftReport> found;
    try (RefitTopic topic = RefitTopic.open(options.training(), of)) {
      found = topic.drift();
    }
    DriftReport report =
        found.orElseThrow(
            () ->
                new CliException(
                    "scope %s: no trainer has compared its streams yet; is one running?"
                        .formatted(of)));
    output.print(report.toJson(), DriftText.of(report));
    return report.alarmed() > 0 ? ALARM : 0;
  }

  /** How streams sound against what their adapters were fitted on, for people. */
  static final class DriftText {
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
}
