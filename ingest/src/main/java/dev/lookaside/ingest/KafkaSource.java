package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.DispatcherSelector;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code audio.chunks} and tells its listener what arrives. Sole owner of its KafkaConsumer
 * and of the thread that polls it: spawn it on {@link #dispatcher()}.
 *
 * <p>Each partition has room for a configured number of records and bytes under way downstream. A
 * chunk takes its share when it is sent to the listener and {@link Credit} gives it back; without
 * room the partition is paused, so memory is bounded whatever the lag. Offsets are committed when
 * {@link Settled} says that they are not needed any more, and a rejected record only when its dead
 * letter is durable. A crash makes some records arrive again and none be lost.
 *
 * <p>When no broker answers it keeps trying and says so once per interval; a fault that trying
 * again cannot mend is told as {@link Failed} and stops it.
 */
public final class KafkaSource {
  /** What the source is asked to do. */
  public sealed interface Command {}

  /**
   * Gives back room: {@code records} chunks with {@code bytes} of payload have been consumed. A new
   * assignment starts with the configured room, so each {@link Arrived} is given back exactly once.
   */
  public record Credit(Assignment assignment, int records, long bytes) implements Command {
    public Credit {
      Objects.requireNonNull(assignment, "assignment");
      if (records < 0 || bytes < 0) {
        throw new IngestException(
            "credit of " + records + " records, " + bytes + " bytes: must be 0 or more");
      }
    }
  }

  /**
   * Records of {@code stream} before {@code resumeOffset} need never be read again. {@link
   * Long#MAX_VALUE} settles all that this source has received so far, also what still waits in
   * mailboxes: whoever has not seen those says its last record offset plus one instead.
   */
  public record Settled(Assignment assignment, StreamId stream, long resumeOffset)
      implements Command {
    public Settled {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(stream, "stream");
    }
  }

  /** Sends {@code record} to the dead letters; its offset is held until the letter is durable. */
  public record Reject(
      Assignment assignment, ConsumerRecord<byte[], byte[]> record, Rejection rejection)
      implements Command {
    public Reject {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(record, "record");
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /** Commits what is settled, leaves the group, closes, answers, stops. */
  public record Stop(ActorRef<Stopped> replyTo) implements Command {
    public Stop {
      Objects.requireNonNull(replyTo, "replyTo");
    }
  }

  /** The source is closed; no event follows. */
  public enum Stopped {
    INSTANCE
  }

  /** What the source tells its listener. */
  public sealed interface Event {}

  /** These partitions are ours now. */
  public record Assigned(Set<Assignment> assignments) implements Event {
    public Assigned {
      assignments = Set.copyOf(assignments);
    }
  }

  /** These tenures are over: nothing more arrives for them and nothing said of them is heard. */
  public record Revoked(Set<Assignment> assignments) implements Event {
    public Revoked {
      assignments = Set.copyOf(assignments);
    }
  }

  /**
   * A chunk, in the order of its partition.
   *
   * @param record the chunk's own record, for {@link Reject}; its value is the chunk's payload
   */
  public record Arrived(
      Assignment assignment, AudioChunk chunk, ConsumerRecord<byte[], byte[]> record)
      implements Event {
    public Arrived {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(chunk, "chunk");
      Objects.requireNonNull(record, "record");
    }
  }

  /**
   * A record that is no chunk, already on its way to the dead letters; for the stream's accounting.
   * Takes no credit.
   *
   * @param stream whose it would have been, null if the key cannot be read
   * @param sequence what it said, {@link AudioChunk#NOT_GIVEN} if nothing readable
   * @param sampleOffset what it said, {@link AudioChunk#NOT_GIVEN} if nothing readable
   */
  public record Refused(
      Assignment assignment,
      @Nullable StreamId stream,
      long recordOffset,
      long sequence,
      long sampleOffset,
      Rejection rejection)
      implements Event {
    public Refused {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /** No broker has answered for {@code forMillis}; the source keeps trying. */
  public record Unreachable(String servers, long forMillis) implements Event {
    public Unreachable {
      Objects.requireNonNull(servers, "servers");
    }
  }

  /** Trying again will not help; the source has closed and stops. */
  public record Failed(String reason) implements Event {
    public Failed {
      Objects.requireNonNull(reason, "reason");
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

  /** Time to commit, to look after late letters and to see whether brokers answer. */
  enum TickDue implements Command {
    INSTANCE
  }

  enum LettersAnswered implements Command {
    INSTANCE
  }

  private KafkaSource() {}

  /** The pinned dispatcher this actor must run on: polling blocks. */
  public static DispatcherSelector dispatcher() {
    return DispatcherSelector.fromConfig("lookaside.ingest.kafka-dispatcher");
  }

  /**
   * A source for the group that the settings name. It makes or checks the topics before it reads.
   *
   * @param listener gets every event, in order
   */
  public static Behavior<Command> create(IngestSettings settings, ActorRef<Event> listener) {
    return SourceActor.create(
        settings, listener, SourceClients.of(settings), () -> System.nanoTime() / 1_000_000);
  }
}
