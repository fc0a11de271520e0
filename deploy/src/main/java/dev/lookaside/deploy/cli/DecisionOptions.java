package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.GoldenLogits;
import dev.lookaside.classifier.registry.Promotion;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who decides, and from when on. */
final class DecisionOptions {
  private static final Duration FAR = Duration.ofDays(1);

  @Option(
      names = "--author",
      paramLabel = "NAME",
      description = "Who decides (default: the user's name).")
  private @Nullable String author;

  @Option(
      names = "--lead-seconds",
      paramLabel = "N",
      description =
          "Seconds from now until it takes effect (setting"
              + " lookaside.classifier.registry.lead-seconds). With fewer than the workers have"
              + " set, one that is busy may score the first windows before it knows.")
  private @Nullable Integer leadSeconds;

  @Option(
      names = "--effective-from",
      paramLabel = "TIME",
      description =
          "Capture time from which on it takes effect, as 2026-03-01T12:00:00Z. Windows that were"
              + " scored already stay as they are.")
  private @Nullable String effectiveFrom;

  @Option(
      names = "--far-ahead",
      description =
          "Let it take effect more than a day ahead. Nothing that is decided later for the scope"
              + " can take effect before it, a rollback neither.")
  private boolean farAhead;

  /**
   * When the decision takes effect.
   *
   * @throws CliException naming the option that is wrong
   */
  Promotion.When when(RegistryAccess access) {
    Integer seconds = leadSeconds;
    if (seconds != null) {
      OptionValue.atLeast("--lead-seconds", seconds, 0);
    }
    Duration lead = seconds == null ? access.registry().lead() : Duration.ofSeconds(seconds);
    Instant at = effectiveFrom();
    if (at != null && at.isAfter(Instant.now().plus(FAR))) {
      far("--effective-from \"" + effectiveFrom + "\"");
    } else if (at == null && lead.compareTo(FAR) > 0) {
      far("--lead-seconds \"" + seconds + "\"");
    }
    return new Promotion.When(lead, at);
  }

  private void far(String option) {
    if (!farAhead) {
      throw new CliException(
          option
              + ": is more than a day ahead, and nothing decided later for the scope could take"
              + " effect before it; pass --far-ahead to confirm");
    }
  }

  /**
   * A decision without number, for an adapter that this machine has tried, with the logits that
   * every worker must find again.
   */
  Cutover draft(
      RegistryAccess access, RegistryView view, Scope scope, Adapter adapter, String reason) {
    return access.withModel(
        (sessions, features) ->
            draft(
                view,
                scope,
                adapter.digest(),
                reason,
                sessions.backbone().digest(),
                features.fingerprint(),
                GoldenLogits.of(sessions, adapter)));
  }

  /** A decision that no scope-specific adapter is in force any more. */
  Cutover release(RegistryView view, Scope scope, String reason) {
    return draft(view, scope, null, reason, null, null, null);
  }

  private Cutover draft(
      RegistryView view,
      Scope scope,
      @Nullable String adapter,
      String reason,
      @Nullable String backbone,
      @Nullable String features,
      @Nullable GoldenLogits golden) {
    Instant now = Instant.now();
    String name = author == null ? OptionValue.userName() : author;
    return new Cutover(
        scope,
        1,
        adapter,
        now,
        reason,
        name,
        now,
        view.ledger().inForce(scope, now, c -> true).map(Cutover::adapter).orElse(null),
        backbone,
        features,
        golden,
        null);
  }

  private @Nullable Instant effectiveFrom() {
    if (effectiveFrom == null) {
      return null;
    }
    return OptionValue.time("--effective-from", effectiveFrom);
  }
}
