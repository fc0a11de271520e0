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
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.fit.FitProgress;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Refits the adapter of one scope from corrections. Does what {@link LoopCore} decides: whatever
 * blocks runs on other threads and comes back as a message. Of all trainers of a scope one leads;
 * the others stand by.
 *
 * <p>A failure of the disk ends it; whoever has spawned it may spawn it again, and it goes on from
 * where it was.
 *
 * <p>Above 300 lines: one actor, its messages and a short handler for each of its actions.
 */
public final class Trainer extends AbstractBehavior<Trainer.Command> {
  /** Dispatcher to spawn it on; its blocking work runs there, too. */
  public static final String DISPATCHER = "lookaside.trainer.dispatcher";

  private static final Duration TRY_AGAIN = Duration.ofSeconds(1);

  public sealed interface Command {}

  /**
   * A stream does not sound as it did when the incumbent was fitted: the next label begins a refit.
   */
  public record Drift(String detail) implements Command {}

  /** Ends it in order: a fit under way keeps its checkpoint. */
  public enum Stop implements Command {
    INSTANCE
  }

  private record Leads(boolean leads) implements Command {}

  private record Opened(long term, @Nullable Workplace workshop, @Nullable Throwable failure)
      implements Command {}

  private record Collected(long term, List<LoopEvent> events, @Nullable Throwable failure)
      implements Command {}

  private record Done(
      long term, String step, @Nullable LoopEvent result, @Nullable Throwable failure)
      implements Command {}

  private record Listened(long term, DriftWatch.@Nullable Turn turn, @Nullable Throwable failure)
      implements Command {}

  private record Begin(long term, LoopAction.Work work) implements Command {}

  private record CollectAgain(long term) implements Command {}

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

  /** Hears where the loop stands; called on the actor's thread, must be quick. */
  public interface Listener {
    void status(TrainerStatus status);

    void finished(RoundOutcome outcome);
  }

  /**
   * What it works with.
   *
   * @param workshop opens what a leader needs; may block, and throw while no broker answers
   * @param leadership joins the group and says from then on whether this one leads
   */
  record Parts(
      Scope scope,
      LoopSettings settings,
      Duration tick,
      Supplier<? extends Workplace> workshop,
      Function<Leadership.Listener, AutoCloseable> leadership,
      Listener listener,
      Clock clock) {}

