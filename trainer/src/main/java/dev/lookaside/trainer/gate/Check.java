package dev.lookaside.trainer.gate;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One rule of the gate, as it was applied.
 *
 * @param rule its name
 * @param compared what was set against what, in words
 * @param figure of the candidate or of the labels; null if there was none
 * @param bound that the figure had to keep; null if there was none
 * @param verdict whether it did
 */
public record Check(
    String rule,
    String compared,
    @Nullable Double figure,
    @Nullable Double bound,
    Verdict verdict) {
  private static final double DECIMALS = 1e6;

  /** Of one rule. */
  public enum Verdict {
    HELD,
    FAILED,
    /** There was too little to judge by. */
    NOT_JUDGED;

    /** The word in reports. */
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** Numbers that are none become null, the rest is rounded to six decimals. */
  public Check {
    figure = rounded(figure);
    bound = rounded(bound);
  }

  private static @Nullable Double rounded(@Nullable Double value) {
    return value == null || !Double.isFinite(value)
        ? null
        : (Double) (Math.rint(value * DECIMALS) / DECIMALS);
  }
}
