package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.ClassChange;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a candidate may take the incumbent's place. Every rule must hold:
 *
 * <pre>
 *   known classes      mean average precision not worse than by epsilon, on all held-out sounds
 *   reference sounds   the same on sounds from before there were labels: labels cannot bend it
 *   one class          no known class much worse
 *   new class          better than chance on held-out sounds, and few other sounds taken for it
 *   false alarms       on background, within the budget
 *   calibration        posteriors about as well calibrated
 *   labels             not more of them unlikely to the incumbent than right ones would be
 *   learned            not more corrections wrong than before, or some share right
 * </pre>
 *
 * <p>The last two are there because the others ask for no harm only. A short fit on wrong labels
 * beside as many right examples does next to none, and learns next to nothing. Pure.
 */
public final class Gate {
  private static final double SECONDS_PER_HOUR = 3600;

  private final GateEvidence incumbent;
  private final GateEvidence candidate;
  private final GateSettings settings;
  private final Findings findings = new Findings();

  private Gate(GateEvidence incumbent, GateEvidence candidate, GateSettings settings) {
    this.incumbent = incumbent;
    this.candidate = candidate;
    this.settings = settings;
  }

  /**
   * Judges.
   *
   * @param incumbent and {@code candidate}: on the same held-out sounds
   */
  public static GateReport judge(
      GateEvidence incumbent, GateEvidence candidate, GateSettings settings) {
    return new Gate(incumbent, candidate, settings).judge();
  }

  private GateReport judge() {
    Change map =
        map("known classes", "known classes", precisions(incumbent), precisions(candidate));
    if (incumbent.reference().precisions().isEmpty()) {
      findings.check("reference sounds", "nothing held out", null, null, Verdict.NOT_JUDGED);
      findings.note("no held-out reference sounds: judged on sounds that labels name");
    } else {
      map(
          "reference sounds",
          "known classes on reference sounds",
          incumbent.reference().precisions(),
          candidate.reference().precisions());
    }
    SortedMap<String, ClassChange> classes = classes();
    Change falseAlarms = falseAlarms();
    Change calibration = calibration();
    List<CorrectionChange> corrections = corrections();
    LabelRules labels = new LabelRules(settings, findings);
    List<String> doubted = labels.plausible(incumbent);
    labels.learned(corrections);
    return new GateReport(
        findings.reasons().isEmpty(),
        incumbent.adapter(),
        candidate.adapter(),
        map,
        falseAlarms,
        calibration,
        classes,
        corrections,
        findings.reasons(),
        findings.notes(),
        null,
        findings.checks(),
        doubted);
  }

  private static SortedMap<String, Double> precisions(GateEvidence evidence) {
    SortedMap<String, Double> precisions = new TreeMap<>();
    evidence.classes().forEach((label, e) -> precisions.put(label, e.averagePrecision()));
    return precisions;
  }

  /**
   * @param rule its name
   * @param what is averaged over, in words
   */
  private Change map(
      String rule, String what, SortedMap<String, Double> old, SortedMap<String, Double> own) {
    if (old.isEmpty()) {
      findings.check(rule, "nothing held out", null, null, Verdict.NOT_JUDGED);
      findings.note("no known class has held-out sounds: mean average precision not judged");
      return new Change(null, null);
    }
    double before = mean(old, old::get);
    double after = mean(old, label -> own.getOrDefault(label, 0.0));
    double least = before - settings.mapEpsilon();
    boolean held = after >= least;
    findings.check(
        rule,
        Findings.say("mean average precision over %d, the incumbent's %.3f", old.size(), before),
        after,
        least,
        Findings.verdict(held));
    if (!held) {
      findings.fail(
          "mean average precision over %d %s fell from %.3f to %.3f: at most %.3f less is allowed",
          old.size(), what, before, after, settings.mapEpsilon());
    }
    return new Change(before, after);
  }

  private static double mean(SortedMap<String, Double> over, Function<String, Double> value) {
    return over.keySet().stream().mapToDouble(value::apply).average().orElse(Double.NaN);
  }

