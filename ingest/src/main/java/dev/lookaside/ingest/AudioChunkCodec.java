package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * The wire format of {@code audio.chunks}: CloudEvents 1.0, Kafka binary mode. Thread-safe;
 * payloads are passed on, never copied.
 *
 * <pre>
 *   key      stream id, UTF-8, 1 to 200 characters
 *   headers  ce_specversion   1.0
 *            ce_type          dev.lookaside.audio.chunk.v1
 *            ce_source        URI reference of the sender
 *            ce_id            &lt;stream&gt;/&lt;capture time&gt;/&lt;sequence&gt;
 *            ce_subject       stream id, equal to the key
 *            ce_time          capture time of the first sample, RFC 3339
 *            ce_sequence      0, 1, 2, ...                  decimal
 *            ce_sampleoffset  first sample since the stream started, native rate, decimal
 *            ce_laststream    true on the last chunk of a stream, else absent
 *            content-type     see {@link AudioFormat}
 *   value    encoded audio, 1 byte to {@code maxPayloadBytes}
 * </pre>
 *
 * <p>Only key and value are required, so that audio of any producer can be processed: without
 * {@code ce_time} the record timestamp counts, without sequence or sample offset they are inferred
 * by {@link ChunkSequencer}, without content type the payload is sniffed for RIFF and fLaC and else
 * taken for the configured default. A header that is there must be right: a wrong one is rejected,
 * not ignored, because a sender that lies about one number cannot be trusted about the others.
 */
public final class AudioChunkCodec {
  /** CloudEvents type of a chunk. */
  public static final String TYPE = "dev.lookaside.audio.chunk.v1";

  private final String source;
  private final int maxPayloadBytes;
  private final @Nullable AudioFormat defaultFormat;

  /** What a record turned out to be. */
  public sealed interface Decoded permits Chunk, Rejected {}

  /** A chunk whose headers are right; its payload has not been looked into. */
  public record Chunk(AudioChunk chunk) implements Decoded {
    public Chunk {
      Objects.requireNonNull(chunk, "chunk");
    }
  }

