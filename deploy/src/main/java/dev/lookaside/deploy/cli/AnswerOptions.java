package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Promotion;
import dev.lookaside.deploy.console.CliException;
import java.io.PrintWriter;
import java.time.Duration;
import picocli.CommandLine.Option;

/** How long a decision that stands already waits for what the workers say of it. */
final class AnswerOptions {
  @Option(
      names = "--deadline-seconds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How long to wait for the workers' answers. Default: ${DEFAULT-VALUE}.")
  private int deadlineSeconds;

  /**
   * Decides and prints how it went.
   *
   * @return the exit code
   * @throws CliException naming the option that is wrong
   */
  int decide(
      Promotion promotion, Cutover draft, Promotion.When when, boolean json, PrintWriter out) {
    if (deadlineSeconds < 0) {
      throw new CliException("--deadline-seconds \"" + deadlineSeconds + "\": must be 0 or more");
    }
    Promotion.Result result =
        promotion.decide(draft, Duration.ofSeconds(deadlineSeconds), when, workers -> {});
    out.println(json ? PromotionText.json(result).toPrettyString() : PromotionText.text(result));
    out.flush();
    return result.refusing().isEmpty() ? 0 : 1;
  }
}
