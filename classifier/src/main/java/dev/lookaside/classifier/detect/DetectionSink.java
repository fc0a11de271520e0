package dev.lookaside.classifier.detect;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.DeadLetters;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.ProgressTopic;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.kafka.TransactionWriter.NotWrittenException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/**
 * Makes results durable: detections, dead letters, the progress of streams and the offsets of
 * partitions, all that waits in one transaction. While one is being committed the next one gathers,
 * so nothing waits longer than for the commit under way. Runs on a thread of its own and blocks
 * there.
 *
 * <p>What cannot be written now is tried again and reported; what has an unknown outcome, or is
 * fenced because the group has moved on, ends the actor, and with it the pipeline, which begins
 * again from what is committed.
 */
public final class DetectionSink extends AbstractBehavior<SinkMessage> {
  /** Thread of its own for this actor. */
  public static final String DISPATCHER = IngestSettings.PINNED_DISPATCHER;

  /** Progress without a detection is written this much later, together with others. */
  private static final Duration GATHER = Duration.ofMillis(200);

  /** With more publishes waiting, no more audio is read. */
  private static final int STALL_SIZE = 4_096;

  /** A rejected record on its way to the dead letters. */
  public record RejectedRecord(ConsumerRecord<byte[], byte[]> record, Rejection rejection) {}

  /**
   * To be written together.
   *
   * @param progress what follows from the detections and letters
   * @param ended the stream ended since the one before
   * @param capturedUntil capture time of the newest audio needed to decide the detections
   */
  public record Publish(
      Assignment assignment,
      StreamId stream,
      List<Detection> detections,
      List<RejectedRecord> letters,
      StreamProgress progress,
      boolean ended,
      Instant capturedUntil)
      implements SinkMessage {
    public Publish {
      detections = List.copyOf(detections);
      letters = List.copyOf(letters);
    }
  }

  /** Writes what is waiting, once; closes, answers, stops. */
  public record Stop(ActorRef<Stopped> replyTo) implements SinkMessage {}

  /** The sink is closed. */
  public enum Stopped {
    INSTANCE
  }

  private enum Due implements SinkMessage {
    COMMIT,
    RETRY
  }

  public sealed interface Event {}

  /** What waits has waited {@code forMillis}; the sink keeps trying. Repeated. */
  public record Unreachable(String servers, long forMillis) implements Event {}

  /** After {@link Unreachable}: results are written again. */
  public record Reachable(String servers) implements Event {}

  /** Writes transactions; {@link KafkaResults}, or a stand-in. */
  interface Results extends AutoCloseable {
    /**
     * @param offsets to be committed with the records, where delivery is exactly once
     * @throws NotWrittenException nothing was written, it may be tried again
     */
    void write(
        List<ProducerRecord<byte[], byte[]>> records,
        Map<TopicPartition, OffsetAndMetadata> offsets,
        SinkCore.Batch batch)
        throws NotWrittenException;

    @Override
    void close();
  }

  /**
   * What a sink is made with.
   *
   * @param events gets notice when the brokers cannot be reached
   * @param observer gets what is durable
   */
  public record Peers(ActorRef<Event> events, ActorRef<StreamDetector.Event> observer) {}

  private final TimerScheduler<SinkMessage> timers;
  private final SinkSettings settings;
  private final Peers peers;
  private final LongSupplier nanoTime;
  private final Clock clock;
  private final Results results;
  private final DetectionCodec codec = new DetectionCodec();
  private final SinkCore core = new SinkCore();
  private @Nullable ActorRef<KafkaSource.Command> source;
  private boolean commitQueued;
  private boolean bareLetters;
  private boolean stalled;
  private long failingSinceNanos = -1;
  private long reportedNanos;

  private DetectionSink(
      ActorContext<SinkMessage> context,
      TimerScheduler<SinkMessage> timers,
      SinkSettings settings,
      Peers peers,
      Results results,
      LongSupplier nanoTime,
      Clock clock) {
    super(context);
    this.timers = timers;
    this.settings = settings;
    this.peers = peers;
    this.results = results;
    this.nanoTime = nanoTime;
    this.clock = clock;
  }

