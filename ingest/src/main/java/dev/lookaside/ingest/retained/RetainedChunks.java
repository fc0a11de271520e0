package dev.lookaside.ingest.retained;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.RetainedSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Range;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Finds and walks the chunks of a stream. For one thread; each call ends within its timeout.
 *
 * <p>The search begins where the records' own times say, some margin earlier. Those times need not
 * follow the capture times, though (a file may be sent faster than it sounds, or days later), so
 * where that finds nothing the offsets are halved by the capture times of the stream's own chunks.
 * First looked at is the partition that Kafka's default partitioner gives the stream, then all
 * others: producers differ.
 */
public final class RetainedChunks implements AutoCloseable {
  /** Fewer records than this are looked through faster than halved. */
  private static final int FEW_RECORDS = 500;

  private final TopicReader log;
  private final AudioChunkCodec codec;
  private final RetainedSettings settings;

  /** Looks at one chunk of the stream, or what is none; says whether to go on. */
  public interface Visitor {
    boolean visit(ConsumerRecord<byte[], byte[]> record, AudioChunkCodec.Decoded decoded);
  }

  /**
   * What a partition has of a stretch.
   *
   * @param near false if the stream's last chunk here is far from the stretch
   */
  private record Looked(Place place, boolean near) {}

  /** What a partition was found to hold of a stream: its chunks around a capture time. */
  private record Around(@Nullable AudioChunk before, @Nullable AudioChunk after) {}

  /**
   * @param log of {@code audio.chunks}, seeking; owned
   */
  RetainedChunks(TopicReader log, AudioChunkCodec codec, RetainedSettings settings) {
    this.log = log;
    this.codec = codec;
    this.settings = settings;
  }

  /** Connects at the first call. */
  public static RetainedChunks open(IngestSettings settings) {
    return new RetainedChunks(
        TopicReader.seeking(settings.clients(), "retained", settings.topics().chunks().name()),
        settings.codec(),
        settings.retained());
  }

  /**
   * Where the chunks of {@code [from, until)} lie.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers or the search does
   *     not end within the timeout
   * @throws dev.lookaside.ingest.kafka.BrokerException if the topic is not there
   */
  public Place find(StreamId stream, Instant from, Instant until, Duration timeout) {
    log.within(timeout);
    byte[] key = stream.value().getBytes(UTF_8);
    Place.Found old = null;
    Place.Missing best = new Place.Missing(Cause.UNKNOWN_STREAM, Optional.empty());
    for (int partition : order(key)) {
      boolean known = old != null || best.cause() != Cause.UNKNOWN_STREAM;
      Looked looked = look(key, partition, from, until, !known);
      if (looked.place() instanceof Place.Found found) {
        if (looked.near()) {
          return found;
        }
        // A stream that moved: what is here ended long before.
        old = old == null ? found : old;
      } else if (looked.place() instanceof Place.Missing missing && !known) {
        best = missing;
      }
    }
    if (old != null) {
      return old;
    }
    return best;
  }

  /**
   * Shows the stream's records from a place on. It ends where the log ended when the place was
   * found, or where the stream is silent among records written {@code max-late-millis} after {@code
   * until}.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers or it does not end
   *     within the timeout
   */
  public void walk(
      StreamId stream, Place.Found place, Instant until, Duration timeout, Visitor visitor) {
    log.within(timeout);
    byte[] key = stream.value().getBytes(UTF_8);
    Patience patience =
        new Patience(until.toEpochMilli() + settings.maxLateMillis(), settings.maxLateMillis());
    log.scan(
        place.partition(),
        place.recordOffset(),
        place.endOffset(),
        record -> {
          if (!Arrays.equals(key, record.key())) {
            return patience.lasts(record);
          }
          patience.renew(record);
          return visitor.visit(record, codec.decode(record));
        });
  }

  /** How far among other streams' records the next one of this stream is looked for. */
  private static final class Patience {
    private final long lateMillis;
    private long lastTimeMillis;

    Patience(long lastTimeMillis, long lateMillis) {
      this.lastTimeMillis = lastTimeMillis;
      this.lateMillis = lateMillis;
    }

    boolean lasts(ConsumerRecord<byte[], byte[]> other) {
      return other.timestamp() <= lastTimeMillis;
    }

    void renew(ConsumerRecord<byte[], byte[]> own) {
      lastTimeMillis = Math.max(lastTimeMillis, own.timestamp() + lateMillis);
    }
  }

