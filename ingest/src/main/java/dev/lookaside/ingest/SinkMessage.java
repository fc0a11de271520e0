package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What the actor receives that makes results durable. {@link FromSource} comes from {@link
 * KafkaSource}; the module of that actor adds its own. It answers with {@link KafkaSource.Settled}.
 */
public interface SinkMessage {
  /** From the source, in its order. */
  sealed interface FromSource extends SinkMessage {}

  /**
   * These partitions are ours from now on.
   *
   * @param offsets per assignment where reading begins: to be committed until there is a later one
   * @param source gets {@link KafkaSource.Settled}
   */
  record Begin(
      Map<Assignment, Long> offsets,
      ConsumerGroupMetadata group,
      ActorRef<KafkaSource.Command> source)
      implements FromSource {
    public Begin {
      offsets = Map.copyOf(offsets);
      Objects.requireNonNull(group, "group");
    }
  }

  /**
   * What may be committed of each partition, as far as it has changed: no earlier record is needed.
   *
   * @param group who we are in the consumer group now
   */
  record Positions(Map<Assignment, Long> offsets, ConsumerGroupMetadata group)
      implements FromSource {
    public Positions {
      offsets = Map.copyOf(offsets);
      Objects.requireNonNull(group, "group");
    }
  }

  /**
   * These partitions are leaving: what is waiting for them is made durable, anything later is
   * dropped, then {@code done} is completed. If it is completed by somebody else before, they are
   * lost already.
   */
  record Release(Set<Assignment> assignments, CompletableFuture<Void> done) implements FromSource {
    public Release {
      assignments = Set.copyOf(assignments);
      Objects.requireNonNull(done, "done");
    }
  }

  /** Others own these partitions already: nothing of them may be written any more. */
  record Lost(Set<Assignment> assignments) implements FromSource {
    public Lost {
      assignments = Set.copyOf(assignments);
    }
  }

  /** A record of no readable stream, for the dead letters. */
  record Letter(Assignment assignment, ConsumerRecord<byte[], byte[]> record, Rejection rejection)
      implements FromSource {
    public Letter {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(record, "record");
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /** The progress of a stream that has long ended is not needed any more. */
  record Forget(Assignment assignment, StreamId stream) implements FromSource {
    public Forget {
      Objects.requireNonNull(assignment, "assignment");
      Objects.requireNonNull(stream, "stream");
    }
  }
}
