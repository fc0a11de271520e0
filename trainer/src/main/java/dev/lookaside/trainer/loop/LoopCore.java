package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.loop.LoopAction.Again;
import dev.lookaside.trainer.loop.LoopAction.Finish;
import dev.lookaside.trainer.loop.LoopAction.Save;
import dev.lookaside.trainer.loop.LoopAction.Work;
import dev.lookaside.trainer.loop.Phase.Canary;
import dev.lookaside.trainer.loop.Phase.Collecting;
import dev.lookaside.trainer.loop.Phase.Fitting;
import dev.lookaside.trainer.loop.Phase.Judging;
import dev.lookaside.trainer.loop.Phase.Publishing;
import dev.lookaside.trainer.loop.Phase.RollingBack;
import dev.lookaside.trainer.loop.Phase.Shadowing;
import dev.lookaside.trainer.loop.RoundOutcome.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides what the loop of one scope does next: events in, actions out. Pure but for its state; one
 * thread.
 *
 * <pre>
 *   Collecting ──labels, time, drift, request──► Fitting ──► Judging ──gate──► Shadowing ──► Publishing ──► Collecting
 *        │                                                     │ refused or       │ differs      │ canary judged wrong
 *        │ judged wrong in force                               ▼                  ▼              ▼
 *        └──► RollingBack ──► Collecting                    Collecting         Collecting     Collecting
 * </pre>
 *
 * <p>Drift alone begins nothing; with it a single new label does. An adapter in force of which
 * people reject too many detections is rolled back at once: a fit, a judgement or a shadow run is
 * stopped and a canary withdrawn first, since they began from it or were measured against it.
 *
 * <p>A state is saved before the work that follows from it begins, so a killed trainer begins that
 * work again; all work may be done twice. Whoever loses the scope does nothing until it leads again
 * and has read the state anew.
 */
final class LoopCore {
  private static final double MILLIS = 1e3;
  private static final int WAITING_MAX = 100;
  private static final String ROLLED_BACK = "the adapter in force is rolled back: ";

  private final LoopSettings settings;

  // Saved, see LoopState.
  private long rounds;
  private long seenChange;
  private long roundChange;
  private int wanted;
  private long lastRefitMillis;
  private @Nullable Watch watch;
  private final List<RefitRequest> waiting = new ArrayList<>();
  private Phase phase = new Collecting();
  private int attempts;

  // Not saved.
  private boolean leads;
  private LoopEvent.@Nullable Labels labels;
  private @Nullable Instant freshSince;
  private @Nullable String drift;
  private @Nullable Work busy;

  /** Why the round under way ends as soon as its work does; null: it goes on. */
  private @Nullable String ending;

  /** Requests whose rounds have ended here: what was read before the outcome still names them. */
  private final Set<String> ended = new LinkedHashSet<>();

  private final List<LoopAction> actions = new ArrayList<>();
  private Instant now = Instant.EPOCH;

  LoopCore(LoopSettings settings) {
    this.settings = settings;
  }

  LoopState state() {
    return new LoopState(
        rounds, seenChange, roundChange, wanted, lastRefitMillis, watch, waiting, phase, attempts);
  }

  private void restore(LoopState saved) {
    rounds = saved.rounds();
    seenChange = saved.seenChange();
    roundChange = saved.roundChange();
    wanted = saved.wanted();
    lastRefitMillis = saved.lastRefitMillis();
    watch = saved.watch();
    waiting.clear();
    waiting.addAll(saved.waiting());
    phase = saved.phase();
    attempts = saved.attempts();
  }

  boolean leads() {
    return leads;
  }

  /** Usable labels that no full fit has seen, as far as known. */
  int freshLabels() {
    return labels == null ? 0 : labels.fresh();
  }

  /** Digests whose detections {@link LoopEvent.Labels} should count. */
  Set<String> watched() {
    Set<String> watched = new LinkedHashSet<>();
    if (phase instanceof Publishing p && p.canary() != null) {
      watched.add(p.candidate());
    }
    if (watch != null) {
      watched.add(watch.adapter());
    }
    return watched;
  }

  /** What to do after {@code event}. */
  List<LoopAction> on(LoopEvent event, Instant at) {
    now = at;
    actions.clear();
    if (event instanceof LoopEvent.Led led) {
      leads = true;
      restore(led.saved());
      labels = null;
      busy = null;
      ending = null;
      begin();
    } else if (event instanceof LoopEvent.Lost) {
      leads = false;
      busy = null;
      actions.add(LoopAction.StopWork.INSTANCE);
    } else if (leads) {
      dispatch(event);
    }
    return List.copyOf(actions);
  }

