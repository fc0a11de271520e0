package dev.lookaside.deploy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import akka.actor.typed.PostStop;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionSink;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterEvent;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.AdapterRegistry;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.StreamId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * One run of everything between {@code audio.chunks} and {@code audio.detections}: source, streams,
 * classifier and sink, joined.
 *
 * <p>They fail together: whatever one of them has lost is read again from the settled offsets by
 * the next run, which gives the same detections with the same ids. The stop is orderly: no more
 * chunks go in, what is under way comes out (for a bounded time), what is durable is settled, the
 * source commits and leaves its group.
 */
final class Pipeline extends AbstractBehavior<Pipeline.Command> {
  private static final Duration QUIET = Duration.ofMillis(250);

  sealed interface Command {}

  /** Stops in order; the actor's end is the answer. */
  enum Stop implements Command {
    INSTANCE
  }

  private record Source(KafkaSource.Event event) implements Command {}

  private record Sink(DetectionSink.Event event) implements Command {}

  private record Observed(StreamDetector.Event event) implements Command {}

  private record OfAdapters(AdapterEvent event) implements Command {}

  private record Acked(Ack ack) implements Command {}

  private enum QuietCheck implements Command {
    INSTANCE
  }

  private enum DrainTimeout implements Command {
    INSTANCE
  }

  private enum SourceStopped implements Command {
    INSTANCE
  }

  private final Parts parts;
  private final BackboneSessions sessions;
  private final TimerScheduler<Command> timers;
  private final Optional<ActorRef<AdapterRegistry.Command>> registry;
  private final ActorRef<KafkaSource.Command> source;
  private final ActorRef<Streams.Command> streams;
  private boolean draining;
  private boolean somethingHappened;

  static Behavior<Command> create(Parts parts) {
    return Behaviors.setup(
        context -> Behaviors.withTimers(timers -> new Pipeline(context, timers, parts)));
  }

  private Pipeline(ActorContext<Command> context, TimerScheduler<Command> timers, Parts parts) {
    super(context);
    this.parts = parts;
    this.timers = timers;
    sessions = parts.sessions();
    LoadedAdapter configured = LoadedAdapter.of(parts.adapter());
    boolean followed = parts.settings().registry().enabled();
    ActorRef<GpuClassifier.Command> classifier =
        context.spawn(
            GpuClassifier.create(
                () -> parts.openScorer(sessions, configured),
                parts.settings().classifier().batch(),
                followed ? AdapterPlan.UNKNOWN : AdapterPlan.always(configured),
                event -> context.getSelf().tell(new OfAdapters(event))),
            "classifier");
    registry = followed ? Optional.of(registry(configured, classifier)) : Optional.empty();
    ActorRef<DetectionSink.Command> sink =
        context.spawn(
            DetectionSink.create(
                parts.settings().sink(),
                context.messageAdapter(DetectionSink.Event.class, Sink::new)),
            "sink",
            DispatcherSelector.fromConfig(DetectionSink.DISPATCHER));
    source =
        context.spawn(
            parts.source(context.messageAdapter(KafkaSource.Event.class, Source::new)),
            "source",
            DispatcherSelector.fromConfig(Parts.SOURCE_DISPATCHER));
    StreamDetector.Peers peers =
        new StreamDetector.Peers(
            classifier,
            sink,
            source,
            context.messageAdapter(StreamDetector.Event.class, Observed::new),
            Clock.systemUTC());
    streams =
        context.spawn(
            Streams.create(
                stream -> detector(stream, peers), parts.settings().deploy().streamIdle()),
            "streams");
    registry.ifPresent(context::watch);
    context.watch(classifier);
    context.watch(sink);
    context.watch(source);
    context.watch(streams);
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

  private Behavior<StreamDetector.Command> detector(StreamId stream, StreamDetector.Peers peers) {
    return StreamDetector.create(
        stream,
        parts.model(),
        parts.settings().detect(),
        events -> featurizer(stream, peers.source(), events),
        peers);
  }

  private Behavior<StreamFeaturizer.Command> featurizer(
      StreamId stream,
      ActorRef<KafkaSource.Command> source,
      ActorRef<StreamFeaturizer.Event> detector) {
    return StreamFeaturizer.create(
        stream,
        parts.settings().featurizer(),
        parts.model().spec(),
        parts.decoder(),
        source,
        detector);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Source.class, this::onSource)
        .onMessage(Sink.class, this::onSink)
        .onMessage(Observed.class, this::onObserved)
        .onMessage(OfAdapters.class, this::onAdapters)
        .onMessage(Acked.class, this::onAcked)
        .onMessageEquals(Stop.INSTANCE, this::onStop)
        .onMessageEquals(QuietCheck.INSTANCE, this::onQuietCheck)
        .onMessageEquals(DrainTimeout.INSTANCE, this::stopSource)
        .onMessageEquals(SourceStopped.INSTANCE, Behaviors::stopped)
        .onSignal(Terminated.class, this::onPartGone)
        .onSignal(PostStop.class, stopped -> onStopped())
        .build();
  }