  /**
   * A record that is no chunk.
   *
   * @param rejection why
   * @param stream whose it would have been, null if the key cannot be read
   * @param sequence what it said, {@link AudioChunk#NOT_GIVEN} if nothing readable
   * @param sampleOffset what it said, {@link AudioChunk#NOT_GIVEN} if nothing readable
   */
  public record Rejected(
      Rejection rejection, @Nullable StreamId stream, long sequence, long sampleOffset)
      implements Decoded {
    public Rejected {
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /**
   * @param source {@code ce_source} of encoded chunks
   * @param maxPayloadBytes a longer value is rejected
   * @param defaultFormat of values with neither content type nor a known beginning; null: rejected
   */
  public AudioChunkCodec(String source, int maxPayloadBytes, @Nullable AudioFormat defaultFormat) {
    this.source = Objects.requireNonNull(source, "source");
    this.maxPayloadBytes = maxPayloadBytes;
    this.defaultFormat = defaultFormat;
  }

  /**
   * The record that carries {@code chunk}; its value is the chunk's payload itself. The record is
   * stamped when it is sent, not with the capture time: a broker deletes what is stamped older than
   * the topic's retention, however lately it arrived.
   */
  public ProducerRecord<byte[], byte[]> encode(String topic, AudioChunk chunk) {
    String stream = chunk.stream().value();
    String time = chunk.captureTime().toString();
    ChunkHeaders.Writer headers = new ChunkHeaders.Writer();
    headers.add(ChunkHeaders.SPEC_VERSION, "1.0");
    headers.add(ChunkHeaders.TYPE, TYPE);
    headers.add(ChunkHeaders.SOURCE, source);
    headers.add(ChunkHeaders.ID, stream + "/" + time + "/" + chunk.sequence());
    headers.add(ChunkHeaders.SUBJECT, stream);
    headers.add(ChunkHeaders.TIME, time);
    headers.addIfGiven(ChunkHeaders.SEQUENCE, chunk.sequence());
    headers.addIfGiven(ChunkHeaders.SAMPLE_OFFSET, chunk.sampleOffset());
    if (chunk.last()) {
      headers.add(ChunkHeaders.LAST, "true");
    }
    headers.add(ChunkHeaders.CONTENT_TYPE, chunk.format().contentType());
    @Nullable Integer partition = chunk.partition() < 0 ? null : (Integer) chunk.partition();
    return new ProducerRecord<>(
        topic, partition, null, stream.getBytes(UTF_8), chunk.payload(), headers.headers());
  }

  /** Reads a record; never throws on what it holds. */
  public Decoded decode(ConsumerRecord<byte[], byte[]> record) {
    @Nullable StreamId stream = null;
    ChunkHeaders headers = new ChunkHeaders();
    try {
      stream = stream(record.key());
      headers.read(record.headers());
      headers.check(stream);
      byte[] payload = checked(record.value());
      AudioChunk chunk =
          new AudioChunk(
              stream,
              record.partition(),
              record.offset(),
              headers.sequence(),
              headers.sampleOffset(),
              headers.captureTime(record.timestamp()),
              format(headers.contentType(), payload),
              payload,
              headers.last());
      return new Chunk(chunk);
    } catch (IngestException e) {
      Rejection rejection = e.rejection();
      if (rejection == null) {
        throw e;
      }
      return new Rejected(rejection, stream, headers.sequence(), headers.sampleOffset());
    }
  }

  private static StreamId stream(byte @Nullable [] key) {
    if (key == null) {
      throw bad(Rejection.Reason.BAD_KEY, "key", "", "is missing, must be the stream id");
    }
    if (key.length > StreamId.MAX_CHARS * 4) {
      String shown = new String(key, 0, StreamId.MAX_CHARS, UTF_8);
      throw bad(
          Rejection.Reason.BAD_KEY, "key", shown, "is " + key.length + " bytes, no stream id");
    }
    try {
      return new StreamId(UTF_8.newDecoder().decode(ByteBuffer.wrap(key)).toString());
    } catch (CharacterCodingException e) {
      throw bad(Rejection.Reason.BAD_KEY, "key", new String(key, UTF_8), "must be UTF-8");
    }
  }

  private byte[] checked(byte @Nullable [] value) {
    if (value == null || value.length == 0) {
      throw bad(Rejection.Reason.EMPTY, "value", "", "must hold audio, is empty");
    }
    if (value.length > maxPayloadBytes) {
      throw bad(
          Rejection.Reason.TOO_LARGE,
          "value bytes",
          Integer.toString(value.length),
          "must be at most " + maxPayloadBytes);
    }
    return value;
  }

  private AudioFormat format(@Nullable String contentType, byte[] payload) {
    if (contentType != null && !contentType.endsWith("/octet-stream")) {
      return AudioFormat.parse(contentType);
    }
    if (startsWith(payload, "RIFF")) {
      return AudioFormat.WAV;
    }
    if (startsWith(payload, "fLaC")) {
      return AudioFormat.FLAC;
    }
    if (defaultFormat == null) {
      throw bad(
          Rejection.Reason.BAD_CONTENT_TYPE,
          ChunkHeaders.CONTENT_TYPE,
          contentType == null ? "" : contentType,
          "is needed, the value is neither WAV nor FLAC and no default is configured");
    }
    return defaultFormat;
  }

  private static boolean startsWith(byte[] payload, String magic) {
    if (payload.length < magic.length()) {
      return false;
    }
    for (int i = 0; i < magic.length(); i++) {
      if (payload[i] != magic.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  static IngestException bad(Rejection.Reason reason, String field, String value, String message) {
    return new IngestException(new Rejection(reason, field, value, message));
  }
}
