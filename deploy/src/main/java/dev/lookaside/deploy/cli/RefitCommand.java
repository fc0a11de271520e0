package dev.lookaside.deploy.cli;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.trainer.publish.RefitTopic;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
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
}
