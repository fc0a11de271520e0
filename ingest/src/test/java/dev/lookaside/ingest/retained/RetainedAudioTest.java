package dev.lookaside.ingest.retained;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.LogConsumer;
import dev.lookaside.ingest.RetainedSettings;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.kafka.GivenClients;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.ingest.retained.Retained.Piece;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class RetainedAudioTest {
  private static final String TOPIC = "audio.chunks";
  private static final Instant EPOCH = Instant.parse("2026-03-01T10:00:00.123456789Z");
  private static final StreamId DOCK = new StreamId("dock");
  private static final int RATE = 16_000;
  private static final AudioFormat FORMAT = new AudioFormat(AudioFormat.Encoding.L16, RATE, 1);
  private static final int PARTITIONS = 3;

  private final AudioChunkCodec codec = new AudioChunkCodec("/test", 1 << 20, FORMAT);
  private final LogConsumer log = new LogConsumer(TOPIC, PARTITIONS, 37);
  private final RetainedAudio audio = open(log);

  private RetainedAudio open(LogConsumer consumer) {
    return RetainedAudio.over(
        TopicReader.seeking(GivenClients.of(consumer), "test", TOPIC),
        codec,
        new AudioDecoder(ChannelPolicy.MIX, 1 << 20),
        new RetainedSettings(2_000, 5_000, 10_000, 60));
  }

  private static int usual(StreamId stream) {
    return Utils.toPositive(Utils.murmur2(stream.value().getBytes(UTF_8))) % PARTITIONS;
  }

  /**
   * Sample s of a stream is s mod 30,000 as a 16-bit number, so that each says where it is from.
   */
  private AudioChunk chunk(
      StreamId stream, Instant epoch, long sequence, long sample, int samples, boolean last) {
    ByteBuffer payload = ByteBuffer.allocate(2 * samples);
    for (int i = 0; i < samples; i++) {
      payload.putShort((short) ((sample + i) % 30_000));
    }
    return new AudioChunk(
        stream,
        AudioChunk.NOT_GIVEN,
        AudioChunk.NOT_GIVEN,
        sequence,
        sample,
        AudioChunk.timeOf(epoch, sample, RATE),
        FORMAT,
        payload.array(),
        last);
  }

  private void append(AudioChunk chunk, int partition, Duration after) {
    long written = chunk.captureTime().plus(after).toEpochMilli();
    log.append(codec.encode(TOPIC, chunk), partition, written);
  }

  /** Chunks of 100 ms from second {@code from} to second {@code until}. */
  private void send(StreamId stream, int partition, int from, int until, Duration after) {
    for (int i = 10 * from; i < 10 * until; i++) {
      append(chunk(stream, EPOCH, i, i * 1_600L, 1_600, false), partition, after);
    }
  }

  private static Instant at(double seconds) {
    return EPOCH.plusNanos(Math.round(seconds * 1e9));
  }

  private static float sample(long s) {
    return (s % 30_000) / 32_768f;
  }

  private static void assertSamples(Piece piece, long from, long until) {
    assertThat(piece.start()).isEqualTo(AudioChunk.timeOf(EPOCH, from, RATE));
    float[] expected = new float[(int) (until - from)];
    for (int i = 0; i < expected.length; i++) {
      expected[i] = sample(from + i);
    }
    assertThat(piece.pcm().samples()).isEqualTo(expected);
  }

  @Test
  void aStretchComesBackToTheSample() {
    send(DOCK, usual(DOCK), 0, 20, Duration.ofMillis(150));
    Instant from = AudioChunk.timeOf(EPOCH, 12_345, RATE);
    Instant until = AudioChunk.timeOf(EPOCH, 67_891, RATE);
    assertThat(audio.read(DOCK, from, until))
        .isInstanceOfSatisfying(
            Retained.Audio.class,
            a -> {
              assertThat(a.whole()).isTrue();
              assertSamples(a.pieces().get(0), 12_345, 67_891);
              assertThat(a.pieces().get(0).end()).isEqualTo(until);
            });
  }

  /** The slow way: all chunks of the stream, sample by sample. */
  @Test
  void anySendingGivesWhatTheSamplesThemselvesSay() {
    SeededRandom.forAll(
        RetainedAudioTest.class,
        60,
        random -> {
          LogConsumer some = new LogConsumer(TOPIC, PARTITIONS, random.nextInt(1, 50));
          boolean[] sent = fill(some, random);
          long from = random.nextLong(0, sent.length - 1);
          long until = from + random.nextLong(1, Math.min(sent.length - from, 40 * RATE));
          List<long[]> expected = runs(sent, from, until);
          try (RetainedAudio reader = open(some)) {
            Retained got =
                reader.read(
                    DOCK,
                    AudioChunk.timeOf(EPOCH, from, RATE),
                    AudioChunk.timeOf(EPOCH, until, RATE));
            if (expected.isEmpty()) {
              assertThat(got).isInstanceOf(Retained.Nothing.class);
            } else {
              List<Piece> pieces = ((Retained.Audio) got).pieces();
              assertThat(pieces).hasSameSizeAs(expected);
              for (int i = 0; i < pieces.size(); i++) {
                assertSamples(pieces.get(i), expected.get(i)[0], expected.get(i)[1]);
              }
              assertHoles((Retained.Audio) got, expected, from, until);
            }
          }
        });
  }

  /** Live, faster than it sounds, days late or by a wrong clock; with losses and repeats. */
  private boolean[] fill(LogConsumer some, RandomGenerator random) {
    int partition = random.nextInt(4) == 0 ? random.nextInt(PARTITIONS) : usual(DOCK);
    int chunks = random.nextInt(2, random.nextBoolean() ? 200 : 1_500);
    boolean[] sent = new boolean[chunks * 1_600];
    double speed = random.nextBoolean() ? 1 : random.nextDouble(1, 200);
    long shift = random.nextInt(3) == 0 ? random.nextLong(-100_000, 500_000_000) : 100;
    double loss = random.nextBoolean() ? 0 : .05;
    int others = random.nextInt(4);
    for (int i = 0; i < chunks; i++) {
      long written = EPOCH.toEpochMilli() + shift + (long) (100 * i / speed);
      for (int o = 0; o < others; o++) {
        StreamId other = new StreamId("other" + o);
        some.append(
            codec.encode(TOPIC, chunk(other, EPOCH, i, i * 7L, 7, false)), partition, written);
      }
      if (random.nextDouble() < loss) {
        continue;
      }
      ProducerRecord<byte[], byte[]> record =
          codec.encode(TOPIC, chunk(DOCK, EPOCH, i, i * 1_600L, 1_600, false));
      some.append(record, partition, written);
      if (random.nextInt(20) == 0) {
        some.append(record, partition, written);
      }
      java.util.Arrays.fill(sent, i * 1_600, (i + 1) * 1_600, true);
    }
    return sent;
  }

  private static List<long[]> runs(boolean[] sent, long from, long until) {
    List<long[]> runs = new ArrayList<>();
    for (long s = from; s < until; s++) {
      if (sent[(int) s]) {
        if (runs.isEmpty() || runs.get(runs.size() - 1)[1] != s) {
          runs.add(new long[] {s, s + 1});
        } else {
          runs.get(runs.size() - 1)[1] = s + 1;
        }
      }
    }
    return runs;
  }

  private static void assertHoles(Retained.Audio got, List<long[]> runs, long from, long until) {
    List<Instant> expected = new ArrayList<>();
    long at = from;
    for (long[] run : runs) {
      if (run[0] > at + 1) {
        expected.add(AudioChunk.timeOf(EPOCH, at, RATE));
      }
      at = run[1];
    }
    if (until > at + 1) {
      expected.add(AudioChunk.timeOf(EPOCH, at, RATE));
    }
    assertThat(got.holes()).extracting(Retained.Hole::from).containsExactlyElementsOf(expected);
  }

  @Test
  void whyThereIsNothingIsSaid() {
    send(DOCK, usual(DOCK), 5, 20, Duration.ofMillis(150));
    assertThat(nothing(new StreamId("nobody"), 6, 7).cause()).isEqualTo(Cause.UNKNOWN_STREAM);
    assertThat(nothing(DOCK, 1, 2))
        .satisfies(
            n -> {
              assertThat(n.cause()).isEqualTo(Cause.NOT_RETAINED);
              assertThat(n.message())
                  .contains(
                      "stream \"dock\"", "is not retained any more; the oldest is of " + at(5));
            });
    assertThat(nothing(DOCK, 21, 22).cause()).isEqualTo(Cause.NOT_YET);
    append(chunk(DOCK, EPOCH, 205, 205 * 1_600L, 1_600, true), usual(DOCK), Duration.ZERO);
    assertThat(nothing(DOCK, 20.1, 20.3).cause()).isEqualTo(Cause.GAP);
    assertThat(nothing(DOCK, 21, 22).cause()).isEqualTo(Cause.AFTER_END);
    StreamId young = new StreamId("young");
    send(young, usual(young), 0, 5, Duration.ofMillis(150));
    assertThat(nothing(young, -3, -2).cause()).isEqualTo(Cause.BEFORE_START);
  }

  private Retained.Nothing nothing(StreamId stream, double from, double until) {
    return (Retained.Nothing) audio.read(stream, at(from), at(until));
  }

  @Test
  void whatIsPartlyThereSaysWhatIsMissing() {
    int partition = usual(DOCK);
    send(DOCK, partition, 0, 10, Duration.ofMillis(150));
    log.deleteBefore(new TopicPartition(TOPIC, partition), 30);
    AudioChunk broken = chunk(DOCK, EPOCH, 100, 160_000, 1_600, false);
    ProducerRecord<byte[], byte[]> record = codec.encode(TOPIC, broken);
    record.headers().remove("content-type").add("content-type", "audio/midi".getBytes(UTF_8));
    log.append(record, partition, at(10.1).toEpochMilli());
    append(chunk(DOCK, EPOCH, 101, 101 * 1_600, 1_600, false), partition, Duration.ZERO);
    assertThat(audio.read(DOCK, at(2), at(12)))
        .isInstanceOfSatisfying(
            Retained.Audio.class,
            a -> {
              assertThat(a.pieces()).hasSize(2);
              assertThat(a.holes())
                  .containsExactly(
                      new Retained.Hole(at(2), at(3), Cause.NOT_RETAINED),
                      new Retained.Hole(at(10), at(10.1), Cause.REJECTED),
                      new Retained.Hole(at(10.2), at(12), Cause.NOT_YET));
              assertSamples(a.pieces().get(0), 3 * RATE, 10 * RATE);
            });
  }

  @Test
  void aStreamThatMovedToAnotherPartitionIsFound() {
    send(DOCK, usual(DOCK), 0, 5, Duration.ofMillis(150));
    send(DOCK, (usual(DOCK) + 1) % PARTITIONS, 60, 70, Duration.ofMillis(150));
    assertThat(audio.read(DOCK, at(1), at(2))).isInstanceOf(Retained.Audio.class);
    assertThat(audio.read(DOCK, at(61), at(62)))
        .isInstanceOfSatisfying(Retained.Audio.class, a -> assertThat(a.whole()).isTrue());
  }

  @Test
  void aSenderWithoutHeadersIsReadByTheRecordsTimes() {
    for (int i = 0; i < 50; i++) {
      byte[] payload = chunk(DOCK, EPOCH, i, i * 1_600L, 1_600, false).payload();
      log.append(
          new ProducerRecord<>(TOPIC, "dock".getBytes(UTF_8), payload),
          usual(DOCK),
          1_000_000 + 100L * i);
    }
    Instant start = Instant.ofEpochMilli(1_001_000);
    assertThat(audio.read(DOCK, start, start.plusMillis(500)))
        .isInstanceOfSatisfying(
            Retained.Audio.class,
            a -> {
              assertThat(a.whole()).isTrue();
              assertThat(a.pieces().get(0).start()).isEqualTo(start);
              assertThat(a.pieces().get(0).pcm().samples()[0]).isEqualTo(sample(16_000));
            });
  }

  @Test
  void littleIsReadOfALongLog() {
    send(DOCK, usual(DOCK), 0, 3_000, Duration.ofMillis(150));
    audio.read(DOCK, at(2_500), at(2_501));
    assertThat(log.delivered()).as("live audio").isLessThan(200);
    long before = log.delivered();
    LogConsumer fast = new LogConsumer(TOPIC, PARTITIONS, 37);
    for (int i = 0; i < 30_000; i++) {
      AudioChunk c = chunk(DOCK, EPOCH, i, i * 1_600L, 1_600, false);
      fast.append(codec.encode(TOPIC, c), usual(DOCK), EPOCH.toEpochMilli() + i / 10);
    }
    try (RetainedAudio reader = open(fast)) {
      reader.read(DOCK, at(2_500), at(2_501));
    }
    assertThat(fast.delivered()).as("sent faster than it sounds").isLessThan(2_000);
    assertThat(before).isPositive();
  }

  @Test
  void anEndedStreamIsNotSoughtToTheEndOfTheLog() {
    StreamId other = new StreamId("other");
    send(DOCK, usual(DOCK), 0, 5, Duration.ofMillis(150));
    send(other, usual(DOCK), 5, 2_000, Duration.ofMillis(150));
    assertThat(audio.read(DOCK, at(4), at(6))).isInstanceOf(Retained.Audio.class);
    assertThat(log.delivered()).isLessThan(600);
  }

  @Test
  void whatCannotBeAskedForIsNamed() {
    assertThatThrownBy(() -> audio.read(DOCK, at(2), at(2)))
        .isInstanceOf(IngestException.class)
        .hasMessage("until \"%s\": must be after from %s", at(2), at(2));
    assertThatThrownBy(() -> audio.read(DOCK, at(0), at(61)))
        .hasMessage("until \"%s\": must be at most 60 s after from %s", at(61), at(0));
    LogConsumer none = new LogConsumer("other", 1, 1);
    assertThatThrownBy(() -> open(none).read(DOCK, at(0), at(1)))
        .hasMessageStartingWith("topic \"audio.chunks\" at k1:9092: does not exist");
  }

  @Test
  void aBrokerThatStopsAnsweringEndsTheReadingInTime() {
    long[] nanos = {0};
    LogConsumer silent =
        new LogConsumer(TOPIC, 1, 37) {
          @Override
          public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
            nanos[0] += timeout.toNanos();
            return ConsumerRecords.empty();
          }
        };
    silent.append(
        codec.encode(TOPIC, chunk(DOCK, EPOCH, 0, 0, 1_600, false)), 0, at(0).toEpochMilli());
    RetainedAudio reader =
        RetainedAudio.over(
            TopicReader.seeking(GivenClients.of(silent), "test", TOPIC, () -> nanos[0]),
            codec,
            new AudioDecoder(ChannelPolicy.MIX, 1 << 20),
            new RetainedSettings(2_000, 5_000, 10_000, 60));
    assertThatThrownBy(() -> reader.read(DOCK, at(0), at(1)))
        .isExactlyInstanceOf(UnreachableException.class)
        .hasMessage("topic \"audio.chunks\" at k1:9092: no broker answered within 10000 ms");
  }
}
