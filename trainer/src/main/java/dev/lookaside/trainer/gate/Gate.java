package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Evidence.Background;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.gate.Evidence.Sound;
import dev.lookaside.trainer.gate.GateReport.Change;
import dev.lookaside.trainer.gate.GateReport.ClassChange;
import dev.lookaside.trainer.gate.GateReport.Doubt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a candidate may take the incumbent's place. All of these must hold:
 *
 * <pre>
 *   labels             not half of them wrong, see {@link LabelTrust}
 *   corrected classes  average precision not lower, and with confidence not lower by more than a
 *                      little
 *   known classes      no fall that their sounds agree on, each by itself and in the mean
 *   false alarms       an hour of background, within what is allowed
 * </pre>
 *
 * <p>Every sound was scored by a fit that has not seen it, so all labels are evidence, and both
 * adapters score the same sounds. Where a rule neither holds nor fails with the chances that the
 * operator has chosen, the answer is that more labels would decide, and how many. Pure.
 *
 * <p>How often it is right is measured by {@code lookaside bench gate}.
 */
public final class Gate {
  /** Half a minute with one false alarm is 120 an hour, and shows nothing. */
  private static final double BACKGROUND_SECONDS_MIN = 30;

  /** An incumbent with more false alarms than allowed may be replaced by one with as many. */
  private static final double FALSE_ALARM_RISE = 1.1;

  private final Evidence evidence;
  private final GateSettings settings;
  private final SortedMap<String, ClassChange> classes = new TreeMap<>();
  private final Map<String, PairedPrecision.Of> figures = new LinkedHashMap<>();
  private final List<String> refusals = new ArrayList<>();
  private final List<String> open = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<Doubt> doubted = new ArrayList<>();
  private final SortedMap<String, Integer> wanted = new TreeMap<>();

  private Gate(Evidence evidence, GateSettings settings) {
    this.evidence = evidence;
    this.settings = settings;
  }

  /**
   * A label as the trust in labels sees it.
   *
   * @param example id in the store
   * @param label its class
   * @param contradiction as {@link LabelTrust} takes it
   * @param newClass whether the incumbent does not know its class
   * @param fresh whether no adapter in force comes from it
   * @param predicted the class that the fit without it ranks first
   */
  public record LabelCheck(
      String example,
      String label,
      double contradiction,
      boolean newClass,
      boolean fresh,
      String predicted) {}

  /**
   * Judges.
   *
   * @param labels in the order of {@code trust}
   * @param trust in them; null if there are no labels
   */
  public static GateReport judge(
      Evidence evidence,
      List<LabelCheck> labels,
      LabelTrust.@Nullable Finding trust,
      GateSettings settings) {
    Gate gate = new Gate(evidence, settings);
    if (trust != null) {
      gate.labels(labels, trust);
    }
    return gate.report();
  }

  private GateReport report() {
    PairedPrecision paired = new PairedPrecision(evidence.sounds());
    for (int c = 0; c < evidence.labels().size(); c++) {
      String label = evidence.labels().get(c);
      PairedPrecision.Of of = paired.of(label, c);
      if (!Double.isNaN(of.after())) {
        figures.put(label, of);
        classes.put(label, change(label, of));
      }
    }
    evidence.corrected().stream().sorted().forEach(this::correctedClass);
    Change map = knownClasses();
    Change falseAlarms = falseAlarms();
    boolean passed = refusals.isEmpty() && open.isEmpty();
    List<String> reasons = refusals.isEmpty() ? open : refusals;
    return new GateReport(
        passed,
        refusals.isEmpty() && !open.isEmpty(),
        evidence.incumbent(),
        evidence.candidate(),
        passed ? decided() : reasons.get(0),
        map,
        falseAlarms,
        classes,
        List.of(),
        reasons,
        notes,
        doubted,
        passed ? new TreeMap<>() : wanted,
        null);
  }

