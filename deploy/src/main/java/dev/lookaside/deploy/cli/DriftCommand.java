package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.publish.RefitTopic;
import java.util.Optional;
import java.util.concurrent.Callable;
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
}
