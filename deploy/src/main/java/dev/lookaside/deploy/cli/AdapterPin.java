package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.ingest.StreamId;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter pin}. */
@Command(
    name = "pin",
    footer = {
      "",
      "Examples:",
      "  lookaside adapter pin harbour/crane-2 3f2a",
      "  lookaside adapter pin harbour/crane-2 --release"
    },
    description = {
      "Keep one stream on one adapter, whatever is promoted, or let it go again.",
      "",
      "Takes effect after the lead; a worker that has not prepared the adapter by then holds the stream's windows until it has."
          + " Says what the workers answer; if one refuses the adapter, the exit code is 1."
    })
final class AdapterPin implements Callable<Integer> {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Mixin private DecisionOptions decision = new DecisionOptions();
  @Mixin private AnswerOptions answers = new AnswerOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "STREAM", description = "The stream's id.")
  private String stream = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "DIGEST",
      description = "The adapter's digest, or how it begins.")
  private @Nullable String start;

  @Option(names = "--release", description = "Let the stream follow its tenant and all again.")
  private boolean release;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    String digestStart = start;
    if (release == (digestStart != null)) {
      throw new CliException("pin: give a digest or --release, one of them");
    }
    Scope scope = Scope.of(new StreamId(stream));
    try (RegistryView view = access.view();
        RegistryWriter writer = access.writer()) {
      Cutover draft;
      if (digestStart == null) {
        draft = decision.release(view, scope, "release");
      } else {
        String digest = RegistryAccess.digest(view, digestStart);
        Adapter adapter = Adapter.of(view.file(digest, access.registry().maxBytes()));
        draft = decision.draft(access, view, scope, adapter, "pin");
      }
      return answers.decide(
          AdapterPromote.promotion(access, view, writer),
          draft,
          decision.when(access),
          json,
          spec.commandLine().getOut());
    }
  }
}
