package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Promotion;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter promote}. */
@Command(
    name = "promote",
    footer = {
      "",
      "Examples:",
      "  lookaside adapter promote 3f2a",
      "  lookaside adapter promote 3f2a --scope tenant:harbour --json"
    },
    description = {
      "Bring an adapter into force, everywhere at one moment.",
      "",
      "It is announced first. When every live worker has prepared it, or the deadline has passed,"
          + " the moment is set. If a worker refuses it, nothing changes and the exit code is 1.",
      "",
      "An adapter that the trainer's gate has refused, or that was taken back, can be promoted all"
          + " the same; it says so."
    })
final class AdapterPromote implements Callable<Integer> {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Mixin private DecisionOptions decision = new DecisionOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
  private String start = "";

  @Option(
      names = "--scope",
      paramLabel = "SCOPE",
      defaultValue = "*",
      description = "*, tenant:NAME or stream:ID. Default: ${DEFAULT-VALUE}.")
  private String scope = "*";

  @Option(
      names = "--deadline-seconds",
      paramLabel = "N",
      defaultValue = "30",
      description = "How long to wait for the workers. Default: ${DEFAULT-VALUE}.")
  private int deadlineSeconds;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    if (deadlineSeconds < 0) {
      throw new CliException("--deadline-seconds \"" + deadlineSeconds + "\": must be 0 or more");
    }
    Scope to = DecisionOptions.scope(scope);
    PrintWriter out = spec.commandLine().getOut();
    Outcomes outcomes = Outcomes.read(access.settings().ingest());
    try (RegistryView view = access.view();
        RegistryWriter writer = access.writer()) {
      String digest = RegistryAccess.digest(view, start);
      Adapter adapter = Adapter.of(view.file(digest, access.registry().maxBytes()));
      if (outcomes.against(digest)) {
        spec.commandLine().getErr().println("warning: " + outcomes.text(digest));
        spec.commandLine().getErr().flush();
      }
      Cutover draft = decision.draft(access, view, to, adapter, "promote");
      Promotion.Result result =
          promotion(access, view, writer)
              .promote(
                  draft, Duration.ofSeconds(deadlineSeconds), decision.when(access), workers -> {});
      ObjectNode object = PromotionText.json(result);
      object.set("outcome", outcomes.brief(digest));
      out.println(json ? object.toPrettyString() : PromotionText.text(result));
      out.flush();
      return result.inForce() == null ? 1 : 0;
    }
  }

  static Promotion promotion(RegistryAccess access, RegistryView view, RegistryWriter writer) {
    Duration aliveWithin =
        access.registry().aliveInterval().multipliedBy(AdapterShow.ALIVE_INTERVALS);
    return new Promotion(view, writer, Clock.systemUTC(), aliveWithin);
  }
}
