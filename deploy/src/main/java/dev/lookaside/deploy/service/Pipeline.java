package dev.lookaside.deploy.service;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.ChildFailed;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.classifier.detect.DetectionSink;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterEvent;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.AdapterRegistry;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.SinkMessage;
import java.util.Optional;

/**
 * One run of everything between {@code audio.chunks} and {@code audio.detections}: makes source,
 * classifier and sink, joins and watches them. No audio passes here; {@link KafkaSource} shows its
 * way.
 *
 * <p>They fail together: the next run begins from what is committed, which gives the same
 * detections. The stop is orderly: nothing more goes in, the streams bring out what is under way,
 * the sink writes it, the source commits and leaves its group; all within one time-out.
 */
final class Pipeline extends AbstractBehavior<Pipeline.Command> {
  sealed interface Command {}

  /** Stops in order; the actor's end is the answer. */
  enum Stop implements Command {
    INSTANCE
  }

  private record OfAdapters(AdapterEvent event) implements Command {}

  private record Acked(Ack ack) implements Command {}

  private enum Stopping implements Command {
    DRAINED,
    SINK_STOPPED,
    SOURCE_STOPPED,
    TIMEOUT
  }

  private final Parts parts;
  private final BackboneSessions sessions;
  private final TimerScheduler<Command> timers;
  private final Optional<ActorRef<AdapterRegistry.Command>> registry;
  private final ActorRef<KafkaSource.Command> source;
  private final ActorRef<SinkMessage> sink;

