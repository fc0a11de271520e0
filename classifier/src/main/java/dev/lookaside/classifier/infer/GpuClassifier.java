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
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Scores the windows of all streams in shared batches. Owns the waiting windows and the batches
 * under way; a child on a thread of its own owns the scorer and blocks in it. Two batches are given
 * to the child at a time, so it finds the next one ready; if it fails, both are scored again by its
 * successor, window by window, and only a window that fails once more is shed.
 */
public final class GpuClassifier extends AbstractBehavior<GpuClassifier.Command> {
  /** Dispatcher of the child that calls the scorer. */
  public static final String SCORER_DISPATCHER = "lookaside.classifier.scorer-dispatcher";

  public sealed interface Command {}

  /** {@code replyTo} gets exactly one {@link Scored} or {@link Shed}. */
  public record Score(MelWindow window, ActorRef<Reply> replyTo) implements Command {}

  /** Asks for the counters since start. */
  public record GetStats(ActorRef<Stats> replyTo) implements Command {}

  private enum FlushDue implements Command {
    INSTANCE
  }

  private enum RestartDue implements Command {
    INSTANCE
  }

  private record WorkerEvent(ScorerWorker.Event event) implements Command {}

  private record WorkerStopped(ActorRef<ScorerWorker.Run> worker) implements Command {}

  /** {@link WorkerStopped} once more, from the end of the mailbox: see {@link #onWorkerStopped}. */
  private record WorkerGone(ActorRef<ScorerWorker.Run> worker) implements Command {}

  public sealed interface Reply {
    StreamId stream();

    long index();
  }

  /**
   * A scored window.
   *
   * @param posteriors row-major {@code [columns][labels]}, one row for a clip head; never written
   *     again
   */
  public record Scored(StreamId stream, long index, float[] posteriors, String adapterDigest)
      implements Reply {}

  /** A window that will not be scored. */
  public record Shed(StreamId stream, long index, String reason) implements Reply {}

  /**
   * Counters since start.
   *
   * @param scored windows
   * @param shed windows
   * @param batches given to the scorer
   * @param restarts of the scorer after a failure
   * @param waiting windows in the queue now
   * @param device the scorer's own words; empty until it is open
   */
  public record Stats(
      long scored, long shed, long batches, long restarts, int waiting, String device) {}

  private static final int BATCHES_AHEAD = 2;

  private final TimerScheduler<Command> timers;
  private final Supplier<? extends WindowScorer> open;
  private final BatchSettings settings;
  private final LongSupplier nanoTime;
  private final MicroBatcher<Score> waiting;
  private final ArrayDeque<ScoreBatch> underWay = new ArrayDeque<>();
  private final ArrayDeque<ScoreBatch> again = new ArrayDeque<>();
  private ActorRef<ScorerWorker.Run> worker;
  private boolean workerReady;
  private int failuresInARow;
  private long nextBatch;
  private long scored;
  private long shed;
  private long batches;
  private long restarts;
  private String device = "";

  private GpuClassifier(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Supplier<? extends WindowScorer> open,
      BatchSettings settings,
      LongSupplier nanoTime) {
    super(context);
    this.timers = timers;
    this.open = open;
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.waiting =
        new MicroBatcher<>(
            settings.maxBatch(), settings.maxDelay().toNanos(), settings.queueLimit());
    this.worker = spawnWorker();
  }

  /**
   * @param open opens the scorer; called on the scorer's thread, again after each failure
   */
  public static Behavior<Command> create(
      Supplier<? extends WindowScorer> open, BatchSettings settings) {
    return create(open, settings, System::nanoTime);
  }

