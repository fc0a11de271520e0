package dev.lookaside.deploy.service;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionSink;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.ingest.KafkaSource;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Counts and shows the events of source, streams and sink: metrics, health, log, and the observer
 * of the service. No audio and no detection passes here, and nothing waits for it. Takes the events
 * of three kinds of actors as they are, hence the type.
 */
final class Monitor extends AbstractBehavior<Object> {
  private final Metrics metrics;
  private final Status status;
  private final Consumer<StreamDetector.Event> observer;

  private Monitor(
      ActorContext<Object> context,
      Metrics metrics,
      Status status,
      Consumer<StreamDetector.Event> observer) {
    super(context);
    this.metrics = metrics;
    this.status = status;
    this.observer = observer;
  }

  /**
   * @param observer sees the streams' events, on one thread at a time
   */
  static Behavior<Object> create(
      Metrics metrics, Status status, Consumer<StreamDetector.Event> observer) {
    return Behaviors.setup(context -> new Monitor(context, metrics, status, observer));
  }

  @Override
  public Receive<Object> createReceive() {
    return newReceiveBuilder()
        .onMessage(KafkaSource.Event.class, this::onSource)
        .onMessage(StreamDetector.Event.class, this::onStream)
        .onMessage(DetectionSink.Event.class, this::onSink)
        .build();
  }

  private Behavior<Object> onSource(KafkaSource.Event event) {
    if (event instanceof KafkaSource.Delivered delivered) {
      metrics.chunksReceived(delivered.chunks(), delivered.bytes());
    } else if (event instanceof KafkaSource.StreamCount count) {
      metrics.streams(count.open(), count.parked());
    } else if (event instanceof KafkaSource.Discarded discarded) {
      metrics.discarded(
          "source", discarded.rejection().reason().name().toLowerCase(Locale.ROOT), 1);
    } else if (event instanceof KafkaSource.Assigned assigned) {
      status.assigned(assigned.assignments());
    } else if (event instanceof KafkaSource.Revoked revoked) {
      status.revoked(revoked.assignments());
    } else if (event instanceof KafkaSource.Deleted deleted) {
      metrics.recordsDeleted(deleted.untilOffset() - deleted.fromOffset());
    } else if (event instanceof KafkaSource.Unreachable unreachable) {
      metrics.error("source", "unreachable");
      status.unreachable(unreachable.servers(), unreachable.forMillis());
    } else if (event instanceof KafkaSource.Reachable) {
      status.reachable();
    } else if (event instanceof KafkaSource.StaticMemberInUse taken) {
      metrics.error("source", "instance-taken");
      status.placeTaken(taken.group(), taken.instance(), taken.forMillis());
    } else if (event instanceof KafkaSource.StreamClosed closed) {
      metrics.streamClosed(closed.stream().value());
    }
    return this;
  }

  private Behavior<Object> onSink(DetectionSink.Event event) {
    if (event instanceof DetectionSink.Unreachable unreachable) {
      metrics.error("sink", "unreachable");
      status.unreachable(unreachable.servers(), unreachable.forMillis());
    } else if (event instanceof DetectionSink.Reachable) {
      status.reachable();
    }
    return this;
  }

  private Behavior<Object> onStream(StreamDetector.Event event) {
    if (event instanceof StreamDetector.Windowed w) {
      double seconds = (double) w.samples() / w.rateHz();
      switch (w.outcome()) {
        case SCORED ->
            metrics.windowScored(seconds, Duration.between(w.capturedUntil(), Instant.now()));
        case SHED -> metrics.windowShed(seconds, "shed");
        case SKIPPED -> metrics.windowSkipped(seconds);
      }
    } else if (event instanceof StreamDetector.Counted counted) {
      metrics.counted(counted.delta(), counted.rateHz());
    } else if (event instanceof StreamDetector.Delivered delivered) {
      for (Detection d : delivered.detections()) {
        metrics.detection(d.label() == null ? "" : d.label(), d.kind().word());
      }
    } else if (event instanceof StreamDetector.ClockOff off) {
      metrics.clock(off.stream().value(), off.ahead());
      status.clock(off.stream().value(), off.ahead());
    } else if (event instanceof StreamDetector.Restarted) {
      metrics.error("stream", "restarted");
    } else if (event instanceof StreamDetector.Quarantined quarantined) {
      metrics.error("stream", "quarantined");
      metrics.discarded("stream", "failed", 1);
      status.quarantined(quarantined.stream().value(), quarantined.recordOffset());
    }
    observer.accept(event);
    return this;
  }
}
