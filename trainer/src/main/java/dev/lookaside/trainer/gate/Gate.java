package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.GateEvidence.ClassEvidence;
import dev.lookaside.trainer.gate.GateEvidence.Correction;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.ClassChange;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a candidate may take the incumbent's place. Every rule must hold: mean average
 * precision not worse than by epsilon, no known class much worse, new classes good enough, false
 * alarms on background within the budget, posteriors about as well calibrated. Pure.
 */
public final class Gate {
  private final GateEvidence incumbent;
  private final GateEvidence candidate;
  private final GateSettings settings;
  private final List<String> reasons = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

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
    Change map = map();
    SortedMap<String, ClassChange> classes = classes();
    Change falseAlarms = falseAlarms();
    Change calibration = calibration();
    return new GateReport(
        reasons.isEmpty(),
        incumbent.adapter(),
        candidate.adapter(),
        map,
        falseAlarms,
        calibration,
        classes,
        corrections(),
        reasons,
        notes);
  }

  private Change map() {
    double before = 0;
    double after = 0;
    int known = 0;
    for (String label : incumbent.classes().keySet()) {
      ClassEvidence own = incumbent.classes().get(label);
      ClassEvidence others = candidate.classes().get(label);
      if (own != null) {
        known++;
        before += own.averagePrecision();
        after += others == null ? 0 : others.averagePrecision();
      }
    }
    if (known == 0) {
      notes.add("no known class has held-out sounds: mean average precision not judged");
      return new Change(null, null);
    }
    before /= known;
    after /= known;
    if (!(after >= before - settings.mapEpsilon())) {
      fail(
          "mean average precision over %d known classes fell from %.3f to %.3f: at most %.3f less"
              + " is allowed",
          known, before, after, settings.mapEpsilon());
    }
    return new Change(before, after);
  }

  private SortedMap<String, ClassChange> classes() {
    SortedMap<String, ClassChange> changes = new TreeMap<>();
    incumbent
        .classes()
        .forEach(
            (label, before) ->
                changes.put(label, known(label, before, candidate.classes().get(label))));
    candidate
        .classes()
        .forEach(
            (label, after) -> {
              if (!changes.containsKey(label)) {
                changes.put(label, added(label, after));
              }
            });
    return changes;
  }

  private ClassChange known(String label, ClassEvidence before, @Nullable ClassEvidence after) {
    if (after == null) {
      fail("class %s: the candidate does not know it any more", label);
      return new ClassChange(
          before.examples(),
          new Change(before.averagePrecision(), null),
          new Change(before.recall(), null));
    }
    double drop = before.averagePrecision() - after.averagePrecision();
    if (before.examples() < settings.minExamples()) {
      notes.add(
          "class %s: %d held-out sounds, not judged by itself".formatted(label, before.examples()));
    } else if (!(drop <= settings.classDropMax())) {
      fail(
          "class %s: average precision fell from %.3f to %.3f: at most %.3f less is allowed",
          label, before.averagePrecision(), after.averagePrecision(), settings.classDropMax());
    }
    return new ClassChange(
        before.examples(),
        new Change(before.averagePrecision(), after.averagePrecision()),
        new Change(before.recall(), after.recall()));
  }

  private ClassChange added(String label, ClassEvidence after) {
    if (after.examples() < settings.minNewExamples()) {
      fail(
          "new class %s: %d held-out sounds, must be at least %d",
          label, after.examples(), settings.minNewExamples());
    } else if (!(after.averagePrecision() >= settings.newClassPrecisionMin())) {
      fail(
          "new class %s: average precision %.3f, must be at least %.3f",
          label, after.averagePrecision(), settings.newClassPrecisionMin());
    } else if (!(after.recall() >= settings.newClassRecallMin())) {
      fail(
          "new class %s: %.3f of its events are detected, must be at least %.3f",
          label, after.recall(), settings.newClassRecallMin());
    }
    return new ClassChange(
        after.examples(),
        new Change(null, after.averagePrecision()),
        new Change(null, after.recall()));
  }

  private Change falseAlarms() {
    double before = incumbent.falseAlarmsPerHour();
    double after = candidate.falseAlarmsPerHour();
    if (candidate.backgroundSeconds() < settings.minBackgroundSeconds()) {
      notes.add(
          String.format(
              Locale.ROOT,
              "%.0f s of held-out background: false alarms not judged",
              candidate.backgroundSeconds()));
    } else {
      double grown = Double.isNaN(before) ? 0 : before * (1 + settings.falseAlarmRise());
      double allowed = Math.max(settings.falseAlarmsPerHourMax(), grown);
      if (after > allowed) {
        fail(
            "false alarms on background: %.1f an hour, before %.1f: at most %.1f are allowed",
            after, before, allowed);
      }
    }
    return new Change(before, after);
  }

  private Change calibration() {
    double before = incumbent.calibrationError();
    double after = candidate.calibrationError();
    double allowed = Math.max(settings.calibrationErrorMax(), before + settings.calibrationRise());
    if (!(after <= allowed)) {
      fail(
          "calibration error of the posteriors: %.3f, before %.3f: at most %.3f is allowed",
          after, before, allowed);
    }
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

  private void fail(String reason, Object... values) {
    reasons.add(String.format(Locale.ROOT, reason, values));
  }
}