  private Behavior<Command> onSource(Source message) {
    KafkaSource.Event event = message.event();
    Status status = parts.status();
    Metrics metrics = parts.metrics();
    if (event instanceof KafkaSource.Arrived arrived) {
      metrics.chunkReceived(arrived.chunk().payload().length);
    } else if (event instanceof KafkaSource.Refused refused) {
      metrics.discarded(
          "source", refused.rejection().reason().name().toLowerCase(java.util.Locale.ROOT), 1);
    } else if (event instanceof KafkaSource.Assigned assigned) {
      status.assigned(assigned.assignments());
    } else if (event instanceof KafkaSource.Revoked revoked) {
      status.revoked(revoked.assignments());
    } else if (event instanceof KafkaSource.Unreachable unreachable) {
      metrics.error("source", "unreachable");
      status.unreachable(unreachable.servers(), unreachable.forMillis());
    } else if (event instanceof KafkaSource.Failed failed) {
      throw new DeployException(failed.reason());
    }
    if (!draining || event instanceof KafkaSource.Revoked) {
      streams.tell(new Streams.FromSource(event));
    }
    return this;
  }

  private Behavior<Command> onSink(Sink message) {
    if (message.event() instanceof DetectionSink.Unreachable unreachable) {
      parts.metrics().error("sink", "unreachable");
      parts.status().unreachable(unreachable.servers(), unreachable.forMillis());
    } else if (message.event() instanceof DetectionSink.Reachable) {
      parts.status().reachable();
    }
    return this;
  }

  private Behavior<Command> onObserved(Observed message) {
    somethingHappened = true;
    StreamDetector.Event event = message.event();
    Metrics metrics = parts.metrics();
    if (event instanceof StreamDetector.Windowed w) {
      double seconds = (double) w.samples() / w.rateHz();
      switch (w.outcome()) {
        case SCORED ->
            metrics.windowScored(seconds, Duration.between(w.capturedUntil(), Instant.now()));
        case SHED -> metrics.windowShed(seconds, "shed");
        case SKIPPED -> {
          // Counted by the featurizer.
        }
      }
    } else if (event instanceof StreamDetector.Counted counted) {
      metrics.counted(counted.delta(), counted.rateHz());
    } else if (event instanceof StreamDetector.Delivered delivered) {
      for (Detection d : delivered.detections()) {
        metrics.detection(d.label() == null ? "" : d.label(), d.kind().word());
      }
    }
    parts.observer().accept(event);
    return this;
  }

  private Behavior<Command> onAdapters(OfAdapters message) {
    if (message.event() instanceof AdapterEvent.Holds holds) {
      parts.metrics().held(holds);
      parts.status().held(holds);
      return this;
    }
    registry.ifPresent(r -> r.tell(new AdapterRegistry.Told(message.event())));
    return this;
  }

  private Behavior<Command> onAcked(Acked acked) {
    parts.metrics().adapter(acked.ack().state().word(), acked.ack().reasonWord());
    return this;
  }

  private Behavior<Command> onStop() {
    if (!draining) {
      draining = true;
      somethingHappened = false;
      timers.startTimerWithFixedDelay(QuietCheck.INSTANCE, QUIET);
      timers.startSingleTimer(DrainTimeout.INSTANCE, parts.settings().deploy().stopTimeout());
    }
    return this;
  }

  private Behavior<Command> onQuietCheck() {
    if (somethingHappened) {
      somethingHappened = false;
      return this;
    }
    return stopSource();
  }

  private Behavior<Command> stopSource() {
    timers.cancelAll();
    getContext().unwatch(source);
    source.tell(
        new KafkaSource.Stop(
            getContext()
                .messageAdapter(KafkaSource.Stopped.class, stopped -> SourceStopped.INSTANCE)));
    return this;
  }

  /** The parts are gone by now. */
  private Behavior<Command> onStopped() {
    sessions.close();
    parts.metrics().held(AdapterEvent.Holds.NONE);
    return this;
  }

  private Behavior<Command> onPartGone(Terminated gone) {
    throw new DeployException(gone.getRef().path().name() + " stopped by itself");
  }
}
