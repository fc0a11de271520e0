package dev.lookaside.classifier.detect;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

  private static final class Waiting {
    private final Publish publish;
    private final long sinceNanos;
    private int left;

    Waiting(Publish publish, long sinceNanos) {
      this.publish = publish;
      this.sinceNanos = sinceNanos;
      this.left = publish.detections().size();
    }
  }

  private record Entry(Waiting of, ProducerRecord<byte[], byte[]> record) {}

  private static final long MILLION = 1_000_000L;

  private final TimerScheduler<Command> timers;
  private final SinkSettings settings;
  private final Supplier<Producer<byte[], byte[]>> open;
  private final ActorRef<Event> events;
  private final LongSupplier nanoTime;
  private final DetectionCodec codec = new DetectionCodec();
  private final TreeMap<Long, Entry> unsent = new TreeMap<>();
  private final TreeMap<Long, Entry> underWay = new TreeMap<>();
  private Producer<byte[], byte[]> producer;
  private long nextSequence;
  private boolean broken;
  private boolean producerLost;
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
    this.open = open;
    this.events = events;
    this.nanoTime = nanoTime;
    this.producer = open.get();
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
    Waiting waiting = new Waiting(publish, nanoTime.getAsLong());
    for (Detection d : publish.detections()) {
      unsent.put(nextSequence++, new Entry(waiting, codec.encode(settings.topic(), d)));
    }
    send();
    return this;
  }

  /** Hands records to the producer in order, until it refuses or enough are under way. */
  private void send() {
    while (!broken && !unsent.isEmpty() && underWay.size() < settings.maxRecordsUnderWay()) {
      Map.Entry<Long, Entry> first = unsent.pollFirstEntry();
      long sequence = first.getKey();
      underWay.put(sequence, first.getValue());
      boolean[] refused = new boolean[1];
      ActorRef<Command> self = getContext().getSelf();
      try {
        producer.send(
            first.getValue().record(),
            (metadata, failure) -> {
              refused[0] = failure != null;
              self.tell(new Acked(sequence, failure));
            });
      } catch (RuntimeException e) {
        refused[0] = true;
        self.tell(new Acked(sequence, e));
      }
      // Without a broker each further call would block in turn; the answer tells what to do.
      broken |= refused[0];
    }
  }

  private Behavior<Command> onAcked(Acked acked) {
    Entry entry = underWay.remove(acked.sequence());
    if (entry == null) {
      return this;
    }
    Exception failure = acked.failure();
    if (failure == null) {
      written(entry.of());
    } else if (failure instanceof RecordTooLargeException
        || failure instanceof SerializationException) {
      fail(entry.of(), failure);
    } else {
      retry(acked.sequence(), entry, failure);
    }
    if (broken && !timers.isTimerActive(Timer.RETRY)) {
      timers.startSingleTimer(Timer.RETRY, settings.retryDelay());
    }
    send();
    return closeIfDone();
  }

  private void written(Waiting waiting) {
    waiting.left--;
    if (waiting.left == 0) {
      waiting.publish.replyTo().tell(new Durable(waiting.publish.number()));
    }
    if (saidUnreachable) {
      saidUnreachable = false;
      getContext().getLog().info("detections are written again to {}", settings.servers());
      events.tell(new Reachable(settings.servers()));
    }
  }

  private void fail(Waiting waiting, Exception failure) {
    if (waiting.left > 0) {
      // Negative from here on: what else it had is neither counted nor answered again.
      waiting.left = Integer.MIN_VALUE;
      waiting
          .publish
          .replyTo()
          .tell(new Failed(waiting.publish.number(), "detection not writable: " + failure));
    }
  }

  private void retry(long sequence, Entry entry, Exception failure) {
    unsent.put(sequence, entry);
    broken = true;
    producerLost |= !(failure instanceof RetriableException);
    getContext().getLog().debug("detection {} not written yet: {}", sequence, failure.toString());
  }

  /** Once nothing is under way any more, so that the order is kept. */
  private Behavior<Command> onRetry() {
    if (!underWay.isEmpty()) {
      timers.startSingleTimer(Timer.RETRY, settings.retryDelay());
      return this;
    }
    if (producerLost) {
      getContext().getLog().warn("producer of detections lost; opening another");
      producer.close(Duration.ZERO);
      producer = open.get();
      producerLost = false;
    }
    broken = false;
    send();
    return this;
  }

  private Behavior<Command> onReport() {
    long millis = (nanoTime.getAsLong() - oldestNanos()) / MILLION;
    if (millis >= settings.reportAfter().toMillis()) {
      saidUnreachable = true;
      getContext()
          .getLog()
          .warn("detections wait for {} since {} ms; trying on", settings.servers(), millis);
      events.tell(new Unreachable(settings.servers(), millis));
    }
    return this;
  }

  private long oldestNanos() {
    long oldest = nanoTime.getAsLong();
    for (TreeMap<Long, Entry> map : List.of(unsent, underWay)) {
      if (!map.isEmpty()) {
        oldest = Math.min(oldest, map.firstEntry().getValue().of().sinceNanos);
      }
    }
    return oldest;
  }

  private Behavior<Command> onStop(Stop stop) {
    stopTo = stop.replyTo();
    timers.startSingleTimer(Timer.CLOSE, settings.closeTimeout());
    return closeIfDone();
  }

  private Behavior<Command> closeIfDone() {
    return stopTo != null && unsent.isEmpty() && underWay.isEmpty() ? close() : this;
  }

  private Behavior<Command> close() {
    int lost = unsent.size() + underWay.size();
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
    producer.close(Duration.ZERO);
    return this;
  }
}
