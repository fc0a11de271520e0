package dev.lookaside.trainer.loop;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.fit.FitProgress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Refits the adapter of one scope from corrections. Does what {@link LoopCore} decides: whatever
 * blocks, saving included, runs on other threads, in order, and comes back as a message, so that
 * who loses the scope stops at once. Of all trainers of a scope one leads; the others are standby.
 *
 * <p>A failure of the disk ends it; whoever has spawned it may spawn it again, and it goes on from
 * where it was.
 */
public final class Trainer extends AbstractBehavior<Trainer.Command> {
  /** Dispatcher to spawn it on; its blocking work runs there, too. */
  public static final String DISPATCHER = "lookaside.trainer.dispatcher";

  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

  public sealed interface Command {}

  /** Ends it in order: a fit under way keeps its checkpoint. */
  public enum Stop implements Command {
    INSTANCE
  }

  private record Leads(boolean leads) implements Command {}

  /** What has run on another thread has ended; {@code next} goes on here, whatever the term. */
  private record Ended(Runnable next) implements Command {}

  /** A pause is over; {@code next} goes on here if the term is still the same. */
  private record Resumed(long term, Runnable next) implements Command {}

  private record Stepped(FitProgress.Step step) implements Command {}

  private enum Open implements Command {
    INSTANCE
  }

  private enum Tick implements Command {
    INSTANCE
  }

  private enum Closed implements Command {
    INSTANCE
  }

  /** Is published the loop's state; called on the actor's thread, must not block. */
  public interface Listener {
    void status(TrainerStatus status);

    void finished(RoundOutcome outcome);
  }

  /**
   * What it works with.
   *
   * @param leaderWork opens what a leader needs; may block, and throw while no broker answers
   * @param leadership joins the group and reports from then on whether this one leads
   */
  public record Parts(
      Scope scope,
      LoopSettings settings,
      Duration tick,
      Supplier<? extends TrainerWork> leaderWork,
      Function<Consumer<Boolean>, AutoCloseable> leadership,
      Listener listener,
      Clock clock) {}

  private final Parts parts;
  private final TimerScheduler<Command> timers;
  private final LoopCore core;
  private final Executor blocking;
  private final AutoCloseable leadership;
  private final List<RoundOutcome> unpublished = new ArrayList<>();

  /** Ends when all that was to be saved is; failed if something was not. */
  private CompletableFuture<Void> order = CompletableFuture.completedFuture(null);

  private long term;
  private boolean leads;
  private boolean opening;
  private boolean closing;
  private int underWay;
  private boolean working;
  private boolean idleWorkRuns;
  private boolean stopping;
  private @Nullable TrainerWork leaderWork;
  private long leaderWorkTerm;
  private Instant since;
  private String phase = "";
  private long step;
  private long steps;
  private @Nullable String trouble;
  private @Nullable RoundOutcome last;
  private @Nullable DriftReport drift;

  private Trainer(ActorContext<Command> context, TimerScheduler<Command> timers, Parts parts) {
    super(context);
    this.parts = parts;
    this.timers = timers;
    this.core = new LoopCore(parts.settings());
    this.blocking =
        context.getSystem().dispatchers().lookup(DispatcherSelector.fromConfig(DISPATCHER));
    this.since = parts.clock().instant();
    ActorRef<Command> self = context.getSelf();
    this.leadership = parts.leadership().apply(leads -> self.tell(new Leads(leads)));
    showStatus();
  }

