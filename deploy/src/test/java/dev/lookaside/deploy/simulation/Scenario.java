package dev.lookaside.deploy.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;

/** What is sent in one simulation: streams with all that senders do wrong. */
final class Scenario {
  /** What a record does to whoever works on it. */
  enum Trap {
    NONE,
    /** Its stream fails on it, always. */
    POISON,
    /** Its stream fails on it, once or twice. */
    TRANSIENT,
    /** Decoding the windows that end in it fails, always. */
    UNDECODABLE,
    /** The scorer fails on the windows that end in it, always. */
    UNSCORABLE
  }

  /**
   * A stream.
   *
   * @param healthy sends live, by a right clock, and nothing but audio
   */
  record Stream(
      String name, int partition, int rateHz, double gateDbfs, Duration ahead, boolean healthy) {}

  /** One record, to be appended at a time. */
  record Send(long afterMillis, Stream stream, ProducerRecord<byte[], byte[]> record, Trap trap) {}

  private static final AudioChunkCodec CODEC = new AudioChunkCodec("/simulated", 1 << 20, null);
  private static final int MAX_RATE = 16_000;
  private static final float[][] SOUNDS = sounds();

  final List<Stream> streams = new ArrayList<>();
  final List<Send> sends = new ArrayList<>();
  private final RandomGenerator random;
  private final Instant start;
  private final boolean calm;

  /**
   * @param calm the scorer never fails, and one stream at least is healthy
   */
  Scenario(RandomGenerator random, Instant start, int partitions, boolean calm) {
    this.random = random;
    this.start = start;
    this.calm = calm;
    int count = 2 + random.nextInt(4);
    for (int s = 0; s < count; s++) {
      stream(s, random.nextInt(partitions));
    }
    sends.sort(Comparator.comparingLong(Send::afterMillis));
  }

  long lastMillis() {
    return sends.isEmpty() ? 0 : sends.get(sends.size() - 1).afterMillis();
  }

  private boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  private void stream(int number, int partition) {
    boolean healthy = calm && number == 0 || chance(0.25);
    Duration ahead = Duration.ZERO;
    if (!healthy && chance(0.3)) {
      ahead =
          switch (random.nextInt(3)) {
            case 0 -> Duration.ofMinutes(2);
            case 1 -> Duration.ofHours(9);
            default -> Duration.ofSeconds(-80);
          };
    }
    Stream stream =
        new Stream(
            (healthy ? "healthy-" : "stream-") + number,
            partition,
            chance(0.93) ? MAX_RATE : 8_000,
            chance(0.3) ? -50 : Double.NEGATIVE_INFINITY,
            ahead,
            healthy);
    streams.add(stream);
    boolean loud = !healthy && chance(0.25);
    boolean numbered = healthy || chance(0.85);
    boolean dirty = !healthy && chance(0.4);
    Trap trap = healthy || !chance(0.5) ? Trap.NONE : Trap.values()[1 + random.nextInt(4)];
    if (calm && trap == Trap.UNSCORABLE) {
      trap = Trap.POISON;
    }
    int traps = 0;
    int phases = 1 + random.nextInt(3);
    long atMillis = random.nextInt(1_200);
    long sample = 0;
    long sequence = 0;
    Instant epoch = start.plusMillis(atMillis).plus(ahead);
    for (int phase = 0; phase < phases; phase++) {
      int chunks = loud ? 30 + random.nextInt(30) : 3 + random.nextInt(12);
      for (int c = 0; c < chunks; c++) {
        int millis = 50 + random.nextInt(110);
        int samples = stream.rateHz() * millis / 1_000;
        atMillis += loud ? 1 : millis;
        boolean last = c == chunks - 1 && chance(0.4);
        AudioChunk chunk =
            new AudioChunk(
                new StreamId(stream.name()),
                partition,
                AudioChunk.NOT_GIVEN,
                numbered ? sequence : AudioChunk.NOT_GIVEN,
                numbered ? sample : AudioChunk.NOT_GIVEN,
                AudioChunk.timeOf(epoch, sample, stream.rateHz()),
                AudioFormat.parse(
                    "audio/x-raw;format=S16LE;rate=%d;channels=1".formatted(stream.rateHz())),
                audio(stream, sample, samples),
                last);
        sample += samples;
        sequence++;
        if (!healthy && chance(0.04)) {
          continue; // Lost.
        }
        // Each costs its stream some four seconds of pauses.
        boolean trapped = traps < 3 && chance(0.08);
        traps += trapped ? 1 : 0;
        send(stream, atMillis, chunk, dirty, trapped ? trap : Trap.NONE);
      }
      // A repeat from before a new start would be a new start itself.
      long until = newest.getOrDefault(stream.name(), atMillis);
      for (Send r : repeats) {
        long at = Math.min(r.afterMillis(), until);
        sends.add(new Send(at, stream, r.record(), r.trap()));
      }
      repeats.clear();
      boolean idle = chance(0.4);
      long pause = idle ? 3_500 + random.nextInt(2_500) : 50 + random.nextInt(700);
      atMillis += pause;
      if (chance(0.5)) {
        epoch = start.plusMillis(atMillis).plus(ahead);
        sample = 0;
        sequence = 0;
      } else if (chance(0.5)) {
        sample += pause * stream.rateHz() / 1_000;
      }
    }
  }