  /** A sink that writes to Kafka. */
  public static Behavior<SinkMessage> create(SinkSettings settings, Peers peers) {
    return create(
        settings, peers, () -> KafkaResults.open(settings), System::nanoTime, Clock.systemUTC());
  }

  static Behavior<SinkMessage> create(
      SinkSettings settings,
      Peers peers,
      Supplier<Results> results,
      LongSupplier nanoTime,
      Clock clock) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new DetectionSink(
                        context, timers, settings, peers, results.get(), nanoTime, clock)));
  }

  @Override
  public Receive<SinkMessage> createReceive() {
    return newReceiveBuilder()
        .onMessage(Publish.class, m -> after(() -> core.publish(m)))
        .onMessage(SinkMessage.Begin.class, this::onBegin)
        .onMessage(SinkMessage.Positions.class, m -> after(() -> core.positions(m)))
        .onMessage(SinkMessage.Letter.class, m -> after(() -> core.letter(m)))
        .onMessage(SinkMessage.Forget.class, m -> after(() -> core.forget(m)))
        .onMessage(SinkMessage.Lost.class, m -> after(() -> core.lost(m.assignments())))
        .onMessage(SinkMessage.Release.class, this::onRelease)
        .onMessageEquals(Due.COMMIT, this::onCommitDue)
        .onMessageEquals(Due.RETRY, this::onCommitDue)
        .onMessage(Stop.class, this::onStop)
        .onSignal(PostStop.class, this::onPostStop)
        .build();
  }

  private Behavior<SinkMessage> onBegin(SinkMessage.Begin begin) {
    source = begin.source();
    core.begin(begin);
    return this;
  }

  /** Takes something in; what is urgent is written as soon as the mailbox has been looked at. */
  private Behavior<SinkMessage> after(Runnable taken) {
    taken.run();
    if (timers.isTimerActive(Due.RETRY)) {
      stall(core.size() > STALL_SIZE);
    } else if (core.urgent() && !commitQueued) {
      commitQueued = true;
      timers.cancel(Due.COMMIT);
      getContext().getSelf().tell(Due.COMMIT);
    } else if (!commitQueued && !timers.isTimerActive(Due.COMMIT)) {
      timers.startSingleTimer(Due.COMMIT, GATHER);
    }
    return this;
  }

  private Behavior<SinkMessage> onCommitDue() {
    commitQueued = false;
    if (!timers.isTimerActive(Due.RETRY)) {
      commit();
    }
    return this;
  }

  private Behavior<SinkMessage> onRelease(SinkMessage.Release release) {
    if (!release.done().isDone()) {
      commit();
    }
    core.lost(release.assignments());
    release.done().complete(null);
    return this;
  }

  /** Writes all that waits; true if nothing waits any more. */
  private boolean commit() {
    SinkCore.Batch batch = core.batch();
    if (batch.isEmpty()) {
      stall(false); // What waited may have left with its partitions.
      return true;
    }
    try {
      results.write(records(batch), offsets(batch), batch);
    } catch (NotWrittenException e) {
      notWritten(e);
      return false;
    }
    Instant durableAt = clock.instant();
    reachable();
    bareLetters = false;
    deliver(batch, durableAt);
    ActorRef<KafkaSource.Command> to = source;
    KafkaSource.Settled settled = core.written();
    if (to != null && !(settled.streams().isEmpty() && settled.letters().isEmpty())) {
      to.tell(settled);
    }
    stall(false);
    return true;
  }

  private List<ProducerRecord<byte[], byte[]>> records(SinkCore.Batch batch) {
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (RejectedRecord letter : batch.allLetters()) {
      records.add(
          DeadLetters.written(
              settings.deadLetters(), letter.record(), letter.rejection(), bareLetters));
    }
    // Before new progress of the same streams: of a topic that was made anew the old goes first.
    for (SinkMessage.Forget forget : batch.forgotten()) {
      records.add(progress(forget.assignment().partition(), forget.stream(), null));
    }
    for (SinkCore.Pending pending : batch.streams()) {
      for (Publish publish : pending.publishes()) {
        for (Detection d : publish.detections()) {
          records.add(codec.encode(settings.topic(), d));
        }
      }
      records.add(
          progress(
              pending.assignment().partition(), pending.stream(), pending.progress().toBytes()));
    }
    Map<Integer, SinkMessage.Letter> newest = new TreeMap<>();
    batch.letters().forEach(letter -> newest.put(letter.assignment().partition(), letter));
    newest.forEach((partition, letter) -> records.add(lettersThrough(partition, letter)));
    return records;
  }

  /** So that whoever reads the record again writes no second letter. */
  private ProducerRecord<byte[], byte[]> lettersThrough(int partition, SinkMessage.Letter newest) {
    long offset = newest.record().offset();
    StreamProgress progress =
        new StreamProgress(offset + 1, offset, newest.record().timestamp(), true, new byte[0]);
    return new ProducerRecord<>(
        settings.progress(),
        partition,
        ProgressTopic.lettersKey(settings.group()),
        progress.toBytes());
  }

  private ProducerRecord<byte[], byte[]> progress(
      int partition, StreamId stream, byte @Nullable [] value) {
    return new ProducerRecord<>(
        settings.progress(), partition, ProgressTopic.key(settings.group(), stream), value);
  }

  private Map<TopicPartition, OffsetAndMetadata> offsets(SinkCore.Batch batch) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    batch
        .offsets()
        .forEach(
            (assignment, at) ->
                offsets.put(
                    new TopicPartition(settings.chunks(), assignment.partition()),
                    new OffsetAndMetadata(at)));
    return offsets;
  }

  private void deliver(SinkCore.Batch batch, Instant durableAt) {
    for (SinkCore.Pending pending : batch.streams()) {
      for (Publish publish : pending.publishes()) {
        if (!publish.detections().isEmpty()) {
          peers
              .observer()
              .tell(
                  new StreamDetector.Delivered(
                      pending.stream(), publish.detections(), publish.capturedUntil(), durableAt));
        }
        if (publish.ended()) {
          peers.observer().tell(new StreamDetector.Finished(pending.stream()));
        }
      }
    }
  }

  private void notWritten(NotWrittenException e) {
    if (e.causedBy(RecordTooLargeException.class)) {
      if (bareLetters) {
        throw new DetectException(
            "a detection or progress is larger than its topic allows (max.message.bytes): "
                + e.getMessage());
      }
      bareLetters = true;
    }
    long now = nanoTime.getAsLong();
    if (failingSinceNanos < 0) {
      failingSinceNanos = now;
      reportedNanos = now;
      getContext().getLog().debug("Results not written yet: {}", e.getMessage());
    }
    if (now - reportedNanos >= settings.reportAfter().toNanos()) {
      reportedNanos = now;
      long millis = (now - failingSinceNanos) / 1_000_000L;
      getContext()
          .getLog()
          .debug("Results wait for {} for {} ms; retrying: {}", servers(), millis, e.getMessage());
      peers.events().tell(new Unreachable(servers(), millis));
    }
    timers.startSingleTimer(Due.RETRY, settings.retryDelay());
  }

  private String servers() {
    return settings.clients().servers();
  }

  private void reachable() {
    if (failingSinceNanos >= 0 && reportedNanos > failingSinceNanos) {
      peers.events().tell(new Reachable(servers()));
    }
    failingSinceNanos = -1;
  }

  private void stall(boolean now) {
    if (now != stalled && source != null) {
      stalled = now;
      Objects.requireNonNull(source, "source").tell(new KafkaSource.WritesStalled(now));
    }
  }

  private Behavior<SinkMessage> onStop(Stop stop) {
    if (!commit()) {
      getContext()
          .getLog()
          .warn("{} results are left unwritten; they are found again", core.size());
    }
    stop.replyTo().tell(Stopped.INSTANCE);
    return Behaviors.stopped();
  }

  private Behavior<SinkMessage> onPostStop(PostStop signal) {
    results.close();
    return this;
  }
}