  private void dispatch(LoopEvent event) {
    if (event instanceof LoopEvent.Labels l) {
      if (freshSince == null || l.fresh() != freshLabels()) {
        freshSince = now;
      }
      labels = l;
      consider();
    } else if (event instanceof LoopEvent.Tick) {
      consider();
    } else if (event instanceof LoopEvent.Requested r) {
      onRequested(r.request());
    } else if (event instanceof LoopEvent.Drifted d) {
      drift = d.detail();
      consider();
    } else if (event instanceof LoopEvent.DriftOver) {
      drift = null;
    } else if (event instanceof LoopEvent.Failed f) {
      onFailed(f);
    } else if (event instanceof LoopEvent.Result r) {
      onResult(r);
    }
  }

  private void onRequested(RefitRequest request) {
    boolean known =
        ended.contains(request.id())
            || waiting.stream().anyMatch(r -> r.id().equals(request.id()))
            || phase.underWay().filter(r -> request.id().equals(r.request())).isPresent();
    if (!known && waiting.size() < WAITING_MAX) {
      waiting.add(request);
      save();
      consider();
    }
  }

  /** Looks whether something is due. What is wrong in force goes before all else. */
  private void consider() {
    Optional<String> wrong = inForceWrong();
    if (busy != null) {
      wrong.ifPresent(this::endRound);
    } else if (phase instanceof Publishing p) {
      canaryDue(p, wrong);
    } else if (phase instanceof Collecting) {
      if (watch != null && wrong.isPresent()) {
        go(new RollingBack(watch, wrong.get()));
      } else {
        refitDue();
      }
    }
  }

  private Optional<String> inForceWrong() {
    return watch == null ? Optional.empty() : tooWrong(watch.adapter());
  }

  /** A candidate that was made of an adapter that goes is not worth the wait; publishing is. */
  private void endRound(String why) {
    boolean soonOver = phase instanceof Publishing || phase instanceof RollingBack;
    Round round = phase.underWay().orElse(null);
    if (ending == null && round != null && !soonOver) {
      ending = ROLLED_BACK + why;
      actions.add(new LoopAction.StopRound(round));
    }
  }

  private void canaryDue(Publishing p, Optional<String> inForceWrong) {
    Canary canary = p.canary();
    if (canary == null) {
      return;
    }
    Optional<String> wrong = tooWrong(p.candidate());
    if (wrong.isPresent()) {
      work(new LoopAction.Withdraw(p.round(), p.candidate(), wrong.get(), false));
    } else if (inForceWrong.isPresent()) {
      String why = ROLLED_BACK + inForceWrong.get();
      work(new LoopAction.Withdraw(p.round(), p.candidate(), why, true));
    } else if (now.toEpochMilli() >= canary.untilMillis()) {
      work(new LoopAction.Promote(p.round(), p.candidate(), p.report()));
    }
  }

  private void work(Work work) {
    busy = work;
    actions.add(work);
  }