  private final Parts parts;
  private final TimerScheduler<Command> timers;
  private final LoopCore core;
  private final Executor blocking;
  private final AutoCloseable leadership;
  private final ArrayDeque<RoundOutcome> untold = new ArrayDeque<>();
  private long term;
  private boolean leads;
  private boolean opening;
  private boolean closing;
  private int underWay;
  private boolean working;
  private boolean listening;
  private boolean stopping;
  private @Nullable Workplace workshop;
  private long workshopTerm;
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
    this.leadership =
        parts
            .leadership()
            .apply(
                new Leadership.Listener() {
                  @Override
                  public void leads() {
                    self.tell(new Leads(true));
                  }

                  @Override
                  public void lost() {
                    self.tell(new Leads(false));
                  }
                });
    tell();
  }

  static Behavior<Command> create(Parts parts) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new Trainer(context, timers, parts)));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Leads.class, this::onLeads)
        .onMessageEquals(Open.INSTANCE, this::onOpen)
        .onMessage(Opened.class, this::onOpened)
        .onMessage(Collected.class, this::onCollected)
        .onMessage(Done.class, this::onDone)
        .onMessage(Begin.class, this::onBegin)
        .onMessage(CollectAgain.class, this::onCollectAgain)
        .onMessage(Stepped.class, this::onStepped)
        .onMessage(Drift.class, this::onDrift)
        .onMessage(Listened.class, this::onListened)
        .onMessageEquals(Tick.INSTANCE, this::onTick)
        .onMessageEquals(Stop.INSTANCE, this::onStop)
        .onMessageEquals(Closed.INSTANCE, this::onClosed)
        .onSignal(PostStop.class, stopped -> onPostStop())
        .build();
  }

  private Behavior<Command> onLeads(Leads message) {
    if (message.leads() && !leads && !stopping) {
      leads = true;
      term++;
      timers.startTimerWithFixedDelay(Tick.INSTANCE, parts.tick());
      getContext().getSelf().tell(Open.INSTANCE);
    } else if (!message.leads() && leads) {
      leads = false;
      term++;
      timers.cancelAll();
      core.on(LoopEvent.Lost.INSTANCE, parts.clock().instant()).forEach(this::act);
      closeWhenIdle();
    }
    tell();
    return this;
  }

  /** The workshop of an earlier term must be closed before another one opens the same store. */
  private Behavior<Command> onOpen() {
    if (leads && workshop == null && !opening) {
      opening = true;
      long now = term;
      run(parts.workshop(), (opened, failure) -> new Opened(now, opened, failure));
    }
    return this;
  }

  private <T> void run(
      Supplier<T> task, BiFunction<@Nullable T, @Nullable Throwable, Command> then) {
    underWay++;
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(task, blocking),
            (result, failure) -> then.apply(result, cause(failure)));
  }

  private static @Nullable Throwable cause(@Nullable Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }

  private Behavior<Command> onOpened(Opened message) {
    underWay--;
    opening = false;
    workshop = message.workshop();
    workshopTerm = message.term();
    if (message.failure() != null) {
      troubled("cannot open the store or reach Kafka", message.failure());
      if (leads) {
        timers.startSingleTimer(Open.INSTANCE, TRY_AGAIN);
      }
    } else if (message.term() == term && leads && workshop != null) {
      lead(workshop);
    }
    closeWhenIdle();
    tell();
    return this;
  }

  private void lead(Workplace opened) {
    trouble = null;
    try {
      decide(new LoopEvent.Led(opened.load()));
      collect();
    } catch (RuntimeException e) {
      abandon(e);
    }
  }

  /** The store does not keep what it is told: begins anew from what it has kept. */
  private void abandon(RuntimeException failure) {
    troubled("cannot go on", failure);
    term++;
    core.on(LoopEvent.Lost.INSTANCE, parts.clock().instant()).forEach(this::act);
  }

  private void troubled(String what, Throwable failure) {
    String said = what + ": " + failure.getMessage();
    if (!said.equals(trouble)) {
      getContext().getLog().warn("Trainer of {}: {}", parts.scope(), said, failure);
    }
    trouble = said;
  }

  private void collect() {
    Workplace open = workshop;
    if (open != null && workshopTerm == term) {
      long now = term;
      Set<String> watched = core.watched();
      long seen = core.state().seenChange();
      run(
          () -> open.collect(watched, seen),
          (events, failure) -> new Collected(now, events == null ? List.of() : events, failure));
    }
  }

  private Behavior<Command> onCollected(Collected message) {
    underWay--;
    if (message.term() == term) {
      if (message.failure() == null) {
        trouble = null;
        message.events().forEach(this::decide);
        tellOutcomes();
        collect();
      } else {
        troubled("cannot read labels", message.failure());
        timers.startSingleTimer(new CollectAgain(term), TRY_AGAIN);
      }
    }
    closeWhenIdle();
    tell();
    return this;
  }

  private Behavior<Command> onCollectAgain(CollectAgain message) {
    if (message.term() == term) {
      collect();
    }
    return this;
  }

  private Behavior<Command> onTick() {
    decide(LoopEvent.Tick.INSTANCE);
    listen();
    return this;
  }

  /** Piece by piece, and only while no fit or judgement wants the processors. */
  private void listen() {
    Workplace open = workshop;
    if (open != null && workshopTerm == term && !working && !listening && open.listensNow()) {
      listening = true;
      long now = term;
      run(open::listen, (turn, failure) -> new Listened(now, turn, failure));
    }
  }

  private Behavior<Command> onListened(Listened message) {
    underWay--;
    listening = false;
    DriftWatch.Turn turn = message.turn();
    if (message.failure() != null) {
      getContext()
          .getLog()
          .warn("Trainer of {}: cannot listen to streams", parts.scope(), message.failure());
    } else if (message.term() == term && turn != null) {
      drift = turn.report() == null ? drift : turn.report();
      turn.events().forEach(this::decide);
      listen();
    }
    closeWhenIdle();
    tell();
    return this;
  }

  private Behavior<Command> onDrift(Drift message) {
    decide(new LoopEvent.Drifted(message.detail()));
    return this;
  }

  private void decide(LoopEvent event) {
    try {
      core.on(event, parts.clock().instant()).forEach(this::act);
    } catch (RuntimeException e) {
      abandon(e);
    }
    tell();
  }

  private void act(LoopAction action) {
    Workplace open = workshop;
    if (action instanceof LoopAction.StopWork) {
      if (open != null) {
        open.stop();
      }
    } else if (open == null || workshopTerm != term) {
      return;
    } else if (action instanceof LoopAction.StopRound stop) {
      open.stop(stop.round());
    } else if (action instanceof LoopAction.Save save) {
      open.save(save.state());
    } else if (action instanceof LoopAction.Finish finish) {
      last = finish.outcome();
      untold.add(finish.outcome());
      tellOutcomes();
      parts.listener().finished(finish.outcome());
    } else if (action instanceof LoopAction.Again again) {
      timers.startSingleTimer(new Begin(term, again.work()), again.pause());
    } else if (action instanceof LoopAction.Work work) {
      begin(work);
    }
  }

  /** To the requests' topic; what no broker takes is told later. */
  private void tellOutcomes() {
    Workplace open = workshop;
    try {
      while (open != null && !untold.isEmpty()) {
        open.finish(untold.peek());
        untold.remove();
      }
    } catch (RuntimeException e) {
      troubled("cannot tell how a round ended", e);
    }
  }

  private Behavior<Command> onBegin(Begin message) {
    if (message.term() == term) {
      begin(message.work());
    }
    return this;
  }

  private void begin(LoopAction.Work work) {
    Workplace open = workshop;
    if (open == null || working) {
      return;
    }
    working = true;
    step = 0;
    steps = 0;
    long now = term;
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
    run(
        () -> open.perform(work, progress),
        (result, failure) -> new Done(now, name, result, failure));
  }

  private Behavior<Command> onStepped(Stepped message) {
    step = message.step().step();
    steps = message.step().steps();
    tell();
    return this;
  }

  private Behavior<Command> onDone(Done message) {
    underWay--;
    working = false;
    if (message.term() == term) {
      Throwable failure = message.failure();
      LoopEvent result = message.result();
      if (failure != null) {
        getContext()
            .getLog()
            .warn("Trainer of {}: {} failed", parts.scope(), message.step(), failure);
        boolean lasting = failure instanceof TrainerException;
        decide(new LoopEvent.Failed(message.step(), String.valueOf(failure.getMessage()), lasting));
      } else if (result != null) {
        decide(result);
      }
    }
    closeWhenIdle();
    tell();
    return this;
  }

  private Behavior<Command> onStop() {
    stopping = true;
    timers.cancelAll();
    leads = false;
    term++;
    core.on(LoopEvent.Lost.INSTANCE, parts.clock().instant()).forEach(this::act);
    closeWhenIdle();
    return this;
  }

  /** Nobody uses the workshop of an earlier term any more. */
  private void closeWhenIdle() {
    Workplace old = workshop;
    boolean unused = old != null && workshopTerm != term;
    if (underWay > 0 || closing || !(unused || (stopping && old == null))) {
      return;
    }
    closing = true;
    workshop = null;
    run(
        () -> {
          if (old != null) {
            old.close();
          }
          return 0;
        },
        (done, failure) -> Closed.INSTANCE);
  }

  private Behavior<Command> onClosed() {
    underWay--;
    closing = false;
    if (stopping) {
      return Behaviors.stopped();
    }
    timers.startSingleTimer(Open.INSTANCE, trouble == null ? Duration.ZERO : TRY_AGAIN);
    return this;
  }

  private void tell() {
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
    Workplace open = workshop;
    if (open != null) {
      open.stop();
    }
    return this;
  }
}
