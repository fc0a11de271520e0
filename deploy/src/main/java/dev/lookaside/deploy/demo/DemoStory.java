package dev.lookaside.deploy.demo;

import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.TrainerStatus;
import dev.lookaside.trainer.metric.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a class that nobody knew is learned: corrections, rounds of the trainer, swaps. Written by
 * the script, the trainer and the streams' observer; thread-safe. Times come in as arguments.
 */
final class DemoStory {
  private static final int DIGITS = 8;
  private static final int BAR_CELLS = 12;

  /**
   * Another adapter took over.
   *
   * @param adapter digest
   * @param from capture time of the first window that it scored
   * @param seen when those scores came, wall clock
   */
  record Swap(String adapter, Instant from, Instant seen) {}

  /**
   * A round that has ended.
   *
   * @param labelled when the last correction before it was made
   */
  record Ended(RoundOutcome outcome, Instant labelled) {}

  private final String label;
  private final boolean byPage;
  private final Round.Kind last;
  private final Map<String, Swap> swaps = new LinkedHashMap<>();
  private final Map<Round.Kind, Ended> ended = new EnumMap<>(Round.Kind.class);
  private final List<String> pending = new ArrayList<>();
  private Instant epoch = Instant.EPOCH;
  private @Nullable String firstAdapter;
  private @Nullable TrainerStatus trainer;
  private @Nullable Instant labelled;
  private @Nullable Instant roundLabelled;
  private long round;
  private int corrections;
  private String phase = "";

  /**
   * @param label the new class
   * @param byPage whether a person corrects, not the script
   * @param last refit that it ends with
   */
  DemoStory(String label, boolean byPage, Round.Kind last) {
    this.label = label;
    this.byPage = byPage;
    this.last = last;
  }

  /** The streams begin. */
  synchronized void begin(Instant epoch) {
    this.epoch = epoch;
  }

  /** The script has written corrections; what was refused before them is not the end. */
  synchronized void corrected(List<Event> sounds, Instant at) {
    corrections += sounds.size();
    labelled = at;
    ended.remove(last);
    String what =
        sounds.size() == 1
            ? "%s at %s was a %s"
                .formatted(
                    sounds.get(0).stream(), DemoView.clock(sounds.get(0).onsetSeconds()), label)
            : "%d more sounds were a %s, too".formatted(sounds.size(), label);
    add(at, "correction", what);
  }

  /** The trainer's status. */
  synchronized void status(TrainerStatus status, Instant now) {
    trainer = status;
    // The count falls when a full fit begins, and may come once more as it was.
    if (byPage && status.freshLabels() > corrections) {
      corrections = status.freshLabels();
      labelled = now;
    }
    Round under = status.round();
    if (under != null && under.number() != round) {
      round = under.number();
      roundLabelled = labelled;
    }
    if (!status.phase().equals(phase)) {
      phase = status.phase();
      shown(status, now);
    }
  }

  private void shown(TrainerStatus status, Instant now) {
    Round under = status.round();
    if (under == null) {
      return;
    }
    String what = under.kind() == Round.Kind.HEAD ? "the head alone" : "the whole adapter";
    String text =
        switch (status.phase()) {
          case "fitting" -> "fits %s to %s".formatted(what, under.trigger());
          case "judging" -> "evaluates it out of fold against the adapter in force";
          case "shadowing" -> "starts a shadow run on live audio";
          case "publishing" -> "publishes it; workers prepare it";
          default -> status.phase();
        };
    add(now, "trainer", text);
  }

  /** A round has ended. */
  synchronized void finished(RoundOutcome outcome, Instant now) {
    Instant since = roundLabelled == null ? now : roundLabelled;
    ended.put(outcome.round().kind(), new Ended(outcome, since));
    if (byLabels(outcome)) {
      // No refit of the whole adapter follows.
      ended.put(last, new Ended(outcome, since));
    }
    // Of the next round of the same number of labels, too.
    round = 0;
    add(now, "gate", outcome.round().kind().word() + ": " + gate(outcome));
  }

  /**
   * A window was scored.
   *
   * @param captured capture time of its start
   * @return true if it is the first one that any stream's adapter of this digest scored
   */
  synchronized boolean scored(String adapter, Instant captured, Instant now) {
    if (firstAdapter == null) {
      firstAdapter = adapter;
    }
    if (adapter.equals(firstAdapter) || swaps.containsKey(adapter)) {
      return false;
    }
    swaps.put(adapter, new Swap(adapter, captured, now));
    add(
        now,
        "swap",
        "from here on adapter %s scores%s".formatted(shortened(adapter), after(adapter, now)));
    return true;
  }

  private String after(String adapter, Instant now) {
    Instant since = since(adapter);
    return since == null
        ? ""
        : String.format(Locale.ROOT, ", %.1f s after the corrections", seconds(since, now));
  }

  /** When the corrections were made that an adapter learned from. */
  private @Nullable Instant since(String adapter) {
    for (Ended e : ended.values()) {
      if (adapter.equals(e.outcome().candidate())) {
        return e.labelled();
      }
    }
    return roundLabelled;
  }

