package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.ClassChange;

/**
 * What is asked of a class that the incumbent does not know. It cannot name it at all, so any sound
 * that is named is a gain, if it is no accident and costs few other sounds their name. That the
 * known classes keep theirs is asked elsewhere.
 *
 * <p>A handful of corrections leaves one to three held-out sounds. Average precision over them says
 * little; an exact test says how little. If its posterior were no higher in its own sounds than in
 * those of other classes, how likely would they be ranked as well? Scenes repeat the few sounds, so
 * that these count and not their events.
 */
final class NewClassRule {
  /** Any more are proof enough, and long to count. */
  private static final int SOUNDS_MAX = 20;

  private final GateSettings settings;
  private final Findings findings;

  NewClassRule(GateSettings settings, Findings findings) {
    this.settings = settings;
    this.findings = findings;
  }

  ClassChange judge(String label, ClassEvidence its) {
    int sounds = its.examples();
    double chance =
        sounds == 0 || its.others() == 0
            ? 1
            : Chance.ranked(Math.min(sounds, SOUNDS_MAX), its.others(), its.ranked());
    int before = findings.reasons().size();
    if (sounds < settings.minNewExamples()) {
      findings.fail(
          "new class %s: %d held-out sounds, must be at least %d",
          label, sounds, settings.minNewExamples());
    } else if (sounds > 0) {
      ask(label, its, chance);
    }
    boolean held = findings.reasons().size() == before;
    findings.check(
        "new class " + label,
        Findings.say(
            "chance of being ranked so (%.2f) with %d sounds among %d others, of which %d were taken"
                + " for it",
            its.ranked(), sounds, its.others(), its.mistaken()),
        chance,
        settings.newClassChanceMax(),
        held && sounds == 0 ? Verdict.NOT_JUDGED : Findings.verdict(held));
    return new ClassChange(
        sounds, new Change(null, its.averagePrecision()), new Change(null, its.recall()));
  }

  private void ask(String label, ClassEvidence its, double chance) {
    if (!(chance <= settings.newClassChanceMax())) {
      findings.fail(
          "new class %s: its %d held-out sounds stand above %.0f %% of %d other sounds: the chance of"
              + " that is %.3f, must be at most %.3f",
          label,
          its.examples(),
          100 * its.ranked(),
          its.others(),
          chance,
          settings.newClassChanceMax());
    }
    if (its.mistaken() > settings.newClassMistakenMax() * its.others()) {
      findings.fail(
          "new class %s: %d of %d other sounds were taken for it: at most a share of %.3f is allowed",
          label, its.mistaken(), its.others(), settings.newClassMistakenMax());
    }
    if (!(its.averagePrecision() >= settings.newClassPrecisionMin())) {
      findings.fail(
          "new class %s: average precision %.3f, must be at least %.3f",
          label, its.averagePrecision(), settings.newClassPrecisionMin());
    }
    if (!(its.recall() >= settings.newClassRecallMin())) {
      findings.fail(
          "new class %s: %.3f of its events are detected, must be at least %.3f",
          label, its.recall(), settings.newClassRecallMin());
    }
  }
}
