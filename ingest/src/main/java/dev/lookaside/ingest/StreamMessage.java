package dev.lookaside.ingest;

import akka.actor.typed.ActorRef;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * What the actor of one stream receives. {@link FromSource} comes from {@link KafkaSource}, the
 * parent of all streams; the module that decides what a stream's actor does adds its own.
 */
public interface StreamMessage {
  /**
   * In the order of the stream's records. {@link Chunk} and {@link Rejected} take one record of the
   * stream's room and give it back exactly once, with {@link KafkaSource.Credit}, also when they
   * are ignored because their {@code delivery} is not the newest.
   */
  sealed interface FromSource extends StreamMessage {}

  /**
   * A chunk.
   *
   * @param delivery counts the times that the stream asked to be given its records again
   * @param record the chunk's own record, for the dead letters; its value is the payload
   */
  record Chunk(long delivery, AudioChunk chunk, ConsumerRecord<byte[], byte[]> record)
      implements FromSource {
    public Chunk {
      Objects.requireNonNull(chunk, "chunk");
      Objects.requireNonNull(record, "record");
    }
  }

  /**
   * A record of the stream that is no chunk.
   *
   * @param sequence what it says, {@link AudioChunk#NOT_GIVEN} if nothing readable
   * @param sampleOffset what it says, {@link AudioChunk#NOT_GIVEN} if nothing readable
   */
  record Rejected(
      long delivery,
      ConsumerRecord<byte[], byte[]> record,
      long sequence,
      long sampleOffset,
      Rejection rejection)
      implements FromSource {
    public Rejected {
      Objects.requireNonNull(record, "record");
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /** The stream has fallen idle: it ends here. Its clock goes on if it comes back. */
  record End(long delivery) implements FromSource {}

  /**
   * No record follows: what has not begun is dropped, what is under way comes out, then {@code
   * source} gets {@link KafkaSource.StreamDrained}.
   */
  record Drain(ActorRef<KafkaSource.Command> source) implements FromSource {}
}