  private SortedMap<String, ClassChange> classes() {
    SortedMap<String, ClassChange> changes = new TreeMap<>();
    double worst = Double.NEGATIVE_INFINITY;
    String name = "";
    for (String label : incumbent.classes().keySet()) {
      ClassEvidence before = incumbent.classes().get(label);
      ClassEvidence after = candidate.classes().get(label);
      if (before != null) {
        changes.put(label, known(label, before, after));
        double drop = before.averagePrecision() - (after == null ? 0 : after.averagePrecision());
        if (before.examples() >= settings.minExamples() && drop > worst) {
          worst = drop;
          name = label;
        }
      }
    }
    if (name.isEmpty()) {
      findings.check("one class", "none with enough sounds", null, null, Verdict.NOT_JUDGED);
    } else {
      findings.check(
          "one class",
          name + " fell most, of those with enough sounds",
          worst,
          settings.classDropMax(),
          Findings.verdict(worst <= settings.classDropMax()));
    }
    NewClassRule newClass = new NewClassRule(settings, findings);
    candidate
        .classes()
        .forEach(
            (label, after) -> {
              if (!changes.containsKey(label)) {
                changes.put(label, newClass.judge(label, after));
              }
            });
    return changes;
  }

  private ClassChange known(String label, ClassEvidence before, @Nullable ClassEvidence after) {
    if (after == null) {
      findings.fail("class %s: the candidate does not know it any more", label);
      return new ClassChange(
          before.examples(),
          new Change(before.averagePrecision(), null),
          new Change(before.recall(), null));
    }
    double drop = before.averagePrecision() - after.averagePrecision();
    if (before.examples() < settings.minExamples()) {
      findings.note("class %s: %d held-out sounds, not judged by itself", label, before.examples());
    } else if (!(drop <= settings.classDropMax())) {
      findings.fail(
          "class %s: average precision fell from %.3f to %.3f: at most %.3f less is allowed",
          label, before.averagePrecision(), after.averagePrecision(), settings.classDropMax());
    }
    return new ClassChange(
        before.examples(),
        new Change(before.averagePrecision(), after.averagePrecision()),
        new Change(before.recall(), after.recall()));
  }

  private Change falseAlarms() {
    double before = incumbent.falseAlarmsPerHour();
    double after = candidate.falseAlarmsPerHour();
    double grown = Double.isNaN(before) ? 0 : before * (1 + settings.falseAlarmRise());
    double allowed = Math.max(settings.falseAlarmsPerHourMax(), grown);
    boolean enough = candidate.backgroundSeconds() >= settings.minBackgroundSeconds();
    // One in half a minute is 120 an hour and no proof of it.
    double chance =
        Chance.atLeast(
            candidate.falseAlarms(), allowed * candidate.backgroundSeconds() / SECONDS_PER_HOUR);
    boolean held = !(after > allowed && chance < settings.falseAlarmChanceMin());
    if (!enough) {
      findings.note(
          "%.0f s of held-out background: false alarms not judged", candidate.backgroundSeconds());
    } else if (!held) {
      findings.fail(
          "false alarms on background: %.1f an hour, before %.1f: at most %.1f are allowed, and the"
              + " chance of as many in %.0f s is %.3f, must be at least %.3f",
          after,
          before,
          allowed,
          candidate.backgroundSeconds(),
          chance,
          settings.falseAlarmChanceMin());
    }
    findings.check(
        "false alarms",
        Findings.say(
            "an hour, in %.0f s of background, where the chance of as many at the bound is %.3f",
            candidate.backgroundSeconds(), chance),
        after,
        allowed,
        enough ? Findings.verdict(held) : Verdict.NOT_JUDGED);
    return new Change(before, after);
  }

  private Change calibration() {
    double before = incumbent.calibrationError();
    double after = candidate.calibrationError();
    double allowed = Math.max(settings.calibrationErrorMax(), before + settings.calibrationRise());
    boolean held = after <= allowed;
    if (!held) {
      findings.fail(
          "calibration error of the posteriors: %.3f, before %.3f: at most %.3f is allowed",
          after, before, allowed);
    }
    findings.check(
        "calibration",
        Findings.say("error of the posteriors, the incumbent's %.3f", before),
        after,
        allowed,
        Findings.verdict(held));
    return new Change(before, after);
  }

  private List<CorrectionChange> corrections() {
    List<CorrectionChange> changes = new ArrayList<>();
    candidate
        .corrections()
        .forEach(
            (id, after) -> {
              Correction before = incumbent.corrections().get(id);
              changes.add(
                  new CorrectionChange(
                      id,
                      after.wanted(),
                      before != null && before.right(),
                      after.right(),
                      after.heldOut(),
                      before == null ? null : before.said(),
                      after.said()));
            });
    return changes;
  }
}
