package dev.lookaside.featurizer;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.PreRestart;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Turns one stream's chunks into mel windows, against demand. Sole owner of the stream's samples.
 */
public final class StreamFeaturizer extends AbstractBehavior<StreamFeaturizer.Command> {
  /** What a featurizer is asked to do. */
  public sealed interface Command {}

  /**
   * A chunk of this stream, in the order of its partition. Its credit goes back to the source
   * exactly once: when it is consumed, or when the featurizer stops.
   *
   * @param record the chunk's own record, for the dead letters
   */
  public record Accept(
      Assignment assignment, AudioChunk chunk, ConsumerRecord<byte[], byte[]> record)
      implements Command {}

  /**
   * A record of this stream that the source itself refused; only for the accounting.
   *
   * @param sequence as in {@link AudioChunk}
   * @param sampleOffset as in {@link AudioChunk}
   */
  public record Refused(
      Assignment assignment,
      long recordOffset,
      long sequence,
      long sampleOffset,
      Rejection rejection)
      implements Command {}

  /**
   * Room for {@code windows} more windows at the detector. Each {@link WindowReady} and each {@link
   * WindowSkipped} uses up one; the other events come without demand.
   */
  public record Demand(int windows) implements Command {
    public Demand {
      if (windows < 1) {
        throw new IllegalArgumentException("windows \"%d\": must be 1 or more".formatted(windows));
      }
    }
  }

  /**
   * No more will come (the stream fell idle): ends the stream as its last chunk would, after what
   * is queued, tells {@link Ended} and stops. A featurizer of a revoked partition is stopped by its
   * parent instead.
   */
  public enum End implements Command {
    INSTANCE
  }

  /** What the detector is told, in the stream's order. */
  public sealed interface Event {
    /** True if it uses up one of the demand. */
    default boolean usesRoom() {
      return false;
    }
  }

  /** To be scored. */
  public record WindowReady(MelWindow window) implements Event {
    @Override
    public boolean usesRoom() {
      return true;
    }
  }

  /** Below the silence gate's level: complete, but not to be scored. */
  public record WindowSkipped(MelWindow window) implements Event {
    @Override
    public boolean usesRoom() {
      return true;
    }
  }

  /** Why samples are missing. */
  public enum Cause {
    /** Never received. */
    GAP,
    /** Received, and sent to the dead letters. */
    REJECTED
  }

  /**
   * Samples that will not be heard. Comes after the segment before it has ended.
   *
   * @param span native samples on the stream's clock
   * @param from capture time where it begins
   * @param until capture time where it ends
   * @param recordOffset the record after it
   */
  public record Gap(
      StreamId stream,
      Instant epoch,
      SampleSpan span,
      int rateHz,
      Instant from,
      Instant until,
      Cause cause,
      Assignment assignment,
      long recordOffset)
      implements Event {}

  /**
   * A run of samples without a gap is over and all its windows were told.
   *
   * @param span its native samples on the stream's clock
   * @param unheardSamples samples of it that were in no window
   * @param lastRecordOffset record that holds its last sample; a replay comes upon what follows, a
   *     gap say, only if it begins there or before
   */
  public record SegmentEnded(
      StreamId stream,
      Instant epoch,
      SampleSpan span,
      int rateHz,
      long unheardSamples,
      Assignment assignment,
      long lastRecordOffset)
      implements Event {}

  /**
   * The stream has ended (last chunk, a new start, or {@link End}) and every sample of it is
   * accounted for.
   *
   * @param lastRecordOffset last record of it that this featurizer has seen; all up to it can be
   *     settled
   * @param stopping true after {@link End}: this is the featurizer's last event
   */
  public record Ended(
      StreamId stream, Assignment assignment, long lastRecordOffset, boolean stopping)
      implements Event {}

  /**
   * What changed in the accounting; deltas, to be added up.
   *
   * @param rateHz native rate of the samples in {@code delta}
   */
  public record Counted(StreamId stream, int rateHz, Counts delta) implements Event {}

  private final ActorRef<KafkaSource.Command> source;
  private final ActorRef<Event> detector;
  private final StreamTrack track;

  /** Not begun yet; bounded by the source's credit. */
  private final Deque<Command> queue = new ArrayDeque<>();

  /** Begun, its credit not yet given back. */
  private @Nullable Accept current;

  private long room;
  private boolean ending;

  private StreamFeaturizer(
      ActorContext<Command> context,
      StreamTrack track,
      ActorRef<KafkaSource.Command> source,
      ActorRef<Event> detector) {
    super(context);
    this.track = track;
    this.source = source;
    this.detector = detector;
  }

  /**
   * A featurizer that waits for chunks and demand.
   *
   * @param decoder shared by all streams
   * @param source gets credit for consumed chunks, and what cannot be decoded or placed
   * @param detector gets all events
   */
  public static Behavior<Command> create(
      StreamId stream,
      FeaturizerSettings settings,
      FeatureSpec spec,
      AudioDecoder decoder,
      ActorRef<KafkaSource.Command> source,
      ActorRef<Event> detector) {
    double gateDbfs = settings.silenceBelowDbfs(stream);
    return Behaviors.setup(
        context ->
            new StreamFeaturizer(
                context, new StreamTrack(stream, spec, gateDbfs, decoder), source, detector));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Accept.class, this::onQueued)
        .onMessage(Refused.class, this::onQueued)
        .onMessage(Demand.class, this::onDemand)
        .onMessageEquals(End.INSTANCE, () -> onQueued(End.INSTANCE))
        .onSignal(PreRestart.class, signal -> onGone())
        .onSignal(PostStop.class, signal -> onGone())
        .build();
  }

  private Behavior<Command> onQueued(Command command) {
    queue.add(command);
    return work();
  }

  private Behavior<Command> onDemand(Demand demand) {
    room += demand.windows();
    return work();
  }

  /** Nothing queued will be heard by this featurizer; its room is free again. */
  private Behavior<Command> onGone() {
    giveBackCurrent();
    for (Command command : queue) {
      if (command instanceof Accept accept) {
        giveBack(accept);
      }
    }
    queue.clear();
    return this;
  }

  private Behavior<Command> work() {
    while (true) {
      for (Event event = track.next(room > 0); event != null; event = track.next(room > 0)) {
        room -= event.usesRoom() ? 1 : 0;
        detector.tell(event);
      }
      if (track.busy()) {
        return this; // A window waits for demand.
      }
      giveBackCurrent();
      if (ending) {
        return Behaviors.stopped();
      }
      Command next = queue.poll();
      if (next == null) {
        return this;
      }
      begin(next);
    }
  }

  private void begin(Command command) {
    if (command instanceof Accept accept) {
      current = accept;
      Rejection rejection = track.accept(accept.assignment(), accept.chunk());
      if (rejection != null) {
        source.tell(new KafkaSource.Reject(accept.assignment(), accept.record(), rejection));
      }
    } else if (command instanceof Refused refused) {
      track.refused(refused);
    } else {
      ending = true;
      track.end();
    }
  }

  private void giveBackCurrent() {
    if (current != null) {
      giveBack(current);
      current = null;
    }
  }

  private void giveBack(Accept accept) {
    source.tell(new KafkaSource.Credit(accept.assignment(), 1, accept.chunk().payload().length));
  }
}