  static Behavior<Command> create(Parts parts) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new Pipeline(context, timers, parts)));
  }

  private Pipeline(ActorContext<Command> context, TimerScheduler<Command> timers, Parts parts) {
    super(context);
    this.parts = parts;
    this.timers = timers;
    Settings settings = parts.settings();
    sessions = parts.sessions();
    LoadedAdapter configured = LoadedAdapter.of(parts.adapter());
    boolean followed = settings.registry().enabled();
    ActorRef<Object> monitor =
        context.spawn(Monitor.create(parts.metrics(), parts.status(), parts.observer()), "monitor");
    ActorRef<GpuClassifier.Command> classifier =
        context.spawn(
            GpuClassifier.create(
                () -> parts.openScorer(sessions, configured),
                settings.classifier().batch(),
                followed ? AdapterPlan.UNKNOWN : AdapterPlan.always(configured),
                event -> context.getSelf().tell(new OfAdapters(event))),
            "classifier");
    registry = followed ? Optional.of(registry(configured, classifier)) : Optional.empty();
    sink =
        context.spawn(
            DetectionSink.create(
                settings.sink(), new DetectionSink.Peers(monitor.narrow(), monitor.narrow())),
            "sink",
            DispatcherSelector.fromConfig(DetectionSink.DISPATCHER));
    source =
        context.spawn(
            KafkaSource.create(
                settings.ingest(),
                settings.deploy().streamIdle(),
                streams(classifier, monitor.narrow()),
                sink,
                monitor.narrow()),
            "source",
            KafkaSource.dispatcher());
    registry.ifPresent(context::watch);
    context.watch(monitor);
    context.watch(classifier);
    context.watch(sink);
    context.watch(source);
  }

  private ActorRef<AdapterRegistry.Command> registry(
      LoadedAdapter configured, ActorRef<GpuClassifier.Command> classifier) {
    ActorRef<Command> self = getContext().getSelf();
    AdapterRegistry.Listeners listeners =
        new AdapterRegistry.Listeners(
            plan -> classifier.tell(new GpuClassifier.Follow(plan)),
            ack -> self.tell(new Acked(ack)));
    return getContext()
        .spawn(
            parts.registry(sessions, configured, listeners),
            "registry",
            DispatcherSelector.fromConfig(AdapterRegistry.DISPATCHER));
  }

  private KafkaSource.StreamFactory streams(
      ActorRef<GpuClassifier.Command> classifier, ActorRef<StreamDetector.Event> observer) {
    Settings settings = parts.settings();
    StreamTrack.Factory tracks =
        settings.featurizer().tracks(parts.model().spec(), parts.decoder());
    return (assignment, stream, progress, firstOffset, itsSource) ->
        StreamDetector.create(
            assignment,
            stream,
            parts.model(),
            settings.detect(),
            settings.registry().maxClockAhead(),
            tracks,
            new StreamDetector.Peers(
                classifier, sink, itsSource, observer, System::currentTimeMillis),
            progress,
            firstOffset);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(OfAdapters.class, this::onAdapters)
        .onMessage(Acked.class, this::onAcked)
        .onMessageEquals(Stop.INSTANCE, this::onStop)
        .onMessageEquals(Stopping.DRAINED, this::onDrained)
        .onMessageEquals(Stopping.SINK_STOPPED, this::onSinkStopped)
        .onMessageEquals(Stopping.SOURCE_STOPPED, Behaviors::stopped)
        .onMessageEquals(Stopping.TIMEOUT, this::onTimeout)
        // ChildFailed is a Terminated: the narrower one first.
        .onSignal(ChildFailed.class, this::onPartFailed)
        .onSignal(Terminated.class, this::onPartGone)
        .onSignal(PostStop.class, stopped -> onStopped())
        .build();
  }

  private Behavior<Command> onAdapters(OfAdapters message) {
    if (message.event() instanceof AdapterEvent.Holds holds) {
      parts.metrics().held(holds);
      parts.status().held(holds);
      return this;
    }
    registry.ifPresent(r -> r.tell(new AdapterRegistry.Happened(message.event())));
    return this;
  }

  private Behavior<Command> onAcked(Acked acked) {
    parts.metrics().adapter(acked.ack().state().word(), acked.ack().reasonWord());
    return this;
  }

  private Behavior<Command> onStop() {
    if (!timers.isTimerActive(Stopping.TIMEOUT)) {
      timers.startSingleTimer(Stopping.TIMEOUT, parts.settings().deploy().drainTimeout());
      source.tell(
          new KafkaSource.Drain(
              getContext().messageAdapter(KafkaSource.Drained.class, drained -> Stopping.DRAINED)));
    }
    return this;
  }

  private Behavior<Command> onDrained() {
    sink.tell(
        new DetectionSink.Stop(
            getContext()
                .messageAdapter(DetectionSink.Stopped.class, stopped -> Stopping.SINK_STOPPED)));
    return this;
  }

  private Behavior<Command> onSinkStopped() {
    source.tell(
        new KafkaSource.Stop(
            getContext()
                .messageAdapter(KafkaSource.Stopped.class, stopped -> Stopping.SOURCE_STOPPED)));
    return this;
  }

  /** What is not committed by now is found again by the next run. */
  private Behavior<Command> onTimeout() {
    getContext()
        .getLog()
        .warn(
            "Not everything under way was done within {} s; it is done again by the next start",
            parts.settings().deploy().drainTimeout().toSeconds());
    return Behaviors.stopped();
  }

  /** The parts are gone by now. */
  private Behavior<Command> onStopped() {
    sessions.close();
    parts.metrics().held(AdapterEvent.Holds.NONE);
    parts.metrics().streams(0, 0);
    parts.status().held(AdapterEvent.Holds.NONE);
    return this;
  }

  private Behavior<Command> onPartFailed(ChildFailed failed) {
    throw new DeployException(
        failed.getRef().path().name() + ": " + FaultReason.of(failed.getCause()),
        failed.getCause());
  }

  private Behavior<Command> onPartGone(Terminated gone) {
    if (timers.isTimerActive(Stopping.TIMEOUT)) {
      return this; // As it was asked to.
    }
    throw new DeployException(gone.getRef().path().name() + " stopped by itself");
  }
}
