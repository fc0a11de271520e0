package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamReplay;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The streams of one partition of {@code audio.chunks}, of which some are followed. Pure. Records
 * of the others count, too: their times say when a stream has fallen idle.
 */
final class PartitionReplay {
  private static final class Open {
    final StreamReplay replay;
    long lastHeardMillis;

    Open(StreamReplay replay) {
      this.replay = replay;
    }
  }

  private final Assignment assignment;
  private final AudioChunkCodec codec;
  private final Predicate<AudioChunk> followed;
  private final Function<StreamId, StreamReplay> replays;
  private final long idleMillis;
  private final Map<StreamId, Open> open = new HashMap<>();
  private long newestMillis = Long.MIN_VALUE;

  PartitionReplay(
      int partition,
      AudioChunkCodec codec,
      Predicate<AudioChunk> followed,
      Function<StreamId, StreamReplay> replays,
      Duration idle) {
    this.assignment = new Assignment(partition, 0);
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
    AudioChunk heard = null;
    AudioChunkCodec.Decoded decoded = codec.decode(record);
    if (decoded instanceof AudioChunkCodec.Chunk arrived) {
      newestMillis = Math.max(newestMillis, record.timestamp());
      if (followed.test(arrived.chunk())) {
        heard = arrived.chunk();
        hear(heard, record.timestamp(), found);
      }
      endIdle(found);
    } else if (decoded instanceof AudioChunkCodec.Rejected rejected) {
      StreamId id = rejected.stream();
      Open stream = id == null ? null : open.get(id);
      if (stream != null) {
        stream.replay.refused(
            new StreamFeaturizer.Refused(
                assignment,
                record.offset(),
                rejected.sequence(),
                rejected.sampleOffset(),
                rejected.rejection()));
        found.addAll(stream.replay.take());
      }
    }
    return heard;
  }

  private void hear(AudioChunk chunk, long logTimeMillis, List<Detection> found) {
    Open stream = open.computeIfAbsent(chunk.stream(), id -> new Open(replays.apply(id)));
    stream.lastHeardMillis = logTimeMillis;
    stream.replay.accept(assignment, chunk);
    found.addAll(stream.replay.take());
  }

  private void endIdle(List<Detection> found) {
    for (Iterator<Open> all = open.values().iterator(); all.hasNext(); ) {
      Open stream = all.next();
      if (newestMillis - stream.lastHeardMillis > idleMillis) {
        stream.replay.end();
        found.addAll(stream.replay.take());
        all.remove();
      }
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
    return new ArrayList<>(open.values().stream().map(o -> o.replay).toList());
  }
}