  private static double seconds(Instant from, Instant until) {
    return Duration.between(from, until).toMillis() / 1000.0;
  }

  private void add(Instant now, String who, String what) {
    pending.add(" %s  -- %-11s %s".formatted(DemoView.clock(seconds(epoch, now)), who, what));
  }

  /** What has happened since the last call, a line each. */
  synchronized List<String> drain() {
    List<String> lines = List.copyOf(pending);
    pending.clear();
    return lines;
  }

  /** Whether nothing more will happen without new corrections. */
  synchronized boolean over() {
    Ended end = ended.get(last);
    return end != null
        && (end.outcome().kind() != RoundOutcome.Kind.PUBLISHED
            || swaps.containsKey(end.outcome().candidate()));
  }

  /** Whether more corrections would help: the last refit failed for want of them. */
  synchronized boolean wantsLabels() {
    Ended end = ended.get(last);
    return end != null
        && (byLabels(end.outcome())
            || last == Round.Kind.HEAD && end.outcome().kind() == RoundOutcome.Kind.REFUSED);
  }

  private static boolean byLabels(RoundOutcome outcome) {
    GateReport report = outcome.report();
    return report != null && report.labelsAtFault();
  }

  /** The refit that it ends with. */
  Round.Kind last() {
    return last;
  }

  /** Corrections that the trainer could fit to now. */
  synchronized int waiting() {
    return trainer == null ? 0 : trainer.freshLabels();
  }

  /** All swaps, in their order. */
  synchronized List<Swap> swaps() {
    return List.copyOf(swaps.values());
  }

  synchronized int corrections() {
    return corrections;
  }

  synchronized Optional<Ended> ended(Round.Kind kind) {
    return Optional.ofNullable(ended.get(kind));
  }

  /** From the last correction to the first scores of what was fitted to it. */
  synchronized Optional<Double> labelToLiveSeconds(Round.Kind kind) {
    Ended found = ended.get(kind);
    if (found == null) {
      return Optional.empty();
    }
    Swap swap = swaps.get(String.valueOf(found.outcome().candidate()));
    return Optional.ofNullable(swap).map(s -> seconds(found.labelled(), s.seen()));
  }

  /** The story so far, always as many lines. */
  synchronized List<String> rows() {
    return List.of(
        row("corrections", correctionsText()),
        row("trainer", trainerText()),
        row("head alone", roundText(Round.Kind.HEAD)),
        row("whole", roundText(Round.Kind.FULL)));
  }

  private static String row(String name, String text) {
    return " %-12s %s".formatted(name, text);
  }

  private String correctionsText() {
    if (labelled != null) {
      return "%d, the last at %s".formatted(corrections, DemoView.clock(seconds(epoch, labelled)));
    }
    return byPage
        ? "none yet: on the page, drag over a %s that was missed and name it, five times"
            .formatted(label)
        : "none yet";
  }

  private String trainerText() {
    TrainerStatus now = trainer;
    if (now == null) {
      return "starts";
    }
    Round under = now.round();
    String text = now.phase() + (under == null ? "" : ", " + under.kind().word() + " fit");
    if (now.phase().equals("fitting") && now.steps() > 0) {
      text +=
          "  %s  step %d of %d"
              .formatted(
                  DemoView.bar((double) now.step() / now.steps(), BAR_CELLS),
                  now.step(),
                  now.steps());
    }
    return now.trouble() == null ? text : text + "  " + now.trouble();
  }

  private String roundText(Round.Kind kind) {
    Ended round = ended.get(kind);
    if (round == null) {
      return "-";
    }
    String live =
        labelToLiveSeconds(kind)
            .map(s -> String.format(Locale.ROOT, "live after %.1f s; ", s))
            .orElse("");
    return live + gate(round.outcome());
  }

  /** The gate's report in one line. */
  private String gate(RoundOutcome outcome) {
    GateReport report = outcome.report();
    if (report == null || outcome.kind() == RoundOutcome.Kind.FAILED) {
      return "%s: %s%s"
          .formatted(outcome.kind().word(), outcome.reason(), stays(outcome.round().kind()));
    }
    String decided = report.decided() == null ? outcome.reason() : report.decided();
    if (!report.passed()) {
      return "%s: %s%s".formatted(report.word(), decided, stays(outcome.round().kind()));
    }
    return "passed: %s; %d of %d corrections now right that were wrong"
        .formatted(decided, report.nowRight().size(), report.corrections().size());
  }

  /** What is in force instead. */
  private String stays(Round.Kind refused) {
    Ended head = ended.get(Round.Kind.HEAD);
    boolean live =
        refused == Round.Kind.FULL
            && head != null
            && head.outcome().kind() == RoundOutcome.Kind.PUBLISHED;
    return live ? "; the head-only refit stays in force" : "; the adapter in force stays";
  }

  static String shortened(String digest) {
    return digest.substring(0, Math.min(DIGITS, digest.length()));
  }
}
