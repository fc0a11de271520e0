package dev.lookaside.classifier.infer;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Scores the windows of all streams in shared batches. Owns the waiting windows and the batches
 * under way; a child on a thread of its own owns the scorer and blocks in it. Two batches are given
 * to the child at a time, so it finds the next one ready; if it fails, both are scored again by its
 * successor, window by window, and only a window that fails once more is shed.
 *
 * <p>Which adapter scores a window is decided when it comes, by the {@link AdapterPlan}. A window
 * whose adapter is not ready is held here for another plan; later windows may go ahead of it. How
 * long windows are held is reported as {@link AdapterEvent.Holds}.
 *
 * <p>The scorer's thread answers the streams itself. A window is asked for once and answered once,
 * whenever that is: nothing times out, so a backlog never makes work that nobody waits for.
 */
public final class GpuClassifier extends AbstractBehavior<GpuClassifier.Command> {
  /** Dispatcher of the child that calls the scorer. */
  public static final String SCORER_DISPATCHER = IngestSettings.PINNED_DISPATCHER;

  public sealed interface Command {}

  /**
   * {@code replyTo} gets exactly one {@link Scored} or {@link Unscored} with this ticket, unless it
   * is withdrawn.
   *
   * @param at moment whose adapter scores it
   */
  public record Score(long ticket, MelWindow window, Instant at, ActorRef<Reply> replyTo)
      implements Command {}

  /**
   * Asks for the adapter in force at a moment that is not scored: {@code replyTo} gets exactly one
   * {@link Resolved} with this ticket, unless it is withdrawn.
   */
  public record Resolve(StreamId stream, long ticket, Instant at, ActorRef<Reply> replyTo)
      implements Command {}

  /** Whoever asked with {@code replyTo} is gone, or wants nothing that was asked so far. */
  public record Withdraw(ActorRef<Reply> replyTo) implements Command {}

  /** From here on this plan decides; what waits is looked at again. */
  public record Follow(AdapterPlan plan) implements Command {}

  /** Asks for the counters since start. */
  public record GetStats(ActorRef<Stats> replyTo) implements Command {}

  private enum Due implements Command {
    FLUSH,
    RESTART,
    LOOK
  }

  private record WorkerEvent(ScorerWorker.Event event) implements Command {}

  private record WorkerStopped(ActorRef<ScorerWorker.Run> worker) implements Command {}

  /** {@link WorkerStopped} once more, from the end of the mailbox: see {@link #onWorkerStopped}. */
  private record WorkerGone(ActorRef<ScorerWorker.Run> worker) implements Command {}

  /** To whoever asked, with the asker's own ticket. */
  public sealed interface Reply {
    long ticket();
  }

  /**
   * A scored window.
   *
   * @param posteriors row-major {@code [columns][labels]}, one row for a clip head; never written
   *     again
   */
  @SuppressWarnings("ArrayRecordComponent") // Handed over, never written again.
  public record Scored(long ticket, float[] posteriors, AdapterFacts adapter) implements Reply {}

  /** The answer to {@link Resolve}. */
  public record Resolved(long ticket, AdapterFacts adapter) implements Reply {}

  /** A window that will not be scored: the scorer failed on it twice. */
  public record Unscored(long ticket, String reason) implements Reply {}

  /**
   * Counters since start.
   *
   * @param scored windows
   * @param unscored windows that the scorer failed on
   * @param batches given to the scorer
   * @param restarts of the scorer after a failure
   * @param waiting windows in the queue now
   * @param held windows that are held until their adapter is ready
   * @param device the scorer's own words; empty until it is open
   */
  public record Stats(
      long scored,
      long unscored,
      long batches,
      long restarts,
      int waiting,
      int held,
      String device) {}

  private static final Duration LOOK_EVERY = Duration.ofSeconds(1);

  private final TimerScheduler<Command> timers;
  private final Supplier<? extends AdapterScorer> open;
  private final BatchSettings settings;
  private final LongSupplier nanoTime;
  private final ScoreQueue queue;
  private final Consumer<AdapterEvent> adapterEvents;
  private ActorRef<ScorerWorker.Run> worker;
  private boolean workerReady;
  private int failuresInARow;
  private long scored;
  private long unscored;
  private long batches;
  private long restarts;
  private String device = "";

  private GpuClassifier(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Supplier<? extends AdapterScorer> open,
      BatchSettings settings,
      ScoreQueue queue,
      Consumer<AdapterEvent> adapterEvents,
      LongSupplier nanoTime) {
    super(context);
    this.timers = timers;
    this.open = open;
    this.settings = settings;
    this.queue = queue;
    this.adapterEvents = adapterEvents;
    this.nanoTime = nanoTime;
    this.worker = spawnWorker();
  }

  /**
   * @param open opens the scorer; called on the scorer's thread, again after each failure
   * @param plan until the first {@link Follow}
   * @param adapterEvents told on the actor's thread
   */
  public static Behavior<Command> create(
      Supplier<? extends AdapterScorer> open,
      BatchSettings settings,
      AdapterPlan plan,
      Consumer<AdapterEvent> adapterEvents) {
    return create(open, settings, plan, adapterEvents, System::nanoTime);
  }