  private void labels(List<LabelCheck> labels, LabelTrust.Finding trust) {
    for (int i = 0; i < labels.size(); i++) {
      LabelCheck l = labels.get(i);
      if (trust.doubts(i)) {
        doubted.add(
            new Doubt(
                l.example(),
                l.label(),
                trust.wrong().get(i),
                text(
                    "a head that was fitted without this %s predicts %s and ranks it with the"
                        + " other classes' sounds",
                    l.label(), l.predicted())));
      }
    }
    if (trust.verdict() == LabelTrust.Verdict.CONTRADICTED) {
      refusals.add(
          text(
              "%d of %d labels contradict the other sounds of their classes: please check %s",
              Math.max(1, doubted.size()), labels.size(), toCheck(labels, trust)));
    } else if (trust.verdict() == LabelTrust.Verdict.TOO_FEW) {
      String label = rarest(labels);
      wanted.merge(label, trust.more(), Math::max);
      open.add(
          text(
              "not enough labels yet: %s would decide; with these %d, half of them could be wrong"
                  + " (probability that those would fit as well: %.2f, must be at most %.2f)",
              more(trust.more(), label),
              labels.size(),
              trust.chance(),
              settings.falsePassChance()));
    }
  }

  private static String toCheck(List<LabelCheck> labels, LabelTrust.Finding trust) {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < labels.size(); i++) {
      if (trust.doubts(i)) {
        counts.merge(labels.get(i).label(), 1, Integer::sum);
      }
    }
    return counts.isEmpty()
        ? "all of them"
        : String.join(", ", counts.entrySet().stream().map(e -> times(e)).toList());
  }

  private static String times(Map.Entry<String, Integer> count) {
    return "%d of %s".formatted(count.getValue(), count.getKey());
  }

  /** The class of the labels that has fewest: one more of it teaches most. */
  private static String rarest(List<LabelCheck> labels) {
    Map<String, Integer> counts = new TreeMap<>();
    labels.forEach(l -> counts.merge(l.label(), 1, Integer::sum));
    return counts.entrySet().stream()
        .min(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse("any class");
  }

  private static String more(int number, String label) {
    return number >= LabelTrust.MORE_MAX
        ? "many more of " + label
        : "%d more of %s".formatted(number, label);
  }

  private ClassChange change(String label, PairedPrecision.Of of) {
    boolean known = evidence.known().contains(label);
    int sounds = 0;
    int labels = 0;
    int[] foundBefore = new int[2];
    int[] foundAfter = new int[2];
    for (Sound s : evidence.sounds()) {
      boolean own = label.equals(s.label());
      sounds += own ? 1 : 0;
      labels += own && s.fromLabel() ? 1 : 0;
      if (own || s.label() != null || label.equals(s.rejected())) {
        count(s.before(), label, own, foundBefore);
        count(s.after(), label, own, foundAfter);
      }
    }
    return new ClassChange(
        sounds,
        labels,
        new Change(known ? of.before() : null, of.after()),
        of.interval(settings.confidence()),
        new Change(known ? share(foundBefore[0], sounds) : null, share(foundAfter[0], sounds)),
        new Change(
            known ? share(foundBefore[0], foundBefore[0] + foundBefore[1]) : null,
            share(foundAfter[0], foundAfter[0] + foundAfter[1])));
  }

  private static void count(Score score, String label, boolean own, int[] found) {
    found[own ? 0 : 1] += score.detected().contains(label) ? 1 : 0;
  }

  private static double share(int some, int all) {
    return all == 0 ? Double.NaN : (double) some / all;
  }

  private void correctedClass(String label) {
    PairedPrecision.Of of = figures.get(label);
    ClassChange change = classes.get(label);
    if (of == null || change == null) {
      return;
    }
    Interval interval = of.interval(settings.confidence());
    if (of.difference() < 0) {
      refusals.add(figure(label, of, change) + ": a corrected class must not get worse");
    } else if (interval.low() < -settings.precisionLossMax()) {
      int more = moreSounds(change.examples(), interval);
      wanted.merge(label, more, Math::max);
      open.add(
          text(
              "not enough labels yet: %s would decide; %s, and a loss of more than %.2f cannot be"
                  + " excluded",
              more(more, label), figure(label, of, change), settings.precisionLossMax()));
    }
  }

  /** An interval is narrower by the root of the sounds it rests on. */
  private int moreSounds(int sounds, Interval interval) {
    double middle = Math.max(0, (interval.low() + interval.high()) / 2);
    double needed = (middle - interval.low()) / (middle + settings.precisionLossMax());
    double more = sounds * (needed * needed - 1);
    return (int) Math.max(1, Math.min(LabelTrust.MORE_MAX, Math.ceil(more)));
  }

  /** For somebody who has labelled ten sounds. */
  private String figure(String label, PairedPrecision.Of of, ClassChange change) {
    String before =
        evidence.known().contains(label)
            ? text("%.2f before, %.2f with the candidate", of.before(), of.after())
            : text("new, %.2f with the candidate (by chance %.2f)", of.after(), of.before());
    return text(
        "%s: average precision %s, on %d sounds (%d labelled) that the head which scored them had"
            + " not seen; the true difference is %s (%.0f %% sure)",
        label,
        before,
        change.examples(),
        change.labels(),
        of.interval(settings.confidence()).words(),
        100 * settings.confidence());
  }

  /** Each known class by itself, and their mean. */
  private Change knownClasses() {
    List<PairedPrecision.Of> known = new ArrayList<>();
    figures.forEach(
        (label, of) -> {
          if (evidence.known().contains(label)) {
            known.add(of);
            ClassChange change = classes.get(label);
            boolean corrected = evidence.corrected().contains(label);
            if (!corrected
                && change != null
                && of.interval(settings.confidence()).high() < -settings.precisionLossMax()) {
              refusals.add(figure(label, of, change) + ": a known class falls");
            }
          }
        });
    for (String label : evidence.known()) {
      if (!evidence.labels().contains(label)) {
        refusals.add(text("class %s: the candidate does not know it any more", label));
      }
    }
    if (known.isEmpty()) {
      notes.add("no known class has sounds to judge by");
      return Change.NONE;
    }
    double before = known.stream().mapToDouble(PairedPrecision.Of::before).average().orElse(0);
    double after = known.stream().mapToDouble(PairedPrecision.Of::after).average().orElse(0);
    Interval interval = meanInterval(known);
    if (interval.high() < 0) {
      refusals.add(
          text(
              "known classes: mean average precision %.2f before, %.2f with the candidate; the true"
                  + " difference is %s (%.0f %% sure): they must hold",
              before, after, interval.words(), 100 * settings.confidence()));
    }
    return new Change(before, after);
  }

  /** The draws are the same for all classes, so that their mean has draws, too. */
  private Interval meanInterval(List<PairedPrecision.Of> known) {
    double[] mean = new double[known.get(0).draws().length];
    for (int d = 0; d < mean.length; d++) {
      double sum = 0;
      int count = 0;
      for (PairedPrecision.Of of : known) {
        if (!Double.isNaN(of.draws()[d])) {
          sum += of.draws()[d];
          count++;
        }
      }
      mean[d] = count == 0 ? Double.NaN : sum / count;
    }
    return Interval.of(mean, settings.confidence());
  }

  private Change falseAlarms() {
    Background b = evidence.background();
    double before = b.perHour(b.before());
    double after = b.perHour(b.after());
    if (b.seconds() < BACKGROUND_SECONDS_MIN) {
      notes.add(text("%.0f s of background: false alarms not judged", b.seconds()));
      return new Change(before, after);
    }
    if (b.streams() > 0) {
      notes.add(
          text(
              "false alarms: counted on %.0f s of background of %d %s, too",
              b.streamSeconds(), b.streams(), b.streams() == 1 ? "stream" : "streams"));
    }
    double allowed = Math.max(settings.falseAlarmsPerHourMax(), before * FALSE_ALARM_RISE);
    double expected = allowed * b.seconds() / 3600;
    double chance = atLeast(b.after(), expected);
    if (after > allowed && chance < 1 - settings.confidence()) {
      refusals.add(
          text(
              "false alarms: %.0f an hour of background, %.0f before; at most %.0f are allowed, and"
                  + " as many come by chance in %.0f %% of such %.0f s",
              after, before, allowed, 100 * chance, b.seconds()));
    }
    return new Change(before, after);
  }

  /** The upper tail of the Poisson distribution. */
  static double atLeast(int hits, double expected) {
    double below = 0;
    double term = Math.exp(-expected);
    for (int i = 0; i < hits; i++) {
      below += term;
      term *= expected / (i + 1);
    }
    return Math.max(0, 1 - below);
  }

  /** The corrected class that was nearest to its bound. */
  private String decided() {
    String nearest = "no label names a class: there is nothing to compare";
    double lowest = Double.POSITIVE_INFINITY;
    for (String label : new TreeSet<>(evidence.corrected())) {
      PairedPrecision.Of of = figures.get(label);
      ClassChange change = classes.get(label);
      if (of != null && change != null) {
        double low = of.interval(settings.confidence()).low();
        if (low < lowest) {
          lowest = low;
          nearest = figure(label, of, change);
        }
      }
    }
    return nearest;
  }

  private static String text(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }
}
