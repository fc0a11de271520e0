package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Check.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the rules of one judgement have found so far. */
final class Findings {
  private final List<String> reasons = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<Check> checks = new ArrayList<>();

  /** Why a candidate does not pass, a sentence each. */
  List<String> reasons() {
    return reasons;
  }

  List<String> notes() {
    return notes;
  }

  List<Check> checks() {
    return checks;
  }

  /** A reason, as {@link #say}. */
  void fail(String reason, Object... values) {
    reasons.add(say(reason, values));
  }

  /** A note, as {@link #say}. */
  void note(String note, Object... values) {
    notes.add(say(note, values));
  }

  void check(
      String rule,
      String compared,
      @Nullable Double figure,
      @Nullable Double bound,
      Verdict verdict) {
    checks.add(new Check(rule, compared, figure, bound, verdict));
  }

  static Verdict verdict(boolean held) {
    return held ? Verdict.HELD : Verdict.FAILED;
  }

  /** The same words everywhere. */
  static String say(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }
}