  static Behavior<Command> create(
      Supplier<? extends AdapterScorer> open,
      BatchSettings settings,
      AdapterPlan plan,
      Consumer<AdapterEvent> adapterEvents,
      LongSupplier nanoTime) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  ScoreQueue queue = new ScoreQueue(settings, plan, adapterEvents);
                  return new GpuClassifier(
                      context, timers, open, settings, queue, adapterEvents, nanoTime);
                }));
  }

  private ActorRef<ScorerWorker.Run> spawnWorker() {
    ActorRef<ScorerWorker.Event> events =
        getContext().messageAdapter(ScorerWorker.Event.class, WorkerEvent::new);
    ActorRef<ScorerWorker.Run> child =
        getContext()
            .spawnAnonymous(
                ScorerWorker.create(open, events),
                DispatcherSelector.fromConfig(SCORER_DISPATCHER));
    getContext().watchWith(child, new WorkerStopped(child));
    return child;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Score.class, this::onScore)
        .onMessage(Resolve.class, this::onResolve)
        .onMessage(Withdraw.class, this::onWithdraw)
        .onMessage(Follow.class, this::onFollow)
        .onMessage(GetStats.class, this::onGetStats)
        .onMessageEquals(Due.FLUSH, this::onFlushDue)
        .onMessageEquals(Due.RESTART, this::onRestartDue)
        .onMessageEquals(Due.LOOK, this::onLookDue)
        .onMessage(WorkerEvent.class, this::onWorkerEvent)
        .onMessage(WorkerStopped.class, this::onWorkerStopped)
        .onMessage(WorkerGone.class, this::onWorkerGone)
        .build();
  }

  private Behavior<Command> onScore(Score score) {
    queue.add(score, nanoTime.getAsLong());
    lookAtHeld();
    dispatch();
    return this;
  }

  private Behavior<Command> onResolve(Resolve question) {
    queue.add(question, nanoTime.getAsLong());
    lookAtHeld();
    return this;
  }

  private Behavior<Command> onWithdraw(Withdraw withdraw) {
    queue.withdraw(withdraw.replyTo());
    lookAtHeld();
    return this;
  }

  /** Looks now and then while windows are held, and once when none is any more. */
  private void lookAtHeld() {
    boolean looking = timers.isTimerActive(Due.LOOK);
    if (queue.held() > 0 && !looking) {
      timers.startTimerWithFixedDelay(Due.LOOK, LOOK_EVERY);
    } else if (queue.held() == 0 && looking) {
      timers.cancel(Due.LOOK);
      adapterEvents.accept(queue.holds(nanoTime.getAsLong()));
    }
  }

  private Behavior<Command> onLookDue() {
    adapterEvents.accept(queue.holds(nanoTime.getAsLong()));
    return this;
  }

  private Behavior<Command> onFollow(Follow follow) {
    queue.follow(follow.plan(), nanoTime.getAsLong());
    lookAtHeld();
    dispatch();
    return this;
  }

  private Behavior<Command> onFlushDue() {
    dispatch();
    return this;
  }

  private Behavior<Command> onGetStats(GetStats ask) {
    ask.replyTo()
        .tell(
            new Stats(scored, unscored, batches, restarts, queue.waiting(), queue.held(), device));
    return this;
  }

  private Behavior<Command> onWorkerEvent(WorkerEvent message) {
    if (message.event() instanceof ScorerWorker.Opened opened) {
      device = opened.device();
      getContext().getLog().info("scoring on {}", device);
      workerReady = true;
      dispatch();
    } else if (message.event() instanceof ScorerWorker.Done done) {
      onDone(done);
    }
    return this;
  }

  private void onDone(ScorerWorker.Done done) {
    failuresInARow = 0;
    scored += queue.done(done.batch());
    dispatch();
  }

  /**
   * The signal of a child's end overtakes its last messages. Only when those have been read is it
   * known which batch it failed on.
   */
  private Behavior<Command> onWorkerStopped(WorkerStopped stopped) {
    getContext().getSelf().tell(new WorkerGone(stopped.worker()));
    return this;
  }

  private Behavior<Command> onWorkerGone(WorkerGone gone) {
    workerReady = false;
    failuresInARow++;
    for (ScoreQueue.Item item : queue.failed()) {
      unscored++;
      Score given = item.score();
      given.replyTo().tell(new Unscored(given.ticket(), "scorer failed twice on this window"));
    }
    Duration pause = settings.restartDelay(failuresInARow);
    getContext().getLog().warn("scorer stopped; opened again in {} ms", pause.toMillis());
    timers.startSingleTimer(Due.RESTART, pause);
    return this;
  }

  private Behavior<Command> onRestartDue() {
    restarts++;
    worker = spawnWorker();
    dispatch();
    return this;
  }

  /** Keeps the worker busy: a due batch when it is idle, a full one as its next. */
  private void dispatch() {
    if (workerReady) {
      long now = nanoTime.getAsLong();
      for (ScoreQueue.Batch b = queue.nextBatch(now); b != null; b = queue.nextBatch(now)) {
        batches++;
        worker.tell(new ScorerWorker.Run(b));
      }
    }
    scheduleFlush();
  }

  private void scheduleFlush() {
    long due = queue.nanosUntilDue(nanoTime.getAsLong());
    if (workerReady && due != Long.MAX_VALUE) {
      if (!timers.isTimerActive(Due.FLUSH)) {
        timers.startSingleTimer(Due.FLUSH, Duration.ofNanos(Math.max(due, 1)));
      }
    } else {
      timers.cancel(Due.FLUSH);
    }
  }
}
