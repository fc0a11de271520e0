package dev.lookaside.classifier.detect;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Writes detections. Sole owner of its KafkaProducer, which is idempotent and waits for all
 * replicas. Records go out in the order they came, so each stream's order is kept; what cannot be
 * written now is tried again for ever, with a fresh producer if need be, and {@link Unreachable}
 * says so. Run it on {@link #DISPATCHER}: the producer blocks while it knows no broker.
 */
public final class DetectionSink extends AbstractBehavior<DetectionSink.Command> {
  /** A thread of its own. */
  public static final String DISPATCHER = "lookaside.classifier.sink-dispatcher";

  public sealed interface Command {}

  /**
   * {@code replyTo} gets exactly one {@link Durable} or {@link Failed} with this number.
   *
   * @param number the sender's own, rising
   */
  public record Publish(long number, List<Detection> detections, ActorRef<Reply> replyTo)
      implements Command {
    public Publish {
      detections = List.copyOf(detections);
    }
  }

  /**
   * Writes what is waiting if it can within the closing time, closes the producer, answers, stops.
   */
  public record Stop(ActorRef<Stopped> replyTo) implements Command {}

  private record Acked(long sequence, @Nullable Exception failure) implements Command {}

  private enum Timer implements Command {
    RETRY,
    REPORT,
    CLOSE
  }

  public sealed interface Reply {
    long number();
  }

  /** All of the publish is on all replicas. */
  public record Durable(long number) implements Reply {}

  /** Some of the publish can never be written; {@code reason} says why. */
  public record Failed(long number, String reason) implements Reply {}

  /** The sink is closed. */
  public enum Stopped {
    INSTANCE
  }

  public sealed interface Event {}

  /** The oldest waiting record has waited {@code forMillis}; the sink keeps trying. Repeated. */
  public record Unreachable(String servers, long forMillis) implements Event {}

  /** After {@link Unreachable}: records are written again. */
  public record Reachable(String servers) implements Event {}

  private static final long MILLION = 1_000_000L;

  private final TimerScheduler<Command> timers;
  private final SinkSettings settings;
  private final ActorRef<Event> events;
  private final LongSupplier nanoTime;
  private final DetectionCodec codec = new DetectionCodec();
  private final WriteQueue queue = new WriteQueue();
  private final SinkProducer producer;
  private boolean broken;
  private boolean saidUnreachable;
  private @Nullable ActorRef<Stopped> stopTo;

  private DetectionSink(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      SinkSettings settings,
      Supplier<Producer<byte[], byte[]>> open,
      ActorRef<Event> events,
      LongSupplier nanoTime) {
    super(context);
    this.timers = timers;
    this.settings = settings;
    this.events = events;
    this.nanoTime = nanoTime;
    this.producer = new SinkProducer(open, context.getLog());
    open();
    timers.startTimerWithFixedDelay(Timer.REPORT, settings.reportAfter());
  }

  /**
   * @param events is told when the brokers cannot be reached
   */
  public static Behavior<Command> create(SinkSettings settings, ActorRef<Event> events) {
    return create(
        settings,
        () ->
            new KafkaProducer<>(
                settings.producer(), new ByteArraySerializer(), new ByteArraySerializer()),
        events,
        System::nanoTime);
  }

  static Behavior<Command> create(
      SinkSettings settings,
      Supplier<Producer<byte[], byte[]>> open,
      ActorRef<Event> events,
      LongSupplier nanoTime) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new DetectionSink(context, timers, settings, open, events, nanoTime)));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Publish.class, this::onPublish)
        .onMessage(Acked.class, this::onAcked)
        .onMessageEquals(Timer.RETRY, this::onRetry)
        .onMessageEquals(Timer.REPORT, this::onReport)
        .onMessageEquals(Timer.CLOSE, this::close)
        .onMessage(Stop.class, this::onStop)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<Command> onPublish(Publish publish) {
    if (publish.detections().isEmpty()) {
      publish.replyTo().tell(new Durable(publish.number()));
      return this;
    }
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (Detection d : publish.detections()) {
      records.add(codec.encode(settings.topic(), d));
    }
    queue.add(publish, records, nanoTime.getAsLong());
    send();
    return this;
  }

  /** Hands records to the producer in order, until it refuses or enough are under way. */
  private void send() {
    Producer<byte[], byte[]> to = producer.get();
    while (to != null
        && !broken
        && queue.hasUnsent()
        && queue.underWay() < settings.maxRecordsUnderWay()) {
      WriteQueue.Entry entry = queue.send();
      long sequence = entry.sequence();
      boolean[] refused = new boolean[1];
      ActorRef<Command> self = getContext().getSelf();
      try {
        to.send(
            entry.record(),
            (metadata, failure) -> {
              refused[0] = failure != null;
              self.tell(new Acked(sequence, failure));
            });
      } catch (RuntimeException e) {
        refused[0] = true;
        self.tell(new Acked(sequence, e));
      }
      if (refused[0]) {
        // Without a broker each further call would block in turn.
        breakOff();
      }
    }
  }

  private void open() {
    if (!producer.open()) {
      breakOff();
    }
  }

  private void breakOff() {
    broken = true;
    if (!timers.isTimerActive(Timer.RETRY)) {
      timers.startSingleTimer(Timer.RETRY, settings.retryDelay());
    }
  }

  private Behavior<Command> onAcked(Acked acked) {
    WriteQueue.Entry entry = queue.arrived(acked.sequence());
    if (entry == null) {
      return this;
    }
    Exception failure = acked.failure();
    if (failure == null) {
      entry.written().ifPresent(entry::answer);
      sayReachable();
    } else if (failure instanceof RecordTooLargeException
        || failure instanceof SerializationException) {
      entry.failed("detection not writable: " + failure).ifPresent(entry::answer);
    } else {
      getContext().getLog().debug("detection not written yet: {}", failure.toString());
      queue.putBack(entry);
      if (!(failure instanceof RetriableException)) {
        producer.lose();
      }
      breakOff();
    }
    send();
    return closeIfDone();
  }

  /** Once nothing is under way any more, so that the order is kept. */
  private Behavior<Command> onRetry() {
    if (queue.underWay() > 0) {
      timers.startSingleTimer(Timer.RETRY, settings.retryDelay());
      return this;
    }
    broken = false;
    open();
    send();
    return this;
  }

  private void sayReachable() {
    if (saidUnreachable) {
      saidUnreachable = false;
      getContext().getLog().info("detections are written again to {}", settings.servers());
      events.tell(new Reachable(settings.servers()));
    }
  }

  private Behavior<Command> onReport() {
    long millis = queue.oldestWaitNanos(nanoTime.getAsLong()) / MILLION;
    if (millis >= settings.reportAfter().toMillis()) {
      saidUnreachable = true;
      getContext()
          .getLog()
          .warn("detections wait for {} since {} ms; trying on", settings.servers(), millis);
      events.tell(new Unreachable(settings.servers(), millis));
    }
    return this;
  }

  private Behavior<Command> onStop(Stop stop) {
    stopTo = stop.replyTo();
    timers.startSingleTimer(Timer.CLOSE, settings.closeTimeout());
    return closeIfDone();
  }

  private Behavior<Command> closeIfDone() {
    return stopTo != null && queue.size() == 0 ? close() : this;
  }

  private Behavior<Command> close() {
    int lost = queue.size();
    if (lost > 0) {
      getContext().getLog().warn("{} detections left unwritten; a replay finds them again", lost);
    }
    ActorRef<Stopped> to = stopTo;
    return Behaviors.stopped(
        () -> {
          if (to != null) {
            to.tell(Stopped.INSTANCE);
          }
        });
  }

  private Behavior<Command> onPostStop(PostStop signal) {
    producer.close();
    return this;
  }
}
