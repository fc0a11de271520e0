package dev.lookaside.classifier.detect;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.featurizer.Counts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The actor of one stream: records in, detections and progress out. Owns the stream's samples, the
 * order of its windows and its open events. A window is asked for once; the classifier answers it
 * whenever it can.
 *
 * <p>A failure is the stream's own: it begins again from what it last published, after a pause, and
 * is given its records again. A record on which it fails {@value #FAILURES_MAX} times goes to the
 * dead letters, and the stream goes on without it.
 */
public final class StreamDetector extends AbstractBehavior<StreamMessage> {
  private static final Logger LOG = LoggerFactory.getLogger(StreamDetector.class);

  /** Failures on one record after which the stream goes on without it. */
  static final int FAILURES_MAX = 3;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  private record Answered(GpuClassifier.Reply reply) implements StreamMessage {}

  private enum Due implements StreamMessage {
    PROGRESS,
    RESTART
  }

  /** What became of a window. */
  public enum Outcome {
    SCORED,
    /** Kept back by the silence gate; counts as zeros. */
    SKIPPED,
    /** Not scored for want of time or of a working scorer. */
    SHED
  }

  /** Events for the observer. Nothing depends on anyone listening. */
  public sealed interface Event {
    StreamId stream();
  }

  /**
   * A window is done with; in order. After a failure or a crash windows that were not committed
   * come again.
   *
   * @param posteriors row-major {@code [columns][labels]}, read only; null unless scored
   * @param adapter in force for it; null if that is not known
   * @param captureTime of the window's start
   * @param capturedUntil capture time of the window's end
   * @param samples the window's share of the stream's native samples; shares add up
   */
  @SuppressWarnings("ArrayRecordComponent") // Never written again; copies per window are waste.
  public record Windowed(
      StreamId stream,
      Instant epoch,
      long index,
      Outcome outcome,
      float @Nullable [] posteriors,
      @Nullable AdapterFacts adapter,
      Instant captureTime,
      Instant capturedUntil,
      long samples,
      int rateHz)
      implements Event {}

  /** Accounting besides that of windows: deltas in native samples. */
  public record Counted(StreamId stream, int rateHz, Counts delta) implements Event {}

  /**
   * Detections are durable.
   *
   * @param capturedUntil capture time of the newest audio needed to decide them
   * @param durableAt when that was known, wall clock
   */
  public record Delivered(
      StreamId stream, List<Detection> detections, Instant capturedUntil, Instant durableAt)
      implements Event {
    public Delivered {
      detections = List.copyOf(detections);
    }
  }

  /**
   * The sender's clock differs from the broker's.
   *
   * @param ahead by how much; negative if it is behind, zero if it is right again
   */
  public record ClockOff(StreamId stream, Duration ahead) implements Event {}

  /** The stream begins again from what it last published, because of what happened at a record. */
  public record Restarted(StreamId stream, long recordOffset, String reason) implements Event {}

  /** A record went to the dead letters because the stream failed on it again and again. */
  public record Quarantined(StreamId stream, long recordOffset, String reason) implements Event {}

  /** The stream has ended, by its last chunk or by silence, and all until there is durable. */
  public record Finished(StreamId stream) implements Event {}

  /**
   * Whom a detector talks to.
   *
   * @param observer gets every {@link Event} but the sink's
   * @param nowMillis wall clock, milliseconds since 1970
   */
  public record Peers(
      ActorRef<GpuClassifier.Command> classifier,
      ActorRef<SinkMessage> sink,
      ActorRef<KafkaSource.Command> source,
      ActorRef<Event> observer,
      LongSupplier nowMillis) {}

  private final TimerScheduler<StreamMessage> timers;
  private final Assignment assignment;
  private final StreamCore.Parts parts;
  private final Peers peers;
  private final ActorRef<GpuClassifier.Reply> answers;
  private final Outbox outbox = new Outbox();
  private final TreeMap<Long, Integer> failures = new TreeMap<>();
  private final Set<Long> newPoison = new TreeSet<>();
  private long firstOffset;
  private @Nullable StreamProgress published;
  private @Nullable StreamCore core;
  private @Nullable ActorRef<KafkaSource.Command> drainTo;
  private long delivery;
  private long nextTicket;

  private StreamDetector(
      ActorContext<StreamMessage> context,
      TimerScheduler<StreamMessage> timers,
      Assignment assignment,
      StreamCore.Parts parts,
      Peers peers,
      @Nullable StreamProgress progress,
      long firstOffset) {
    super(context);
    this.timers = timers;
    this.assignment = assignment;
    this.parts = parts;
    this.peers = peers;
    this.published = progress;
    this.firstOffset = firstOffset;
    this.answers = context.messageAdapter(GpuClassifier.Reply.class, Answered::new);
    this.core = newCore();
  }

  /**
   * The actor of a stream.
   *
   * @param maxClockAhead see {@link StreamCore.Parts}
   * @param tracks makes the stream's track; decides front end, silence gate and decoder
   * @param progress where the stream goes on; null if nothing is known of it
   * @param firstOffset without progress: its first record
   */
  public static Behavior<StreamMessage> create(
      Assignment assignment,
      StreamId stream,
      DetectorModel model,
      DetectSettings settings,
      Duration maxClockAhead,
      StreamTrack.Factory tracks,
      Peers peers,
      @Nullable StreamProgress progress,
      long firstOffset) {
    StreamCore.Parts parts =
        new StreamCore.Parts(
            stream,
            assignment.partition(),
            model,
            settings,
            maxClockAhead,
            state -> tracks.create(stream, state));
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new StreamDetector(
                        context, timers, assignment, parts, peers, progress, firstOffset)));
  }

  @Override
  public Receive<StreamMessage> createReceive() {
    return newReceiveBuilder()
        .onMessage(StreamMessage.Chunk.class, m -> onRecord(m, m.delivery()))
        .onMessage(StreamMessage.Rejected.class, m -> onRecord(m, m.delivery()))
        .onMessage(StreamMessage.End.class, m -> onRecord(m, m.delivery()))
        .onMessage(StreamMessage.Drain.class, this::onDrain)
        .onMessage(Answered.class, this::onAnswered)
        .onMessageEquals(Due.PROGRESS, () -> with(StreamCore::publishProgress))
        .onMessageEquals(Due.RESTART, this::onRestart)
        .onSignal(PostStop.class, stopped -> onStopped())
        .build();
  }

  private Behavior<StreamMessage> onRecord(StreamMessage.FromSource message, long itsDelivery) {
    if (core == null || itsDelivery != delivery) {
      // Given before the stream failed; it comes again.
      giveBack(message);
      return this;
    }
    return with(c -> c.accept(message));
  }

  private Behavior<StreamMessage> onAnswered(Answered answered) {
    GpuClassifier.Reply reply = answered.reply();
    return with(
        c -> {
          if (reply instanceof GpuClassifier.Scored scored) {
            c.scored(scored.ticket(), scored.posteriors(), scored.adapter());
          } else if (reply instanceof GpuClassifier.Resolved resolved) {
            c.resolved(resolved.ticket(), resolved.adapter());
          } else if (reply instanceof GpuClassifier.Unscored unscored) {
            c.unscored(unscored.ticket(), unscored.reason());
          }
        });
  }

  private Behavior<StreamMessage> onDrain(StreamMessage.Drain drain) {
    drainTo = drain.source();
    timers.cancel(Due.RESTART);
    StreamCore open = core;
    if (open == null) {
      return drained();
    }
    open.unconsumed().forEach(this::giveBack);
    return with(StreamCore::drain);
  }

  private Behavior<StreamMessage> drained() {
    ActorRef<KafkaSource.Command> to = drainTo;
    if (to != null) {
      to.tell(new KafkaSource.StreamDrained(assignment, parts.stream()));
      drainTo = null;
    }
    return this;
  }

  /** Does {@code work} with the core; what it throws is this stream's failure. */
  private Behavior<StreamMessage> with(Consumer<StreamCore> work) {
    StreamCore open = core;
    if (open == null) {
      return this;
    }
    try {
      work.accept(open);
      if (open.drained()) {
        open.publishProgress();
        return drained();
      }
    } catch (RuntimeException e) {
      failed(open, e);
      return this;
    }
    if (open.unpublished() && !timers.isTimerActive(Due.PROGRESS)) {
      timers.startSingleTimer(Due.PROGRESS, parts.settings().progressInterval());
    }
    return this;
  }

  private void failed(StreamCore failed, RuntimeException e) {
    long offset = failed.currentOffset();
    int times = failures.merge(offset, 1, Integer::sum);
    String reason = e.getClass().getSimpleName() + ": " + e.getMessage();
    LOG.warn(
        "Stream \"{}\" failed at record {} of partition {}, {} of {} times; it restarts from its"
            + " last committed progress",
        parts.stream(),
        offset,
        parts.partition(),
        times,
        FAILURES_MAX,
        e);
    if (times >= FAILURES_MAX) {
      newPoison.add(offset);
      failures.remove(offset);
      peers.observer().tell(new Quarantined(parts.stream(), offset, reason));
    } else {
      peers.observer().tell(new Restarted(parts.stream(), offset, reason));
    }
    nextTicket = failed.nextTicket();
    peers.classifier().tell(new GpuClassifier.Withdraw(answers));
    failed.unconsumed().forEach(this::giveBack);
    core = null;
    timers.cancel(Due.PROGRESS);
    if (drainTo != null) {
      drained();
    } else {
      timers.startSingleTimer(Due.RESTART, FIRST_PAUSE.multipliedBy(1L << (2 * (times - 1))));
    }
  }

  private Behavior<StreamMessage> onRestart() {
    delivery++;
    core = newCore();
    peers
        .source()
        .tell(new KafkaSource.Rewind(assignment, parts.stream(), published, firstOffset, delivery));
    return this;
  }

  private StreamCore newCore() {
    try {
      return new StreamCore(parts, outbox, published, firstOffset, nextTicket, newPoison);
    } catch (RuntimeException e) {
      StreamProgress lost = published;
      if (lost == null) {
        throw e;
      }
      LOG.warn(
          "Stream \"{}\": its progress cannot be used ({}); it begins anew with record {} of"
              + " partition {}, open events will have no end",
          parts.stream(),
          e.getMessage(),
          lost.throughOffset() + 1,
          parts.partition());
      peers
          .observer()
          .tell(
              new Restarted(
                  parts.stream(), lost.throughOffset(), "progress unusable: " + e.getMessage()));
      published = null;
      firstOffset = lost.throughOffset() + 1;
      return new StreamCore(parts, outbox, null, firstOffset, nextTicket, newPoison);
    }
  }

  private void giveBack(StreamMessage.FromSource message) {
    if (message instanceof StreamMessage.Chunk chunk) {
      outbox.credit(1, StreamCore.bytes(chunk.record()));
    } else if (message instanceof StreamMessage.Rejected rejected) {
      outbox.credit(1, StreamCore.bytes(rejected.record()));
    }
  }

  private Behavior<StreamMessage> onStopped() {
    peers.classifier().tell(new GpuClassifier.Withdraw(answers));
    return this;
  }

  private final class Outbox implements StreamCore.Outbox {
    @Override
    public void score(long ticket, MelWindow window, Instant at) {
      peers.classifier().tell(new GpuClassifier.Score(ticket, window, at, answers));
    }

    @Override
    public void resolve(long ticket, Instant at) {
      peers.classifier().tell(new GpuClassifier.Resolve(parts.stream(), ticket, at, answers));
    }

    @Override
    public void credit(int records, long bytes) {
      peers.source().tell(new KafkaSource.Credit(assignment, parts.stream(), records, bytes));
    }

    @Override
    public void publish(
        List<Detection> detections,
        List<DetectionSink.RejectedRecord> letters,
        StreamProgress progress,
        boolean ended,
        Instant capturedUntil) {
      published = progress;
      failures.headMap(progress.resumeOffset()).clear();
      newPoison.removeIf(
          offset -> letters.stream().anyMatch(letter -> letter.record().offset() == offset));
      peers
          .sink()
          .tell(
              new DetectionSink.Publish(
                  assignment, parts.stream(), detections, letters, progress, ended, capturedUntil));
    }

    @Override
    public void observe(Event event) {
      peers.observer().tell(event);
    }

    @Override
    public long nowMillis() {
      return peers.nowMillis().getAsLong();
    }
  }
}
