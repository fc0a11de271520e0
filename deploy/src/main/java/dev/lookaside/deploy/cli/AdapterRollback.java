package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter rollback}. */
@Command(
    name = "rollback",
    footer = {"", "Example:", "  lookaside adapter rollback --scope tenant:harbour"},
    description = {
      "Bring back what was in force in a scope before its last decision.",
      "",
      "If that was nothing, the scope is released: less specific scopes decide, or the adapter of the configuration.",
      "",
      "Says what the workers answer; if one refuses the adapter, the exit code is 1."
    })
final class AdapterRollback implements Callable<Integer> {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Mixin private DecisionOptions decision = new DecisionOptions();
  @Mixin private AnswerOptions answers = new AnswerOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--scope",
      paramLabel = "SCOPE",
      defaultValue = "*",
      description = "*, tenant:NAME or stream:ID. Default: ${DEFAULT-VALUE}.")
  private String scope = "*";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    Scope of = DecisionOptions.scope(scope);
    try (RegistryView view = access.view();
        RegistryWriter writer = access.writer()) {
      List<Cutover> decided = view.ledger().of(of).stream().filter(Cutover::takesEffect).toList();
      if (decided.isEmpty()) {
        throw new CliException("--scope \"" + scope + "\": nothing was decided for it");
      }
      String back = before(decided);
      Cutover draft =
          back == null
              ? decision.release(view, of, "rollback")
              : decision.draft(
                  access,
                  view,
                  of,
                  Adapter.of(view.file(back, access.registry().maxBytes())),
                  "rollback");
      return answers.decide(
          AdapterPromote.promotion(access, view, writer),
          draft,
          decision.when(access),
          json,
          spec.commandLine().getOut());
    }
  }

  /** The adapter of the last decision but those for the present one; null if there was none. */
  private static @Nullable String before(List<Cutover> decided) {
    String present = decided.get(decided.size() - 1).adapter();
    for (int i = decided.size() - 2; i >= 0; i--) {
      String adapter = decided.get(i).adapter();
      if (adapter == null || !adapter.equals(present)) {
        return adapter;
      }
    }
    return null;
  }
}