  private void send(Stream stream, long atMillis, AudioChunk chunk, boolean dirty, Trap trap) {
    ProducerRecord<byte[], byte[]> record = CODEC.encode(SimulatedBroker.CHUNKS, chunk);
    // Of one sender in its order, but what is sent again.
    long at = Math.max(atMillis + random.nextInt(25), newest.getOrDefault(stream.name(), 0L));
    newest.put(stream.name(), at);
    if (dirty && chance(0.15)) {
      record = malformed(record);
      trap = Trap.NONE;
    }
    sends.add(new Send(at, stream, record, trap));
    boolean numbered = chunk.sequence() >= 0; // Without numbers nobody knows a repeat.
    if (!stream.healthy() && numbered && chance(0.06)) {
      repeats.add(new Send(at + random.nextInt(300), stream, record, Trap.NONE));
    }
  }

  private ProducerRecord<byte[], byte[]> malformed(ProducerRecord<byte[], byte[]> record) {
    ProducerRecord<byte[], byte[]> bad =
        switch (random.nextInt(4)) {
          case 0 -> copy(record, null, record.value());
          case 1 -> copy(record, record.key(), new byte[] {1, 2, 3});
          case 2 -> copy(record, ("nobody-" + random.nextInt(3)).getBytes(UTF_8), record.value());
          default -> copy(record, record.key(), record.value());
        };
    if (bad.key() == record.key() && bad.value() == record.value()) {
      bad.headers().remove("ce_time");
      bad.headers().add(new RecordHeader("ce_time", "yesterday".getBytes(UTF_8)));
    }
    return bad;
  }

  private static ProducerRecord<byte[], byte[]> copy(
      ProducerRecord<byte[], byte[]> of, byte[] key, byte[] value) {
    return new ProducerRecord<>(of.topic(), of.partition(), null, key, value, of.headers());
  }

  private final List<Send> repeats = new ArrayList<>();
  private final Map<String, Long> newest = new HashMap<>();
  private final Map<String, int[]> sounding = new HashMap<>();

  /** Noise, and now and then one of two tones or nothing at all. */
  private byte[] audio(Stream stream, long fromSample, int samples) {
    int[] now = sounding.computeIfAbsent(stream.name(), s -> new int[] {0, 0});
    byte[] bytes = new byte[samples * 2];
    int step = MAX_RATE / stream.rateHz();
    for (int i = 0; i < samples; i++) {
      if (now[1]-- <= 0) {
        now[0] = chance(0.5) ? 0 : random.nextInt(SOUNDS.length);
        now[1] = stream.rateHz() * (100 + random.nextInt(500)) / 1_000;
      }
      int place = (int) ((fromSample + i) * step % MAX_RATE);
      short value = (short) (SOUNDS[now[0]][place] * 32_767);
      bytes[2 * i] = (byte) value;
      bytes[2 * i + 1] = (byte) (value >> 8);
    }
    return bytes;
  }

  /** A second each of noise, a low tone, a high tone, and silence. */
  private static float[][] sounds() {
    float[][] sounds = new float[4][MAX_RATE];
    RandomGenerator noise = new java.util.Random(1);
    for (int i = 0; i < MAX_RATE; i++) {
      double t = (double) i / MAX_RATE;
      sounds[0][i] = 0.01f * (noise.nextFloat() - 0.5f);
      sounds[1][i] = sounds[0][i] + 0.3f * (float) Math.sin(2 * Math.PI * 500 * t);
      sounds[2][i] = sounds[0][i] + 0.3f * (float) Math.sin(2 * Math.PI * 3_000 * t);
    }
    return sounds;
  }
}
