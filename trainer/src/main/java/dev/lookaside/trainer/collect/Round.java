package dev.lookaside.trainer.collect;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One refit, from its trigger to its outcome.
 *
 * @param number rises within a scope, from 1
 * @param kind what is fitted
 * @param trigger why, in words
 * @param request id of the request that asked for it; null if nobody did
 * @param fullFollows whether a fit of the whole adapter comes right after this one
 * @param freshLabels usable labels that no earlier full fit has seen
 * @param startedAtMillis when, since 1970
 */
public record Round(
    long number,
    Kind kind,
    String trigger,
    @Nullable String request,
    boolean fullFollows,
    int freshLabels,
    long startedAtMillis) {
  /** What is fitted. */
  public enum Kind {
    /** The head alone, on what the frozen rest makes of fixed scenes: seconds. */
    HEAD,
    /** The whole adapter. */
    FULL;

    /** The word in outcomes and metrics. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Names its folder. */
  public String name() {
    return "%06d-%s".formatted(number, kind.word());
  }
}