  /**
   * Why an adapter should go, if people's labels show that it is too often wrong. Only its own
   * counts speak: those that were on their way while another one came into force do not count for
   * it.
   */
  private Optional<String> tooWrong(String digest) {
    LoopEvent.Labels l = labels;
    LoopEvent.Counted its = l == null ? LoopEvent.Counted.NONE : l.of(digest);
    if (its.judged() < settings.judgedMin()) {
      return Optional.empty();
    }
    double rate = (double) its.wrong() / its.judged();
    if (rate > settings.wrongRateMax()) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "%d of %d labelled detections were wrong (%.2f, at most %.2f are allowed)",
              its.wrong(),
              its.judged(),
              rate,
              settings.wrongRateMax()));
    }
    if (settings.wrongPerHourMax() > 0 && its.wrongInHour() > settings.wrongPerHourMax()) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "%d detections of one stream were wrong within an hour (at most %.0f are allowed)",
              its.wrongInHour(),
              settings.wrongPerHourMax()));
    }
    return Optional.empty();
  }

  private void refitDue() {
    LoopEvent.Labels l = labels;
    if (l == null) {
      return;
    }
    if (!waiting.isEmpty()) {
      RefitRequest first = waiting.remove(0);
      Round.Kind kind = first.headOnly() ? Round.Kind.HEAD : Round.Kind.FULL;
      start(kind, "request of " + first.author(), first.id(), false);
      return;
    }
    Optional<String> trigger = trigger(l);
    if (trigger.isPresent()) {
      drift = null;
      boolean head = settings.headFirst();
      start(head ? Round.Kind.HEAD : Round.Kind.FULL, trigger.get(), null, head);
    }
  }

  private Optional<String> trigger(LoopEvent.Labels l) {
    Instant since = freshSince == null ? now : freshSince;
    boolean quiet = !now.isBefore(since.plus(settings.quiet()));
    // An alarm has no labels: from the sounds of the last fit, a fit would make the last adapter.
    if (drift != null && l.fresh() >= 1 && quiet) {
      return Optional.of("drift: " + drift);
    }
    int enough = wanted > 0 ? wanted : settings.labels();
    if (l.fresh() >= enough && quiet) {
      return Optional.of(l.fresh() + (l.fresh() == 1 ? " new label" : " new labels"));
    }
    Instant last = lastRefitMillis > 0 ? Instant.ofEpochMilli(lastRefitMillis) : since;
    if (l.fresh() >= 1 && quiet && !now.isBefore(last.plus(settings.interval()))) {
      return Optional.of("%d new in %s".formatted(l.fresh(), text(settings.interval())));
    }
    return Optional.empty();
  }

  private static String text(Duration duration) {
    return duration.toString().substring(2).toLowerCase(Locale.ROOT);
  }

  private void start(
      Round.Kind kind, String trigger, @Nullable String request, boolean fullFollows) {
    rounds++;
    Round round =
        new Round(rounds, kind, trigger, request, fullFollows, freshLabels(), now.toEpochMilli());
    roundChange = labels == null ? seenChange : labels.change();
    wanted = 0;
    if (kind == Round.Kind.FULL) {
      lastRefitMillis = round.startedAtMillis();
      sawAll();
    }
    go(new Fitting(round));
  }

  /** Saves, then begins the work of a phase. */
  private void go(Phase next) {
    busy = null;
    enter(next);
    save();
    begin();
  }

  private void enter(Phase next) {
    phase = next;
    attempts = 0;
  }

  private void save() {
    actions.add(new Save(state()));
  }

  /** From here on only labels that came after the round began count as new. */
  private void sawAll() {
    seenChange = roundChange;
    labels = labels == null ? null : new LoopEvent.Labels(0, labels.change(), labels.counted());
  }

  /** The work of the phase, also after a restart. */
  private void begin() {
    Optional<Work> next = next();
    if (next.isPresent()) {
      work(next.get());
    } else {
      consider();
    }
  }

  private Optional<Work> next() {
    if (phase instanceof Fitting p) {
      return Optional.of(new LoopAction.Fit(p.round()));
    } else if (phase instanceof Judging p) {
      return Optional.of(new LoopAction.Judge(p.round(), p.candidate()));
    } else if (phase instanceof Shadowing p) {
      return Optional.of(new LoopAction.Shadow(p.round(), p.candidate(), p.report()));
    } else if (phase instanceof Publishing p) {
      return p.canary() == null ? Optional.of(publishing(p)) : Optional.empty();
    } else if (phase instanceof RollingBack p) {
      return Optional.of(new LoopAction.RollBack(p.watch(), p.reason()));
    }
    return Optional.empty();
  }

  private Work publishing(Publishing p) {
    return settings.canaryShare() > 0
        ? new LoopAction.Canary(p.round(), p.candidate(), p.report())
        : new LoopAction.Promote(p.round(), p.candidate(), p.report());
  }

  private void onResult(LoopEvent.Result result) {
    Work done = busy;
    if (done == null || done.round().number() != result.round()) {
      return;
    }
    if (result instanceof LoopEvent.Fitted e && phase instanceof Fitting p) {
      if (!endedEarly(p.round(), e.candidate())) {
        go(new Judging(p.round(), e.candidate()));
      }
    } else if (result instanceof LoopEvent.Judged e && phase instanceof Judging p) {
      onJudged(p, e.report());
    } else if (result instanceof LoopEvent.Shadowed e && phase instanceof Shadowing p) {
      onShadowed(p, e);
    } else if (phase instanceof Publishing p) {
      onPublishing(p, done, result);
    } else if (result instanceof LoopEvent.RolledBack e && phase instanceof RollingBack p) {
      Kind kind = e.cutover() == null ? null : Kind.ROLLED_BACK;
      rolledBack(p, kind, e.cutover(), p.reason());
    }
  }

  /** Ends a round whose work was to be stopped, whether it was or was done before that. */
  private boolean endedEarly(Round round, @Nullable String candidate) {
    String why = ending;
    if (why != null) {
      finish(round, Kind.FAILED, candidate, null, null, why);
    }
    return why != null;
  }

  private void onJudged(Judging p, GateReport report) {
    if (endedEarly(p.round(), p.candidate())) {
      return;
    }
    if (!report.passed()) {
      String why = String.join("; ", report.reasons());
      Kind kind = report.undecided() ? Kind.UNDECIDED : Kind.REFUSED;
      finish(p.round(), kind, p.candidate(), report, null, why);
    } else if (settings.shadowShare() > 0) {
      go(new Shadowing(p.round(), p.candidate(), report));
    } else {
      GateReport text = report.withNote("not tried in shadow: shadow.share is 0");
      go(new Publishing(p.round(), p.candidate(), text, null));
    }
  }

  private void onShadowed(Shadowing p, LoopEvent.Shadowed e) {
    if (endedEarly(p.round(), p.candidate())) {
      return;
    }
    Double agreement = e.agreement();
    if ((agreement == null ? 0 : agreement) < settings.shadowAgreementMin()) {
      String text =
          agreement == null
              ? "nothing was compared with the incumbent on live audio, its agreement"
              : String.format(
                  Locale.ROOT, "agrees with the incumbent to %.2f on live audio,", agreement);
      String why =
          String.format(
              Locale.ROOT, "%s must be at least %.2f", text, settings.shadowAgreementMin());
      finish(p.round(), Kind.REFUSED, p.candidate(), e.report(), null, why);
    } else {
      go(new Publishing(p.round(), p.candidate(), e.report(), null));
    }
  }

  private void onPublishing(Publishing p, Work done, LoopEvent.Result result) {
    if (result instanceof LoopEvent.CanaryUp e && p.canary() == null) {
      // Without a stream there is nobody to wait for.
      Instant until = e.any() ? now.plus(settings.canaryFor()) : now;
      Canary canary = new Canary(until.toEpochMilli());
      go(new Publishing(p.round(), p.candidate(), p.report(), canary));
    } else if (result instanceof LoopEvent.Promoted e) {
      watch = new Watch(p.round(), p.candidate(), e.previous(), now.toEpochMilli());
      finish(p.round(), Kind.PUBLISHED, p.candidate(), p.report(), e.cutover(), "passed");
    } else if (result instanceof LoopEvent.Withdrawn && done instanceof LoopAction.Withdraw w) {
      Kind kind = w.failed() ? Kind.FAILED : Kind.ROLLED_BACK;
      finish(p.round(), kind, p.candidate(), p.report(), null, w.reason());
    }
  }

  /** Null {@code kind}: there is nothing to report, somebody else has rolled it back. */
  private void rolledBack(
      RollingBack p, @Nullable Kind kind, @Nullable String cutover, String reason) {
    busy = null;
    watch = null;
    if (kind != null) {
      Watch was = p.watch();
      double seconds = secondsSince(was.sinceMillis());
      publish(new RoundOutcome(was.round(), kind, was.adapter(), null, cutover, reason, seconds));
    }
    enter(new Collecting());
    save();
    consider();
  }

  /** Before the state is saved: a crash between the two publishes it twice rather than never. */
  private void publish(RoundOutcome outcome) {
    actions.add(new Finish(outcome));
  }

  private double secondsSince(long millis) {
    return (now.toEpochMilli() - millis) / MILLIS;
  }

  private void finish(
      Round round,
      Kind kind,
      @Nullable String candidate,
      @Nullable GateReport report,
      @Nullable String cutover,
      String reason) {
    busy = null;
    ending = null;
    if (round.request() != null) {
      ended.add(round.request());
      if (ended.size() > WAITING_MAX) {
        ended.remove(ended.iterator().next());
      }
    }
    double seconds = secondsSince(round.startedAtMillis());
    publish(new RoundOutcome(round, kind, candidate, report, cutover, reason, seconds));
    enter(new Collecting());
    boolean byLabels = report != null && report.labelsAtFault();
    if (report != null && byLabels) {
      // The same labels would end the next round in the same way.
      wanted = report.wanted().values().stream().mapToInt(Integer::intValue).max().orElse(0);
      sawAll();
    }
    if (round.fullFollows() && !byLabels && inForceWrong().isEmpty()) {
      start(Round.Kind.FULL, round.trigger(), null, false);
    } else {
      save();
      consider();
    }
  }

  private void onFailed(LoopEvent.Failed failed) {
    Work failing = busy;
    Round round = phase.underWay().orElse(null);
    if (failing == null || (round != null && endedEarly(round, candidate()))) {
      return;
    }
    attempts++;
    // What may be in force half-way is tried until it is clear which of the two it is.
    boolean mustEnd = phase instanceof Publishing || phase instanceof RollingBack;
    boolean again = mustEnd || attempts < settings.attempts();
    if ((again && !failed.lasting()) || failing instanceof LoopAction.Withdraw) {
      int doublings = Math.min(attempts - 1, 5);
      actions.add(new Again(failing, settings.pause().multipliedBy(1L << doublings)));
      return;
    }
    String why = failed.step() + ": " + failed.reason();
    if (phase instanceof Publishing p) {
      // It may score some streams: a canary's, or those of a canary that began.
      work(new LoopAction.Withdraw(p.round(), p.candidate(), why, true));
    } else if (phase instanceof RollingBack p) {
      rolledBack(p, Kind.FAILED, null, why);
    } else if (round != null) {
      finish(round, Kind.FAILED, candidate(), null, null, why);
    }
  }

  private @Nullable String candidate() {
    if (phase instanceof Judging p) {
      return p.candidate();
    }
    return phase instanceof Shadowing p ? p.candidate() : null;
  }
}
