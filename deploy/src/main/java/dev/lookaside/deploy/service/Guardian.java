package dev.lookaside.deploy.service;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.deploy.settings.DeploySettings;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.KafkaSource;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Root actor: keeps one {@link Pipeline} running. One that fails is restarted after a pause that
 * doubles; one that keeps failing, or whose place in the group another process has taken, ends the
 * service with the reason.
 */
public final class Guardian extends AbstractBehavior<Guardian.Command> {
  /** A pipeline that ran this long was sound: the next failure counts as the first. */
  private static final Duration SOUND = Duration.ofMinutes(1);

  sealed interface Command {}

  /** Stops the pipeline in order, then the system. */
  enum Stop implements Command {
    INSTANCE
  }

  private enum StartPipeline implements Command {
    INSTANCE
  }

  private final TimerScheduler<Command> timers;
  private final Parts parts;
  private final Consumer<String> gaveUp;
  private @Nullable ActorRef<Pipeline.Command> pipeline;
  private Instant startedAt = Instant.now();
  private int failuresInARow;
  private boolean stopping;

  /**
   * The behavior.
   *
   * @param gaveUp gets the reason when the service ends by itself
   */
  static Behavior<Command> create(Parts parts, Consumer<String> gaveUp) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new Guardian(context, timers, parts, gaveUp)));
  }

  private Guardian(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Parts parts,
      Consumer<String> gaveUp) {
    super(context);
    this.timers = timers;
    this.parts = parts;
    this.gaveUp = gaveUp;
    context.getSelf().tell(StartPipeline.INSTANCE);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessageEquals(StartPipeline.INSTANCE, this::onStart)
        .onMessageEquals(Stop.INSTANCE, this::onStop)
        // ChildFailed is a Terminated: the narrower one first.
        .onSignal(ChildFailed.class, this::onFailed)
        .onSignal(Terminated.class, this::onEnded)
        .build();
  }

  private Behavior<Command> onStart() {
    startedAt = Instant.now();
    pipeline = getContext().spawnAnonymous(Pipeline.create(parts));
    getContext().watch(pipeline);
    return this;
  }

  private Behavior<Command> onStop() {
    stopping = true;
    timers.cancelAll();
    if (pipeline == null) {
      return Behaviors.stopped();
    }
    pipeline.tell(Pipeline.Stop.INSTANCE);
    return this;
  }

  private Behavior<Command> onEnded(Terminated ended) {
    return Behaviors.stopped();
  }

  private Behavior<Command> onFailed(ChildFailed failed) {
    pipeline = null;
    String why = FaultReason.of(failed.getCause());
    parts.metrics().error("pipeline", failed.getCause().getClass().getSimpleName());
    parts.status().down(why);
    if (stopping) {
      return Behaviors.stopped();
    }
    boolean sound = Duration.between(startedAt, Instant.now()).compareTo(SOUND) >= 0;
    failuresInARow = sound ? 1 : failuresInARow + 1;
    DeploySettings settings = parts.settings().deploy();
    // Thrown by the source, carried by the pipeline.
    boolean superseded = failed.getCause().getCause() instanceof KafkaSource.SupersededException;
    if (superseded || failuresInARow > settings.restartsMax()) {
      gaveUp.accept(why);
      return Behaviors.stopped();
    }
    Duration pause = pause(settings, failuresInARow);
    getContext().getLog().warn("Pipeline failed: {}. Restarting in {} ms", why, pause.toMillis());
    timers.startSingleTimer(StartPipeline.INSTANCE, pause);
    return this;
  }

  /** Doubles from the second failure in a row on. */
  static Duration pause(DeploySettings settings, int failure) {
    long millis = settings.restartDelay().toMillis() << Math.min(failure - 1, 20);
    return Duration.ofMillis(Math.min(millis, settings.restartDelayMax().toMillis()));
  }
}
