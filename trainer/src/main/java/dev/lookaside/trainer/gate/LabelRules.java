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

  private static final double EVEN = .5;

  /**
   * How far the shares of right labels spread around their mean. Measured: 280 right labels of
   * sounds that the bundled model does not hear, mean .24, standard deviation .18; so it is with 5.
   */
  private static final double CONCENTRATION = 5;

  private final GateSettings settings;
  private final Findings findings;

  LabelRules(GateSettings settings, Findings findings) {
    this.settings = settings;
    this.findings = findings;
  }

  /**
   * Whether the labels can be right. People correct what the incumbent hears wrongly, so that it
   * contradicts them says nothing; but where it misses a sound, it still finds few other classes
   * likelier. To a wrong name about as many are likelier as not. Counted are labels that it does
   * not hear as they say; what it misses of reference sounds says how it would be with right ones.
   * How many classes are likelier tells more than whether most are: of twelve made-up sets of five
   * labels, half of them wrong, the mean refuses nine and the number of unlikely ones four.
   *
   * @return examples whose label is unlikely
   * @see "Northcutt et al., Confident learning, arXiv 1911.00068: label errors are found by the
   *     probabilities of a model that was not fitted on them"
   */
  List<String> plausible(GateEvidence incumbent) {
    List<Double> judged = new ArrayList<>();
    List<String> doubted = new ArrayList<>();
    for (Map.Entry<String, Correction> entry : incumbent.corrections().entrySet()) {
      Double likelier = entry.getValue().likelier();
      if (!entry.getValue().right() && likelier != null) {
        judged.add(likelier);
        if (likelier >= UNLIKELY) {
          doubted.add(entry.getKey());
        }
      }
    }
    double expected = Math.max(settings.likelierMean(), likelierOfReference(incumbent));
    double mean = mean(judged);
    double chance = Chance.summed(judged, expected, CONCENTRATION);
    boolean enough = judged.size() >= settings.minExamples();
    boolean held = chance >= settings.doubtedChanceMin();
    findings.check(
        "labels",
        Findings.say(
            "chance that to %d labels that the incumbent does not hear a share of %.3f of the other"
                + " classes is likelier, if they are right and %.3f is so",
            judged.size(), mean, expected),
        chance,
        settings.doubtedChanceMin(),
        enough ? Findings.verdict(held) : Verdict.NOT_JUDGED);
    if (enough && !held) {
      findings.fail(
          "labels: where the incumbent does not hear what they say, %d times, it finds a share of"
              + " %.3f of the other classes likelier; if they were right, it would be about %.3f, and"
              + " the chance of as much is %.4f, must be at least %.3f",
          judged.size(), mean, expected, chance, settings.doubtedChanceMin());
    }
    return doubted;
  }

  private double likelierOfReference(GateEvidence incumbent) {
    List<Double> missed = incumbent.reference().missed();
    return missed.size() < settings.minExamples() ? 0 : mean(missed);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElse(0);
  }

  /**
   * Corrections that were heard right are not lost. A head that is as good as the incumbent loses
   * one here and gains one there, which no bound on their number forgives; so it is asked how
   * likely as many of those that have changed were lost if each were as likely gained.
   */
  void kept(List<CorrectionChange> changes) {
    int lost = 0;
    int gained = 0;
    for (CorrectionChange c : changes) {
      lost += c.before() && !c.after() ? 1 : 0;
      gained += !c.before() && c.after() ? 1 : 0;
    }
    double chance = Chance.atLeast(lost, lost + gained, EVEN);
    boolean held = chance > settings.lostChanceMax();
    findings.check(
        "kept",
        Findings.say(
            "chance that of %d corrections that are heard differently %d or more are lost",
            lost + gained, lost),
        chance,
        settings.lostChanceMax(),
        changes.isEmpty() ? Verdict.NOT_JUDGED : Findings.verdict(held));
    if (!held) {
      findings.fail(
          "corrections: %d that the incumbent hears right are lost, %d gained: the chance of that is"
              + " %.3f, at most %.3f is taken for no accident",
          lost, gained, chance, settings.lostChanceMax());
    }
  }

  /** A fit that does nothing of what it was asked has no reason to go live. */
  void learned(List<CorrectionChange> changes) {
    if (settings.learnedShareMin() == 0) {
      return;
    }
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
