package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Check.Verdict;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.ClassChange;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Decides whether a candidate may take the incumbent's place. Every rule must hold:
 *
 * <pre>
 *   known classes      mean average precision not worse than by epsilon, on all held-out sounds
 *   reference sounds   the same on sounds from before there were labels: labels cannot bend it
 *   one class          no known class much worse, if its sounds agree on that
 *   new class          better than chance on held-out sounds, and few other sounds taken for it
 *   false alarms       on background, within the budget
 *   calibration        posteriors about as well calibrated
 *   labels             not less likely to the incumbent than right ones would be
 *   kept               not more corrections lost than may be by chance
 *   learned            a share of the corrections right, where it is asked for
 * </pre>
 *
 * <p>The rules for labels are there because the others ask for no harm only. A short fit on wrong
 * labels beside as many right examples does next to none, and learns next to nothing.
 *
 * <p>Measured by {@code lookaside bench gate --sets 8 --seed 2}: rounds of the bundled model's
 * head, refused of eight sets each, of which two are held out as a whole and teach nothing:
 *
 * <pre>
 *                               right  half wrong  random
 *    5 labels of known classes    0        2          6
 *   10 labels of known classes    0        7          8
 *   20 labels of known classes    0        7          8
 *   10 labels of a new class      3        6          5
 * </pre>
 *
 * <p>Of a new class one to three held-out sounds decide. Pure.
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
    labels.kept(corrections);
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
    KnownClassRule known = new KnownClassRule(incumbent, candidate, settings, findings);
    incumbent.classes().forEach((label, before) -> changes.put(label, known.judge(label, before)));
    known.report();
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