  /** The usual partition first. */
  private List<Integer> order(byte[] key) {
    int usual = log.partitionOf(key);
    int partitions = log.partitions();
    List<Integer> order = new ArrayList<>(List.of(usual));
    for (int p = 0; p < partitions; p++) {
      if (p != usual) {
        order.add(p);
      }
    }
    return order;
  }

  private Looked look(byte[] key, int partition, Instant from, Instant until, boolean thoroughly) {
    Range range = log.range(partition);
    long start =
        log.offsetAt(partition, from.toEpochMilli() - settings.marginMillis(), range.end());
    long last = until.toEpochMilli() + settings.maxLateMillis();
    Around around = around(key, partition, Math.max(start, range.begin()), range.end(), from, last);
    if (around.before() == null && (thoroughly || around.after() != null)) {
      AudioChunk after = around.after();
      long below = after == null ? range.end() : after.recordOffset();
      Around thorough = halve(key, partition, range.begin(), below, from);
      around = new Around(thorough.before(), after == null ? thorough.after() : after);
    }
    AudioChunk before = around.before();
    boolean near =
        around.after() != null
            || before == null
            || Duration.between(before.captureTime(), from).toMillis() <= settings.maxLateMillis();
    return new Looked(place(partition, range, around, from, until), near);
  }

  /**
   * Looks through records for the stream's last chunk that starts at or before {@code from} and its
   * first one that starts later.
   *
   * @param lastTimeMillis a record written later ends the search, unless a chunk of the stream was
   *     written shortly before
   */
  private Around around(
      byte[] key, int partition, long begin, long end, Instant from, long lastTimeMillis) {
    AudioChunk[] found = new AudioChunk[2];
    Patience patience = new Patience(lastTimeMillis, settings.maxLateMillis());
    log.scan(
        partition,
        begin,
        end,
        record -> {
          AudioChunk chunk = chunk(key, record);
          if (chunk == null) {
            return patience.lasts(record);
          }
          patience.renew(record);
          found[chunk.captureTime().isAfter(from) ? 1 : 0] = chunk;
          return found[1] == null;
        });
    return new Around(found[0], found[1]);
  }

  private Around halve(byte[] key, int partition, long begin, long end, Instant from) {
    long low = begin;
    long high = end;
    AudioChunk after = null;
    while (high - low > FEW_RECORDS) {
      long middle = low + (high - low) / 2;
      AudioChunk chunk = first(key, partition, middle, high);
      if (chunk != null && !chunk.captureTime().isAfter(from)) {
        low = chunk.recordOffset();
      } else {
        high = middle;
        after = chunk == null ? after : chunk;
      }
    }
    Around near = around(key, partition, low, high, from, Long.MAX_VALUE / 2);
    return new Around(near.before(), near.after() == null ? after : near.after());
  }

  private @Nullable AudioChunk first(byte[] key, int partition, long begin, long end) {
    AudioChunk[] found = new AudioChunk[1];
    log.scan(
        partition,
        begin,
        end,
        record -> {
          found[0] = chunk(key, record);
          return found[0] == null;
        });
    return found[0];
  }

  private @Nullable AudioChunk chunk(byte[] key, ConsumerRecord<byte[], byte[]> record) {
    return Arrays.equals(key, record.key())
            && codec.decode(record) instanceof AudioChunkCodec.Chunk read
        ? read.chunk()
        : null;
  }

  private static Place place(
      int partition, Range range, Around around, Instant from, Instant until) {
    AudioChunk before = around.before();
    if (before != null) {
      return new Place.Found(partition, before.recordOffset(), range.end(), null);
    }
    AudioChunk after = around.after();
    if (after == null) {
      return new Place.Missing(Cause.UNKNOWN_STREAM, Optional.empty());
    }
    boolean fromStart = after.sequence() <= 0 && after.sampleOffset() <= 0;
    boolean numbered = after.sequence() == 0 || after.sampleOffset() == 0;
    // A sender that numbers nothing: if the log still holds its first record, nothing was deleted.
    boolean first = fromStart && (numbered || range.begin() == 0);
    Place.Missing missing =
        new Place.Missing(
            first ? Cause.BEFORE_START : Cause.NOT_RETAINED, Optional.of(after.captureTime()));
    return after.captureTime().isBefore(until)
        ? new Place.Found(partition, after.recordOffset(), range.end(), missing)
        : missing;
  }

  @Override
  public void close() {
    log.close();
  }
}
