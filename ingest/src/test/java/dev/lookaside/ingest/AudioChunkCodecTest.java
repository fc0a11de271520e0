package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.AudioChunkCodec.Chunk;
import dev.lookaside.ingest.AudioChunkCodec.Decoded;
import dev.lookaside.ingest.AudioChunkCodec.Rejected;
import dev.lookaside.ingest.Rejection.Reason;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AudioChunkCodecTest {
  private static final int MAX_BYTES = 1 << 20;
  private static final AudioChunkCodec CODEC = new AudioChunkCodec("/test", MAX_BYTES, null);
  private static final byte[] PCM = {1, 2, 3, 4};
  private static final String L16 = "audio/L16;rate=48000;channels=2";

  @Test
  void headersAreCloudEventsBinaryMode() {
    AudioChunk chunk =
        new AudioChunk(
            new StreamId("yard"),
            AudioChunk.NOT_GIVEN,
            AudioChunk.NOT_GIVEN,
            7,
            33_600,
            Instant.parse("2026-03-01T10:00:00.7Z"),
            new AudioFormat(AudioFormat.Encoding.L16, 48_000, 2),
            PCM,
            true);
    ProducerRecord<byte[], byte[]> record = CODEC.encode("audio.chunks", chunk);
    assertThat(texts(record.headers()))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "ce_specversion", "1.0",
                "ce_type", "dev.lookaside.audio.chunk.v1",
                "ce_source", "/test",
                "ce_id", "yard/2026-03-01T10:00:00.700Z/7",
                "ce_subject", "yard",
                "ce_time", "2026-03-01T10:00:00.700Z",
                "ce_sequence", "7",
                "ce_sampleoffset", "33600",
                "ce_laststream", "true",
                "content-type", "audio/L16;rate=48000;channels=2"));
    assertThat(record.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(record.value()).isSameAs(PCM);
    assertThat(record.partition()).isNull();
    assertThat(record.timestamp()).as("old audio must outlive retention").isNull();
  }

  @Test
  void whatIsEncodedIsDecoded() {
    SeededRandom.forAll(AudioChunkCodecTest.class, 300, AudioChunkCodecTest::roundTrip);
  }

  private static void roundTrip(RandomGenerator random) {
    AudioFormat.Encoding encoding =
        AudioFormat.Encoding.values()[random.nextInt(AudioFormat.Encoding.values().length)];
    AudioFormat format =
        encoding.container()
            ? new AudioFormat(encoding, 0, 0)
            : new AudioFormat(encoding, random.nextInt(8_000, 192_001), random.nextInt(1, 65));
    StringBuilder name = new StringBuilder();
    for (int i = 1 + random.nextInt(100); i > 0; i--) {
      name.appendCodePoint(
          random.nextBoolean() ? 'a' + random.nextInt(26) : 0x1F300 + random.nextInt(100));
    }
    long sequence = random.nextInt(3) == 0 ? AudioChunk.NOT_GIVEN : random.nextInt(1, 1_000);
    long sample =
        random.nextInt(3) == 0
            ? AudioChunk.NOT_GIVEN
            : random.nextLong(1_000, AudioChunk.MAX_SAMPLE_OFFSET);
    byte[] payload = new byte[random.nextInt(1, 5_000)];
    random.nextBytes(payload);
    AudioChunk chunk =
        new AudioChunk(
            new StreamId(name.length() > 200 ? name.substring(0, 2) : name.toString()),
            random.nextInt(100),
            random.nextLong(1L << 60),
            sequence,
            sample,
            Instant.ofEpochSecond(random.nextInt(Integer.MAX_VALUE), random.nextInt(1_000_000_000)),
            format,
            payload,
            random.nextBoolean());
    ProducerRecord<byte[], byte[]> sent = CODEC.encode("audio.chunks", chunk);
    Decoded decoded =
        CODEC.decode(
            record(
                sent.key(), sent.value(), sent.headers(), chunk.partition(), chunk.recordOffset()));
    assertThat(decoded).isEqualTo(new Chunk(chunk));
  }

  @Test
  void payloadIsNeverCopied() {
    assertThat(chunk(decode(Map.of("content-type", L16), PCM)).payload()).isSameAs(PCM);
  }

  @Test
  void foreignProducerNeedsOnlyKeyAndKnownAudio() {
    byte[] wav = "RIFF....WAVE".getBytes(UTF_8);
    AudioChunk chunk = chunk(decode(Map.of(), wav));
    assertThat(chunk.format()).isEqualTo(AudioFormat.WAV);
    assertThat(chunk.sequence()).isEqualTo(AudioChunk.NOT_GIVEN);
    assertThat(chunk.sampleOffset()).isEqualTo(AudioChunk.NOT_GIVEN);
    assertThat(chunk.captureTime()).isEqualTo(Instant.ofEpochMilli(1_700_000_000_000L));
    assertThat(chunk.last()).isFalse();
    assertThat(
            chunk(
                    decode(
                        Map.of("content-type", "application/octet-stream"),
                        "fLaC.".getBytes(UTF_8)))
                .format())
        .isEqualTo(AudioFormat.FLAC);
  }

  @Test
  void configuredDefaultStandsForMissingContentType() {
    AudioFormat format = AudioFormat.parse("audio/x-raw;format=S16LE;rate=16000;channels=1");
    AudioChunkCodec codec = new AudioChunkCodec("/test", MAX_BYTES, format);
    Decoded decoded = codec.decode(record("yard".getBytes(UTF_8), PCM, headers(Map.of()), 0, 0));
    assertThat(chunk(decoded).format()).isEqualTo(format);
    assertThat(described(decode(Map.of(), PCM)))
        .isEqualTo(
            "content-type \"\": is needed, the value is neither WAV nor FLAC and no default is"
                + " configured");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ce_sequence|-3|BAD_HEADER|must be 0 or more",
        "ce_sequence|+3|BAD_HEADER|must be a whole number",
        "ce_sequence|1e3|BAD_HEADER|must be a whole number",
        "ce_sequence|٣|BAD_HEADER|must be a whole number",
        "ce_sequence|''|BAD_HEADER|must be a whole number",
        "ce_sequence|9223372036854775807|BAD_HEADER|must be at most 9223372036854775806",
        "ce_sequence|99999999999999999999|BAD_HEADER|must be at most 9223372036854775806",
        "ce_sampleoffset|-1|BAD_HEADER|must be 0 or more",
        "ce_sampleoffset|35184372088833|BAD_HEADER|must be at most 35184372088832",
        "ce_time|yesterday|BAD_HEADER|must be an RFC 3339 time such as 2026-01-31T12:00:00.25Z",
        "ce_time|2026-03-01T10:00:00|BAD_HEADER|must be an RFC 3339 time such as"
            + " 2026-01-31T12:00:00.25Z",
        "ce_time|9999-01-01T00:00:00Z|BAD_HEADER|must lie between 1970-01-01T00:00:00Z and"
            + " 2200-01-01T00:00:00Z",
        "ce_specversion|0.3|WRONG_TYPE|must be 1.0",
        "ce_type|dev.lookaside.audio.chunk.v2|WRONG_TYPE|must be dev.lookaside.audio.chunk.v1",
        "ce_subject|street|BAD_HEADER|must equal the key yard",
        "ce_laststream|yes|BAD_HEADER|must be true or false",
      })
  void wrongHeadersAreNamed(String header, String value, Reason reason, String message) {
    Decoded decoded = decode(Map.of("content-type", L16, header, value), PCM);
    assertThat(described(decoded)).isEqualTo(header + " \"" + value + "\": " + message);
    assertThat(rejected(decoded).rejection().reason()).isEqualTo(reason);
    assertThat(rejected(decoded).stream()).isEqualTo(new StreamId("yard"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "audio/L16;rate=0;channels=1|rate \"0\": must be 1000 to 1000000 Hz",
        "audio/L16;rate=1000000000;channels=1|rate \"1000000000\": must be 1000 to 1000000 Hz",
        "audio/L16;rate=16000;channels=0|channels \"0\": must be 1 to 64",
        "audio/L16;rate=16000;channels=300|channels \"300\": must be 1 to 64",
        "audio/L16;rate=16000;channels=99999999999999999999|channels \"99999999999999999999\":"
            + " must be a whole number",
        "audio/L16;rate=16k|rate \"16k\": must be a whole number",
        "audio/L16|content-type \"audio/L16\": rate is missing",
        "audio/L16;rate=16000;rate=8000|content-type \"audio/L16;rate=16000;rate=8000\": rate is"
            + " given twice",
        "audio/L16;rate|content-type \"audio/L16;rate\": parameter 1 must be name=value",
        "audio/x-raw;rate=16000;channels=1|content-type \"audio/x-raw;rate=16000;channels=1\":"
            + " format is missing",
        "audio/x-raw;format=U8;rate=16000;channels=1|format \"U8\": must be S16LE or F32LE",
        "audio/x-raw;format=S16LE;rate=16000|content-type \"audio/x-raw;format=S16LE;rate=16000\":"
            + " channels is missing",
        "audio/x-raw;format=S16LE;rate=16000;channels=1;layout=non-interleaved|layout"
            + " \"non-interleaved\": must be interleaved",
        "video/mp4|content-type \"video/mp4\": must be audio/L16, audio/x-raw, audio/wav or"
            + " audio/flac",
      })
  void wrongContentTypesAreNamed(String contentType, String message) {
    assertThat(described(decode(Map.of("content-type", contentType), PCM))).isEqualTo(message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "audio/x-raw;format=F32LE;rate=44100;channels=2",
        "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int)44100,"
            + " channels=(int)2",
        "AUDIO/X-RAW; Format=\"f32le\"; RATE=44100; channels=2;",
      })
  void gstreamerCapsAreRead(String contentType) {
    assertThat(AudioFormat.parse(contentType))
        .isEqualTo(new AudioFormat(AudioFormat.Encoding.F32LE, 44_100, 2));
  }

  @Test
  void channelsOfL16DefaultToOne() {
    assertThat(AudioFormat.parse("audio/l16; rate=8000").channels()).isEqualTo(1);
  }

  @Test
  void sequenceAndSampleOffsetMustAgree() {
    assertThat(described(decode(Map.of("ce_sequence", "0", "ce_sampleoffset", "5"), PCM)))
        .isEqualTo("ce_sampleoffset \"5\": must be 0 for ce_sequence 0");
    Decoded decoded = decode(Map.of("ce_sequence", "5", "ce_sampleoffset", "0"), PCM);
    assertThat(described(decoded))
        .isEqualTo(
            "ce_sampleoffset \"0\": must be at least ce_sequence 5, as every chunk holds a sample");
    assertThat(rejected(decoded).sequence()).isEqualTo(5);
    assertThat(rejected(decoded).sampleOffset()).isZero();
  }

  @Test
  void headersGivenTwiceMustAgree() {
    Headers headers = headers(Map.of("content-type", L16, "ce_sequence", "1"));
    headers.add("ce_sequence", "1".getBytes(UTF_8));
    assertThat(chunk(decode(headers)).sequence()).isEqualTo(1);
    headers.add("ce_sequence", "2".getBytes(UTF_8));
    assertThat(described(decode(headers)))
        .isEqualTo("ce_sequence \"2\": contradicts 1 in the same record");
  }

  @Test
  void headersWithoutTextAreNamed() {
    Headers none = headers(Map.of("content-type", L16)).add("ce_time", null);
    assertThat(described(decode(none))).isEqualTo("ce_time \"\": must have a value");
    Headers latin = headers(Map.of()).add("content-type", new byte[] {'a', (byte) 0xE9});
    assertThat(described(decode(latin))).isEqualTo("content-type \"a\uFFFD\": must be UTF-8");
  }

  @Test
  void foreignExtensionsAreIgnored() {
    Headers headers = headers(Map.of("content-type", L16)).add("traceparent", new byte[] {-1});
    assertThat(decode(headers)).isInstanceOf(Chunk.class);
  }

  @Test
  void badKeysAreNamed() {
    Headers headers = headers(Map.of("content-type", L16));
    assertThat(described(CODEC.decode(record(null, PCM, headers, 0, 0))))
        .isEqualTo("key \"\": is missing, must be the stream id");
    Decoded binary = CODEC.decode(record(new byte[] {'y', (byte) 0xC3, 0x28}, PCM, headers, 0, 0));
    assertThat(described(binary)).isEqualTo("key \"y\uFFFD(\": must be UTF-8");
    assertThat(rejected(binary).stream()).isNull();
    assertThat(rejected(binary).rejection().reason()).isEqualTo(Reason.BAD_KEY);
    assertThat(described(CODEC.decode(record(new byte[0], PCM, headers, 0, 0))))
        .isEqualTo("stream id \"\": must be 1 to 200 characters, is 0");
    assertThat(described(CODEC.decode(record("a\nb".getBytes(UTF_8), PCM, headers, 0, 0))))
        .isEqualTo("stream id \"a?b\": must not hold the control character 0xa");
    assertThat(described(CODEC.decode(record(new byte[5_000_000], PCM, headers, 0, 0))))
        .endsWith("is 5000000 bytes, no stream id");
  }

  @Test
  void emptyChunksAreRejected() {
    assertThat(described(decode(Map.of("content-type", L16), new byte[0])))
        .isEqualTo("value \"\": must hold audio, is empty");
    Decoded tombstone =
        CODEC.decode(
            record("yard".getBytes(UTF_8), null, headers(Map.of("ce_sequence", "4")), 0, 0));
    assertThat(rejected(tombstone).rejection().reason()).isEqualTo(Reason.EMPTY);
    assertThat(rejected(tombstone).sequence()).isEqualTo(4);
  }

  @Test
  void hugeChunksAreRejectedBeforeAnythingLooksIn() {
    Decoded decoded = decode(Map.of("content-type", "audio/wav"), new byte[100_000_000]);
    assertThat(described(decoded)).isEqualTo("value bytes \"100000000\": must be at most 1048576");
    assertThat(rejected(decoded).rejection().reason()).isEqualTo(Reason.TOO_LARGE);
  }

  @Test
  void recordsWithoutAnyTimeAreRejected() {
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>(
            "audio.chunks",
            0,
            0,
            ConsumerRecord.NO_TIMESTAMP,
            TimestampType.NO_TIMESTAMP_TYPE,
            4,
            4,
            "yard".getBytes(UTF_8),
            PCM,
            headers(Map.of("content-type", L16)),
            Optional.empty());
    assertThat(described(CODEC.decode(record)))
        .isEqualTo("ce_time \"\": is missing and the record has no timestamp");
  }

  @Test
  void lyingValuesAreCutInMessages() {
    String lie = "x".repeat(1_000_000);
    assertThat(described(decode(Map.of("content-type", lie), PCM)).length()).isLessThan(400);
  }

  /** Random bytes in every header: always an answer, never an exception. */
  @Test
  void nothingARecordHoldsMakesItThrow() {
    SeededRandom.forAll(
        AudioChunkCodecTest.class,
        500,
        random -> {
          RecordHeaders headers = new RecordHeaders();
          for (String name :
              new String[] {
                "ce_specversion",
                "ce_type",
                "ce_subject",
                "ce_time",
                "ce_sequence",
                "ce_sampleoffset",
                "ce_laststream",
                "content-type"
              }) {
            if (random.nextInt(4) == 0) {
              byte[] value = new byte[random.nextInt(12)];
              random.nextBytes(value);
              headers.add(name, value);
            }
          }
          byte[] key = new byte[random.nextInt(6)];
          random.nextBytes(key);
          assertThat(CODEC.decode(record(key, PCM, headers, 0, 0))).isNotNull();
        });
  }

  private static Decoded decode(Map<String, String> headers, byte[] payload) {
    return CODEC.decode(record("yard".getBytes(UTF_8), payload, headers(headers), 0, 0));
  }

  private static Decoded decode(Headers headers) {
    return CODEC.decode(record("yard".getBytes(UTF_8), PCM, headers, 0, 0));
  }

  private static Headers headers(Map<String, String> texts) {
    RecordHeaders headers = new RecordHeaders();
    texts.forEach((k, v) -> headers.add(k, v.getBytes(UTF_8)));
    return headers;
  }

  private static ConsumerRecord<byte[], byte[]> record(
      byte[] key, byte[] value, Headers headers, int partition, long offset) {
    return new ConsumerRecord<>(
        "audio.chunks",
        partition,
        offset,
        1_700_000_000_000L,
        TimestampType.CREATE_TIME,
        key == null ? -1 : key.length,
        value == null ? -1 : value.length,
        key,
        value,
        headers,
        Optional.empty());
  }

  private static Map<String, String> texts(Headers headers) {
    Map<String, String> texts = new HashMap<>();
    for (Header header : headers) {
      texts.put(header.key(), new String(header.value(), UTF_8));
    }
    return texts;
  }

  private static AudioChunk chunk(Decoded decoded) {
    assertThat(decoded).isInstanceOf(Chunk.class);
    return ((Chunk) decoded).chunk();
  }

  private static Rejected rejected(Decoded decoded) {
    assertThat(decoded).isInstanceOf(Rejected.class);
    return (Rejected) decoded;
  }

  private static String described(Decoded decoded) {
    return rejected(decoded).rejection().describe();
  }
}