  static Behavior<Command> create(
      Supplier<? extends WindowScorer> open, BatchSettings settings, LongSupplier nanoTime) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new GpuClassifier(context, timers, open, settings, nanoTime)));
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
        .onMessage(GetStats.class, this::onGetStats)
        .onMessageEquals(FlushDue.INSTANCE, this::onFlushDue)
        .onMessageEquals(RestartDue.INSTANCE, this::onRestartDue)
        .onMessage(WorkerEvent.class, this::onWorkerEvent)
        .onMessage(WorkerStopped.class, this::onWorkerStopped)
        .onMessage(WorkerGone.class, this::onWorkerGone)
        .build();
  }

  private Behavior<Command> onScore(Score score) {
    if (!waiting.offer(score, nanoTime.getAsLong())) {
      shed(score, "queue full: " + settings.queueLimit() + " windows wait");
    }
    dispatch();
    return this;
  }

  private Behavior<Command> onFlushDue() {
    dispatch();
    return this;
  }

  private Behavior<Command> onGetStats(GetStats ask) {
    ask.replyTo().tell(new Stats(scored, shed, batches, restarts, waiting.size(), device));
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
    ScoreBatch first = underWay.removeFirst();
    if (first.number() != done.batch()) {
      throw new IllegalStateException(
          "batch %d done, but %d is first under way".formatted(done.batch(), first.number()));
    }
    failuresInARow = 0;
    for (int i = 0; i < first.scores().size(); i++) {
      Score s = first.scores().get(i);
      MelWindow w = s.window();
      s.replyTo()
          .tell(new Scored(w.stream(), w.index(), done.scores().of(i), done.adapterDigest()));
    }
    scored += first.scores().size();
    dispatch();
  }

  /**
   * The news of a child's end overtakes what it said before. Only when that has been heard is it
   * known which batch it failed on.
   */
  private Behavior<Command> onWorkerStopped(WorkerStopped stopped) {
    getContext().getSelf().tell(new WorkerGone(stopped.worker()));
    return this;
  }

  private Behavior<Command> onWorkerGone(WorkerGone gone) {
    workerReady = false;
    failuresInARow++;
    List<ScoreBatch> back = new ArrayList<>(underWay);
    back.addAll(again);
    underWay.clear();
    again.clear();
    boolean first = true;
    for (ScoreBatch b : back) {
      // The worker runs batches in order, so only the first can have failed it.
      if (first && b.retry()) {
        b.scores().forEach(s -> shed(s, "scorer failed twice on this window"));
      } else {
        b.scores().forEach(s -> again.addLast(new ScoreBatch(nextBatch++, List.of(s), true)));
      }
      first = false;
    }
    Duration pause = restartDelay();
    getContext().getLog().warn("scorer stopped; opened again in {} ms", pause.toMillis());
    timers.startSingleTimer(RestartDue.INSTANCE, pause);
    return this;
  }

  private Duration restartDelay() {
    long millis = settings.restartDelay().toMillis();
    for (int i = 1; i < failuresInARow && millis < settings.restartDelayMax().toMillis(); i++) {
      millis *= 2;
    }
    return Duration.ofMillis(Math.min(millis, settings.restartDelayMax().toMillis()));
  }

  private Behavior<Command> onRestartDue() {
    restarts++;
    worker = spawnWorker();
    dispatch();
    return this;
  }

  /** Keeps the worker busy: a due batch when it is idle, a full one as its next. */
  private void dispatch() {
    while (workerReady && underWay.size() < BATCHES_AHEAD) {
      ScoreBatch retry = again.pollFirst();
      if (retry != null) {
        run(retry);
        continue;
      }
      long now = nanoTime.getAsLong();
      List<Score> scores = underWay.isEmpty() ? waiting.poll(now) : waiting.pollFull();
      if (scores.isEmpty()) {
        break;
      }
      run(new ScoreBatch(nextBatch++, scores, false));
    }
    scheduleFlush();
  }

  private void run(ScoreBatch batch) {
    underWay.addLast(batch);
    batches++;
    worker.tell(new ScorerWorker.Run(batch.number(), batch.windows()));
  }

  private void scheduleFlush() {
    long due = waiting.nanosUntilDue(nanoTime.getAsLong());
    if (workerReady && underWay.isEmpty() && due != Long.MAX_VALUE) {
      if (!timers.isTimerActive(FlushDue.INSTANCE)) {
        timers.startSingleTimer(FlushDue.INSTANCE, Duration.ofNanos(Math.max(due, 1)));
      }
    } else {
      timers.cancel(FlushDue.INSTANCE);
    }
  }

  private void shed(Score score, String reason) {
    shed++;
    score.replyTo().tell(new Shed(score.window().stream(), score.window().index(), reason));
  }
}
