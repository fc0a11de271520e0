package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamReplay;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamMessage;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The streams of one partition of {@code audio.chunks}, of which some are followed. Pure. Records
 * of the others count, too: their times decide when a stream has fallen idle.
 */
final class PartitionReplay {
  private static final class Open {
    final StreamReplay replay;
    long logTimeMillis;
    boolean ended;

    Open(StreamReplay replay) {
      this.replay = replay;
    }
  }

  private final AudioChunkCodec codec;
  private final Predicate<AudioChunk> followed;
  private final Function<StreamId, StreamReplay> replays;
  private final long idleMillis;
  private final Map<StreamId, Open> open = new HashMap<>();
  private long newestMillis = Long.MIN_VALUE;

  PartitionReplay(
      AudioChunkCodec codec,
      Predicate<AudioChunk> followed,
      Function<StreamId, StreamReplay> replays,
      Duration idle) {
    this.codec = codec;
    this.followed = followed;
    this.replays = replays;
    this.idleMillis = idle.toMillis();
  }

  /**
   * The partition's next record.
   *
   * @return the chunk, if it is one of a stream that is followed
   */
  @Nullable AudioChunk accept(ConsumerRecord<byte[], byte[]> record, List<Detection> found) {
    AudioChunk given = null;
    AudioChunkCodec.Decoded decoded = codec.decode(record);
    newestMillis = Math.max(newestMillis, record.timestamp());
    if (decoded instanceof AudioChunkCodec.Chunk arrived && followed.test(arrived.chunk())) {
      given = arrived.chunk();
      Open stream = open.computeIfAbsent(given.stream(), id -> new Open(replays.apply(id)));
      give(stream, new StreamMessage.Chunk(0, given, record), record.timestamp(), found);
    } else if (decoded instanceof AudioChunkCodec.Rejected rejected && rejected.stream() != null) {
      Open stream = open.get(rejected.stream());
      if (stream != null) {
        StreamMessage.Rejected message =
            new StreamMessage.Rejected(
                0, record, rejected.sequence(), rejected.sampleOffset(), rejected.rejection());
        give(stream, message, record.timestamp(), found);
      }
    }
    for (Open stream : open.values()) {
      endIdle(stream, newestMillis, found);
    }
    return given;
  }

  private void give(
      Open stream, StreamMessage.FromSource message, long logTimeMillis, List<Detection> found) {
    if (stream.logTimeMillis > 0) {
      endIdle(stream, logTimeMillis, found);
    }
    stream.logTimeMillis = logTimeMillis;
    stream.ended = false;
    stream.replay.accept(message);
    found.addAll(stream.replay.take());
  }

  /** As the live source does: by the stream's own next record, or any other of the partition. */
  private void endIdle(Open stream, long nowMillis, List<Detection> found) {
    if (!stream.ended && nowMillis - stream.logTimeMillis > idleMillis) {
      stream.ended = true;
      stream.replay.accept(new StreamMessage.End(0));
      found.addAll(stream.replay.take());
    }
  }

  /** Scores what waits for company; streams stay open. */
  void flush(List<Detection> found) {
    for (Open stream : open.values()) {
      stream.replay.flush();
      found.addAll(stream.replay.take());
    }
  }

  /** The streams that are open now. */
  List<StreamReplay> open() {
    return open.values().stream().filter(o -> !o.ended).map(o -> o.replay).toList();
  }
}
