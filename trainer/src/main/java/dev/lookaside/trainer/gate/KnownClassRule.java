package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.ClassChange;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of each class that the incumbent knows: that it is not much worse, as far as that
 * is no accident.
 *
 * <p>Average precision over a few sounds is a poor witness: of one to four held-out sounds it
 * changed by .14 to .24 (standard deviation over classes and honest rounds of the bundled model),
 * so that a bound of .1 on the worst of ten classes refuses many an honest round. A fall counts
 * only if the sounds agree on it, by an exact sign test. Each held-out sound says whether it stands
 * lower among the sounds of other classes than it did with the incumbent, and each correction that
 * was fitted whether it is heard no more or for the first time. Corrections make witnesses where
 * two or three held-out sounds are none: a refit that forgets what the one before had learned does
 * not pass. A fall by half of what there is to fall is no accident of three sounds or more,
 * whatever they agree on.
 */
final class KnownClassRule {
  private static final double EVEN = .5;

  private final GateEvidence incumbent;
  private final GateEvidence candidate;
  private final GateSettings settings;
  private final Findings findings;
  private @Nullable Judged worst;

  KnownClassRule(
      GateEvidence incumbent, GateEvidence candidate, GateSettings settings, Findings findings) {
    this.incumbent = incumbent;
    this.candidate = candidate;
    this.settings = settings;
    this.findings = findings;
  }

  /**
   * Witnesses of a class.
   *
   * @param all held-out sounds and fitted corrections, those to which nothing has changed, too
   */
  private record Witnesses(int worse, int better, int all) {
    double chance() {
      return Chance.atLeast(worse, worse + better, EVEN);
    }

    Witnesses plus(Witnesses others) {
      return new Witnesses(worse + others.worse, better + others.better, all + others.all);
    }
  }

  private record Judged(String label, double drop, Witnesses witnesses, boolean held) {}

  ClassChange judge(String label, ClassEvidence before) {
    ClassEvidence after = candidate.classes().get(label);
    if (after == null) {
      findings.fail("class %s: the candidate does not know it any more", label);
      return new ClassChange(
          before.examples(),
          new Change(before.averagePrecision(), null),
          new Change(before.recall(), null));
    }
    double drop = before.averagePrecision() - after.averagePrecision();
    Witnesses corrections = corrections(label);
    Witnesses witnesses = sounds(before, after).plus(corrections);
    if (before.examples() >= settings.minExamples() && drop > settings.classDropLimit()) {
      findings.fail(
          "class %s: average precision fell from %.3f to %.3f: more than %.3f less is allowed to no"
              + " class",
          label, before.averagePrecision(), after.averagePrecision(), settings.classDropLimit());
      keep(new Judged(label, drop, witnesses, false));
    } else if (Math.pow(EVEN, witnesses.all()) > settings.classChanceMax()) {
      findings.note(
          "class %s: %d held-out sounds and %d fitted corrections, not judged by itself",
          label, before.examples(), corrections.all());
    } else {
      boolean held =
          drop <= settings.classDropMax() || witnesses.chance() > settings.classChanceMax();
      if (!held) {
        findings.fail(
            "class %s: average precision fell from %.3f to %.3f: at most %.3f less is allowed, and"
                + " of its held-out sounds and fitted corrections %d are worse, %d better: the"
                + " chance of that is %.3f, at most %.3f is taken for no accident",
            label,
            before.averagePrecision(),
            after.averagePrecision(),
            settings.classDropMax(),
            witnesses.worse(),
            witnesses.better(),
            witnesses.chance(),
            settings.classChanceMax());
      }
      keep(new Judged(label, drop, witnesses, held));
    }
    return new ClassChange(
        before.examples(),
        new Change(before.averagePrecision(), after.averagePrecision()),
        new Change(before.recall(), after.recall()));
  }

  /** Scenes repeat the sounds, so that these count and not their events. */
  private static Witnesses sounds(ClassEvidence before, ClassEvidence after) {
    List<Double> old = before.ranks();
    List<Double> own = after.ranks();
    int worse = 0;
    int better = 0;
    int events = Math.min(old.size(), own.size());
    for (int i = 0; i < events; i++) {
      worse += own.get(i) < old.get(i) ? 1 : 0;
      better += own.get(i) > old.get(i) ? 1 : 0;
    }
    if (events == 0) {
      return new Witnesses(0, 0, 0);
    }
    int sounds = before.examples();
    int worseSounds = (int) Math.rint((double) sounds * worse / events);
    int betterSounds = (int) Math.rint((double) sounds * better / events);
    return new Witnesses(worseSounds, Math.min(sounds - worseSounds, betterSounds), sounds);
  }

  /** Held-out ones are among the held-out sounds. */
  private Witnesses corrections(String label) {
    int worse = 0;
    int better = 0;
    int all = 0;
    for (Map.Entry<String, Correction> entry : candidate.corrections().entrySet()) {
      Correction after = entry.getValue();
      Correction before = incumbent.corrections().get(entry.getKey());
      if (before != null && !after.heldOut() && after.wanted().equals(label)) {
        all++;
        worse += before.right() && !after.right() ? 1 : 0;
        better += !before.right() && after.right() ? 1 : 0;
      }
    }
    return new Witnesses(worse, better, all);
  }

  private void keep(Judged next) {
    Judged last = worst;
    boolean more =
        last == null
            || last.held() && !next.held()
            || last.held() == next.held() && next.drop() > last.drop();
    worst = more ? next : last;
  }

  /** Says what was found, once all classes are judged. */
  void report() {
    Judged found = worst;
    if (found == null) {
      findings.check("one class", "none with enough sounds", null, null, Verdict.NOT_JUDGED);
      return;
    }
    findings.check(
        "one class",
        Findings.say(
            "%s fell most, of those with enough sounds; of its sounds and fitted corrections %d are"
                + " worse, %d better, where the chance of that is %.3f",
            found.label(),
            found.witnesses().worse(),
            found.witnesses().better(),
            found.witnesses().chance()),
        found.drop(),
        settings.classDropMax(),
        Findings.verdict(found.held()));
  }
}