  public static Behavior<Command> create(Parts parts) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new Trainer(context, timers, parts)));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Leads.class, then(this::onLeads))
        .onMessage(Open.class, then(this::onOpen))
        .onMessage(Ended.class, then(this::onEnded))
        .onMessage(Resumed.class, then(this::onResumed))
        .onMessage(Stepped.class, then(this::onStepped))
        .onMessage(Tick.class, then(this::onTick))
        .onMessage(Stop.class, then(this::onStop))
        .onMessage(Closed.class, this::onClosed)
        .onSignal(PostStop.class, stopped -> onPostStop())
        .build();
  }

  /**
   * After each message, whatever it did: what belongs to an earlier term is closed, and the status
   * published.
   */
  private <M> akka.japi.function.Function<M, Behavior<Command>> then(Consumer<M> handler) {
    return message -> {
      handler.accept(message);
      closeWhenIdle();
      showStatus();
      return this;
    };
  }

  private void onLeads(Leads message) {
    if (message.leads() && !leads && !stopping) {
      leads = true;
      term++;
      timers.startTimerWithFixedDelay(Tick.INSTANCE, parts.tick());
      getContext().getSelf().tell(Open.INSTANCE);
    } else if (!message.leads() && leads) {
      leads = false;
      timers.cancelAll();
      endTerm();
    }
  }

  private void endTerm() {
    term++;
    core.on(LoopEvent.Lost.INSTANCE, parts.clock().instant()).forEach(this::act);
  }

  /** Null unless this term's is open. */
  private @Nullable TrainerWork current() {
    return leaderWorkTerm == term ? leaderWork : null;
  }

  /** The leaderWork of an earlier term must be closed before another one opens the same store. */
  private void onOpen(Open message) {
    if (leads && leaderWork == null && !opening && !closing) {
      opening = true;
      long begun = term;
      run(() -> opened(parts.leaderWork()), (ready, failure) -> onOpened(begun, ready, failure));
    }
  }

  private record Ready(TrainerWork leaderWork, LoopState saved) {}

  private static Ready opened(Supplier<? extends TrainerWork> leaderWork) {
    TrainerWork opened = leaderWork.get();
    try {
      return new Ready(opened, opened.load());
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private <T> void run(Supplier<T> task, BiConsumer<@Nullable T, @Nullable Throwable> next) {
    whenDone(CompletableFuture.supplyAsync(task, blocking), next);
  }

  /** Goes on here with what {@code work} has come to; until then no session is closed. */
  private <T> void whenDone(
      CompletionStage<T> work, BiConsumer<@Nullable T, @Nullable Throwable> next) {
    underWay++;
    getContext()
        .pipeToSelf(
            work, (result, failure) -> new Ended(() -> next.accept(result, cause(failure))));
  }

  private void onEnded(Ended message) {
    underWay--;
    message.next().run();
  }

  private void onResumed(Resumed message) {
    if (message.term() == term) {
      message.next().run();
    }
  }

  private static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  private void onOpened(long begun, @Nullable Ready ready, @Nullable Throwable failure) {
    opening = false;
    leaderWork = ready == null ? null : ready.leaderWork();
    leaderWorkTerm = begun;
    if (failure != null) {
      troubled("cannot open the store or reach Kafka", failure);
      if (leads) {
        timers.startSingleTimer(Open.INSTANCE, TRY_AGAIN);
      }
    } else if (begun == term && ready != null) {
      lead(ready.saved());
    }
  }

  private void lead(LoopState saved) {
    trouble = null;
    order = CompletableFuture.completedFuture(null);
    decide(new LoopEvent.Led(saved));
    collect();
  }

  /** The store cannot save the state: begins anew from what it has. */
  private void abandon(Throwable failure) {
    troubled("cannot go on", failure);
    endTerm();
  }

  private void troubled(String what, Throwable failure) {
    String text = what + ": " + FaultReason.of(failure);
    if (!text.equals(trouble)) {
      getContext().getLog().warn("Trainer of {}: {}", parts.scope(), text, failure);
    }
    trouble = text;
  }

  private void collect() {
    TrainerWork open = current();
    if (open != null) {
      long begun = term;
      Set<String> watched = core.watched();
      long seen = core.state().seenChange();
      run(
          () -> open.collect(watched, seen),
          (events, failure) -> onCollected(begun, events == null ? List.of() : events, failure));
    }
  }

  private void onCollected(long begun, List<LoopEvent> events, @Nullable Throwable failure) {
    if (begun != term) {
      return;
    }
    if (failure == null) {
      trouble = null;
      events.forEach(this::decide);
      unpublished.forEach(this::publishOutcome);
      unpublished.clear();
      collect();
    } else {
      troubled("cannot read labels", failure);
      timers.startSingleTimer(new Resumed(term, this::collect), TRY_AGAIN);
    }
  }

  private void onTick(Tick message) {
    decide(LoopEvent.Tick.INSTANCE);
    runIdleWork();
  }

  /** Piece by piece, and only while no fit or judgement wants the processors. */
  private void runIdleWork() {
    TrainerWork open = current();
    if (open != null && !working && !idleWorkRuns && open.hasIdleWork()) {
      idleWorkRuns = true;
      long begun = term;
      run(open::runIdleWork, (turn, failure) -> onIdleWorkDone(begun, turn, failure));
    }
  }

  private void onIdleWorkDone(
      long begun, TrainerWork.@Nullable Turn turn, @Nullable Throwable failure) {
    idleWorkRuns = false;
    if (failure != null) {
      getContext().getLog().warn("Trainer of {}: background work failed", parts.scope(), failure);
    } else if (begun == term && turn != null) {
      drift = turn.report() == null ? drift : turn.report();
      turn.events().forEach(this::decide);
      runIdleWork();
    }
  }

  private void decide(LoopEvent event) {
    try {
      core.on(event, parts.clock().instant()).forEach(this::act);
    } catch (RuntimeException e) {
      abandon(e);
    }
    showStatus();
  }

  private void act(LoopAction action) {
    TrainerWork open = current();
    if (action instanceof LoopAction.StopWork) {
      stopWork();
    } else if (open == null) {
      return;
    } else if (action instanceof LoopAction.StopRound stop) {
      open.stop(stop.round());
    } else if (action instanceof LoopAction.Save save) {
      long begun = term;
      // Once one has failed none of the later ones is done.
      order = order.thenRunAsync(() -> open.save(save.state()), blocking);
      whenDone(order, (saved, failure) -> onSaved(begun, failure));
    } else if (action instanceof LoopAction.Finish finish) {
      last = finish.outcome();
      publishOutcome(finish.outcome());
      parts.listener().finished(finish.outcome());
    } else if (action instanceof LoopAction.Again again) {
      timers.startSingleTimer(new Resumed(term, () -> begin(again.work())), again.pause());
    } else if (action instanceof LoopAction.Work work) {
      begin(work);
    }
  }

  /** Also that of an earlier term. */
  private void stopWork() {
    TrainerWork open = leaderWork;
    if (open != null) {
      open.stop();
    }
  }

  /** To the requests' topic, before the state that follows is saved. */
  private void publishOutcome(RoundOutcome outcome) {
    TrainerWork open = current();
    long begun = term;
    if (open != null) {
      // What no broker takes must not keep the state from being saved.
      CompletableFuture<?> before = order.exceptionally(failed -> null);
      CompletableFuture<?> published = before.thenRunAsync(() -> open.finish(outcome), blocking);
      order = order.runAfterBoth(published.exceptionally(failed -> null), () -> {});
      whenDone(published, (done, failure) -> onOutcomePublished(begun, outcome, failure));
    }
  }

  private void onSaved(long begun, @Nullable Throwable failure) {
    if (failure != null && begun == term) {
      abandon(failure);
    }
  }

  private void onOutcomePublished(long begun, RoundOutcome outcome, @Nullable Throwable failure) {
    if (failure != null && begun == term) {
      troubled("cannot report how a round ended", failure);
      unpublished.add(outcome);
    }
  }

  private void begin(LoopAction.Work work) {
    TrainerWork open = current();
    if (open == null || working) {
      return;
    }
    working = true;
    step = 0;
    steps = 0;
    long begun = term;
    String name = work.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    ActorRef<Command> self = getContext().getSelf();
    FitProgress progress =
        new FitProgress() {
          @Override
          public void begun(long stepsDone) {}

          @Override
          public void stepped(Step step) {
            self.tell(new Stepped(step));
          }
        };
    whenDone(
        order.thenApplyAsync(saved -> open.perform(work, progress), blocking),
        (result, failure) -> onDone(begun, name, result, failure));
  }

  private void onStepped(Stepped message) {
    step = message.step().step();
    steps = message.step().steps();
  }

  private void onDone(
      long begun, String name, @Nullable LoopEvent result, @Nullable Throwable failure) {
    working = false;
    if (begun != term) {
      return;
    }
    if (failure != null) {
      getContext().getLog().warn("Trainer of {}: {} failed", parts.scope(), name, failure);
      boolean lasting = failure instanceof TrainerException;
      decide(new LoopEvent.Failed(name, FaultReason.of(failure), lasting));
    } else if (result != null) {
      decide(result);
    }
  }

  private void onStop(Stop message) {
    stopping = true;
    timers.cancelAll();
    leads = false;
    endTerm();
  }

  /** Nobody uses the leaderWork of an earlier term any more. */
  private void closeWhenIdle() {
    TrainerWork old = leaderWork;
    boolean unused = old != null && leaderWorkTerm != term;
    if (underWay > 0 || closing || !(unused || (stopping && old == null))) {
      return;
    }
    closing = true;
    leaderWork = null;
    CompletableFuture<Void> closed =
        old == null
            ? CompletableFuture.completedFuture(null)
            : CompletableFuture.runAsync(old::close, blocking);
    getContext().pipeToSelf(closed, (done, failure) -> Closed.INSTANCE);
  }

  private Behavior<Command> onClosed(Closed message) {
    closing = false;
    if (stopping) {
      return Behaviors.stopped();
    }
    timers.startSingleTimer(Open.INSTANCE, trouble == null ? Duration.ZERO : TRY_AGAIN);
    showStatus();
    return this;
  }

  private void showStatus() {
    String now = leads && core.leads() ? core.state().phase().word() : "standby";
    if (!now.equals(phase)) {
      phase = now;
      since = parts.clock().instant();
    }
    parts
        .listener()
        .status(
            new TrainerStatus(
                parts.scope(),
                leads,
                phase,
                since,
                core.state().phase().underWay().orElse(null),
                core.freshLabels(),
                step,
                steps,
                trouble,
                last,
                drift));
  }

  private Behavior<Command> onPostStop() {
    try {
      leadership.close();
    } catch (Exception e) {
      getContext().getLog().warn("Leadership of {} does not end cleanly", parts.scope(), e);
    }
    stopWork();
    return this;
  }
}
