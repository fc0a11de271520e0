package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What is asked of the corrections themselves. The other rules ask that no harm is done, and a
 * short fit on wrong labels beside as many right examples does next to none: it learns next to
 * nothing.
 */
final class LabelRules {
  /** Of the other classes: from so many on that are likelier, a class is an unlikely one. */
  private static final double UNLIKELY = .5;

  private final GateSettings settings;
  private final Findings findings;

  LabelRules(GateSettings settings, Findings findings) {
    this.settings = settings;
    this.findings = findings;
  }

  /**
   * Whether the labels can be right. People correct what the incumbent hears wrongly, so that it
   * contradicts them says nothing; but where it misses a sound, it still finds most other classes
   * less likely. A wrong name is unlikely as often as not. Counted are labels that it does not hear
   * as they say; what it misses of reference sounds says how many unlikely ones right labels would
   * have.
   *
   * @return examples whose label is unlikely
   * @see "Northcutt et al., Confident learning, arXiv 1911.00068: label errors are found by the
   *     probabilities of a model that was not fitted on them"
   */
  List<String> plausible(GateEvidence incumbent) {
    int judged = 0;
    List<String> doubted = new ArrayList<>();
    for (Map.Entry<String, Correction> entry : incumbent.corrections().entrySet()) {
      Double likelier = entry.getValue().likelier();
      if (!entry.getValue().right() && likelier != null) {
        judged++;
        if (likelier >= UNLIKELY) {
          doubted.add(entry.getKey());
        }
      }
    }
    double expected = Math.max(settings.doubtedShareMax(), doubtedOfReference(incumbent));
    double chance = Chance.atLeast(doubted.size(), judged, expected);
    boolean enough = judged >= settings.minExamples();
    boolean held = chance >= settings.doubtedChanceMin();
    findings.check(
        "labels",
        Findings.say(
            "chance that of %d labels that the incumbent does not hear %d are unlikely to it, if"
                + " they are right and a share of %.3f is so",
            judged, doubted.size(), expected),
        chance,
        settings.doubtedChanceMin(),
        enough ? Findings.verdict(held) : Verdict.NOT_JUDGED);
    if (enough && !held) {
      findings.fail(
          "labels: of %d that the incumbent does not hear %d are less likely to it than most other"
              + " classes; if they were right, a share of at most %.3f would be so, and the chance"
              + " of as many is %.4f, must be at least %.3f",
          judged, doubted.size(), expected, chance, settings.doubtedChanceMin());
    }
    return doubted;
  }

  private double doubtedOfReference(GateEvidence incumbent) {
    List<Double> missed = incumbent.reference().missed();
    return missed.size() < settings.minExamples()
        ? 0
        : (double) missed.stream().filter(likelier -> likelier >= UNLIKELY).count() / missed.size();
  }

  /** A fit that does nothing of what it was asked has no reason to go live. */
  void learned(List<CorrectionChange> changes) {
    int wrong = 0;
    int gained = 0;
    for (CorrectionChange c : changes) {
      wrong += c.before() ? 0 : 1;
      gained += (c.after() ? 1 : 0) - (c.before() ? 1 : 0);
    }
    double least = settings.learnedShareMin() * wrong;
    boolean enough = wrong >= settings.learnedMinCorrections();
    boolean held = gained >= least;
    findings.check(
        "learned",
        Findings.say("more corrections right than before, of %d that were wrong", wrong),
        (double) gained,
        least,
        enough ? Findings.verdict(held) : Verdict.NOT_JUDGED);
    if (enough && !held) {
      findings.fail(
          "corrections: of %d that the incumbent hears wrongly, %d more are right than before, must"
              + " be at least a share of %.3f",
          wrong, gained, settings.learnedShareMin());
    }
  }
}
