package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code audio.chunks}, makes an actor for every stream and gives it its records. Sole owner
 * of its consumers and of the thread that polls them: spawn it on {@link #dispatcher()}.
 *
 * <p>The way of a chunk has six mailboxes:
 *
 * <pre>
 *   KafkaSource --Chunk--> stream --Score--> classifier --Run--> scorer's thread --Scored--> stream
 *               --Publish--> sink --Settled--> KafkaSource
 * </pre>
 *
 * <p>Each stream has room for a configured number of records and bytes; {@link Credit} gives room
 * back. A stream without room is <em>parked</em>: the partition goes on for the others, and the
 * parked stream's records are read again, by a second consumer, when it has room. So one stream
 * that is slow, held, failing or far behind costs its neighbours that second reading and nothing
 * else. Where all streams of a partition are parked, it is read ahead by a bounded number of bytes
 * and then paused.
 *
 * <p>Where a stream goes on is read from {@code lookaside.progress} when its partition is assigned.
 * The committed offset of a partition is only where reading begins: it never passes a record that a
 * stream still needs.
 *
 * <p>When no broker answers it keeps trying and reports that once per interval; a fault that does
 * not pass ends the actor with an {@link IngestException} that says why.
 */
public final class KafkaSource {
  /** What the source is asked to do. */
  public sealed interface Command {}

  /**
   * Gives back capacity of one stream: {@code records} records with {@code bytes} of payload have
   * been consumed.
   */
  public record Credit(Assignment assignment, StreamId stream, int records, long bytes)
      implements Command {
    public Credit {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(stream, "stream");
      if (records < 0 || bytes < 0) {
        throw new IngestException(
            "credit of " + records + " records, " + bytes + " bytes: must be 0 or more");
      }
    }
  }

  /**
   * The stream has lost its state and goes on from {@code progress}: its records from there on are
   * given again, with {@code delivery} as number, and ended again where they were.
   *
   * @param progress null if it begins anew
   * @param firstOffset without progress: the first record it is given
   */
  public record Rewind(
      Assignment assignment,
      StreamId stream,
      @Nullable StreamProgress progress,
      long firstOffset,
      long delivery)
      implements Command {
    public Rewind {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(stream, "stream");
    }

    /** The first record it is given. */
    public long fromOffset() {
      return progress == null ? firstOffset : progress.resumeOffset();
    }
  }

  /**
   * Results that are durable.
   *
   * @param streams progress of streams
   * @param letters offsets of records without a stream whose dead letters are written
   */
  public record Settled(List<Progressed> streams, List<WrittenLetter> letters) implements Command {
    public Settled {
      streams = List.copyOf(streams);
      letters = List.copyOf(letters);
    }
  }

  /** Progress of one stream, durable. */
  public record Progressed(Assignment assignment, StreamId stream, StreamProgress progress) {}

  /** A letter of {@link SinkMessage.Letter}, durable. */
  public record WrittenLetter(Assignment assignment, long recordOffset) {}

  /** Results cannot be written now, or can again: no record is read meanwhile. */
  public record WritesStalled(boolean stalled) implements Command {}

  /** The answer to {@link StreamMessage.Drain}. */
  public record StreamDrained(Assignment assignment, StreamId stream) implements Command {}

  /** Reads no further and drains all streams; {@code replyTo} gets {@link Drained}. */
  public record Drain(ActorRef<Drained> replyTo) implements Command {
    public Drain {
      Objects.requireNonNull(replyTo, "replyTo");
    }
  }

  /** Commits what is settled, leaves the group, closes, answers, stops. */
  public record Stop(ActorRef<Stopped> replyTo) implements Command {
    public Stop {
      Objects.requireNonNull(replyTo, "replyTo");
    }
  }

  /** Nothing is under way in any stream. */
  public enum Drained {
    INSTANCE
  }

  /** The source is closed; no event follows. */
  public enum Stopped {
    INSTANCE
  }

  /** Events for the observer. Nothing depends on anyone listening. */
  public sealed interface Event {}

  /** These partitions are ours now. */
  public record Assigned(Set<Assignment> assignments) implements Event {
    public Assigned {
      assignments = Set.copyOf(assignments);
    }
  }

  /** These assignments are over. */
  public record Revoked(Set<Assignment> assignments) implements Event {
    public Revoked {
      assignments = Set.copyOf(assignments);
    }
  }

  /** Chunks were given to streams; deltas. */
  public record Delivered(int chunks, long bytes) implements Event {}

  /** Records of no readable stream were rejected. */
  public record Discarded(Rejection rejection) implements Event {
    public Discarded {
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /**
   * Records {@code [fromOffset, untilOffset)} were deleted before they were read. What they held
   * counts as gap of the streams that go on after it.
   */
  public record Deleted(Assignment assignment, long fromOffset, long untilOffset)
      implements Event {}

  /**
   * How many streams there are; sent when it has changed.
   *
   * @param open with an actor
   * @param parked of these, without room while records of theirs wait on Kafka
   */
  public record StreamCount(int open, int parked) implements Event {}

  /** All that this source had given to this stream is durable and the stream has ended. */
  public record StreamClosed(StreamId stream) implements Event {}

  /** No broker has answered for {@code forMillis}; the source keeps trying. */
  public record Unreachable(String servers, long forMillis) implements Event {
    public Unreachable {
      Objects.requireNonNull(servers, "servers");
    }
  }

  /** After {@link Unreachable}, of a source that had brokers before: they answer again. */
  public record Reachable(String servers) implements Event {
    public Reachable {
      Objects.requireNonNull(servers, "servers");
    }
  }

  /**
   * The group has a member of this static name: another worker that was given the same, or this one
   * before a crash, until its session is over. The source tries again until there is a place.
   */
  public record StaticMemberInUse(String group, String instance, long forMillis) implements Event {
    public StaticMemberInUse {
      Objects.requireNonNull(group, "group");
      Objects.requireNonNull(instance, "instance");
    }
  }

  /**
   * Another process is the group's member of this static name now. This one must not begin again:
   * it would take the place back, and so on.
   */
  public static final class SupersededException extends IngestException {
    private static final long serialVersionUID = 1;

    SupersededException(String group, String instance) {
      super(
          "source.instance \"%s\": another process has joined group %s by this name; each worker must have its own"
              .formatted(instance, group));
    }
  }

  /** Time to look for the topics, or to try again. */
  enum ConnectDue implements Command {
    INSTANCE
  }

  /** The topics are there, or {@code fault} says why not. */
  record TopicsChecked(@Nullable Throwable fault) implements Command {}

  enum PollDue implements Command {
    INSTANCE
  }

  /** Time to commit and to see whether brokers answer. */
  enum TickDue implements Command {
    INSTANCE
  }

  /** Makes the behavior of a stream's actor. */
  public interface StreamFactory {
    /**
     * @param progress where the stream goes on; null if nothing is known of it
     * @param firstOffset its first record that the actor will be given
     */
    Behavior<StreamMessage> create(
        Assignment assignment,
        StreamId stream,
        @Nullable StreamProgress progress,
        long firstOffset,
        ActorRef<Command> source);
  }

  private KafkaSource() {}

  /** The pinned dispatcher this actor must run on: polling blocks. */
  public static DispatcherSelector dispatcher() {
    return DispatcherSelector.fromConfig(IngestSettings.PINNED_DISPATCHER);
  }

  /**
   * A source for the group that the settings name. It makes or checks the topics before it reads.
   *
   * @param idle a stream ends when its partition's append time has moved on by this much without a
   *     record of it
   * @param observer gets every event, in order
   */
  public static Behavior<Command> create(
      IngestSettings settings,
      Duration idle,
      StreamFactory streams,
      ActorRef<SinkMessage> sink,
      ActorRef<Event> observer) {
    return SourceActor.create(
        settings,
        idle,
        streams,
        sink,
        observer,
        SourceClients.of(settings),
        () -> System.nanoTime() / 1_000_000);
  }
}
