package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.LongPredicate;
import java.util.random.RandomGenerator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/**
 * Records of one stream, of real audio: silent and loud chunks with gaps, and where trouble is
 * wanted with repeats, rejected records, new starts, last chunks and ends for silence. What a
 * window scores depends on its number alone.
 */
final class SimulatedStream {
  static final StreamId STREAM = new StreamId("sim");
  static final Assignment ASSIGNMENT = new Assignment(4, 9);
  static final Instant EPOCH = Instant.parse("2026-05-01T00:00:00Z");
  static final int WINDOW_FRAMES = 8;
  static final int HOP_FRAMES = 2;
  static final FeatureSpec SPEC = new FeatureSpec(FrontEnd.AST_FBANK, WINDOW_FRAMES, HOP_FRAMES);
  private static final int RATE_HZ = 16_000;
  private static final double GATE_DBFS = -60;
  private static final AudioDecoder DECODER = new AudioDecoder(ChannelPolicy.MIX, 1 << 20);

  /**
   * A message of the source.
   *
   * @param recordOffset its record's; of an end, that of the record before it
   */
  record Message(long recordOffset, StreamMessage.FromSource message) {}

  private final long seed;
  private final int minLengthFrames;
  private final int minGapFrames;
  private final List<Message> messages = new ArrayList<>();

  /** With gaps, no other trouble. */
  SimulatedStream(RandomGenerator random, int count) {
    this(random, count, false, Duration.ZERO);
  }

  static SimulatedStream troubled(RandomGenerator random, int count) {
    return new SimulatedStream(random, count, true, Duration.ZERO);
  }

  /**
   * @param clockAhead of the sender, against the broker's
   */
  SimulatedStream(RandomGenerator random, int count, boolean trouble, Duration clockAhead) {
    this.seed = random.nextLong();
    this.minLengthFrames = random.nextInt(8);
    this.minGapFrames = random.nextInt(8);
    int longest = random.nextBoolean() || trouble ? 1_500 : 6_000;
    Instant epoch = EPOCH.plus(clockAhead);
    long sample = 0;
    long sequence = 0;
    long record = random.nextInt(100);
    for (int i = 0; i < count; i++) {
      if (sequence > 0 && random.nextInt(12) == 0) {
        sample += 1 + random.nextInt(5_000);
        sequence++;
      }
      int samples = 100 + random.nextInt(longest);
      int kind = trouble ? random.nextInt(16) : 15;
      boolean last = kind == 0;
      AudioChunk chunk =
          chunk(record, sequence, sample, epoch, samples, random.nextInt(4) > 0, last);
      Instant appended = chunk.captureTime().minus(clockAhead).plusMillis(300);
      if (kind == 1) {
        messages.add(new Message(record, rejected(chunk, appended)));
      } else {
        messages.add(new Message(record, message(chunk, appended)));
      }
      if (kind == 2) {
        AudioChunk repeat = at(chunk, ++record);
        messages.add(new Message(record, message(repeat, appended)));
      } else if (kind == 3) {
        messages.add(new Message(record, new StreamMessage.End(0)));
      }
      sample += samples;
      sequence++;
      record += 1 + random.nextInt(3);
      if (last || kind == 4) {
        epoch = AudioChunk.timeOf(epoch, sample, RATE_HZ).plusSeconds(5);
        sample = 0;
        sequence = 0;
      }
    }
    long newest = messages.get(messages.size() - 1).recordOffset();
    messages.add(new Message(newest, new StreamMessage.End(0)));
  }

  private static AudioChunk chunk(
      long record,
      long sequence,
      long sample,
      Instant epoch,
      int samples,
      boolean loud,
      boolean last) {
    ByteBuffer pcm = ByteBuffer.allocate(2 * samples);
    for (int i = 0; i < samples && loud; i++) {
      pcm.putShort((short) ((i % 20 - 10) * 1_000));
    }
    return new AudioChunk(
        STREAM,
        ASSIGNMENT.partition(),
        record,
        sequence,
        sample,
        AudioChunk.timeOf(epoch, sample, RATE_HZ),
        new AudioFormat(AudioFormat.Encoding.L16, RATE_HZ, 1),
        pcm.array(),
        last);
  }

  static AudioChunk at(AudioChunk c, long record) {
    return new AudioChunk(
        c.stream(),
        c.partition(),
        record,
        c.sequence(),
        c.sampleOffset(),
        c.captureTime(),
        c.format(),
        c.payload(),
        c.last());
  }

  static StreamMessage.Chunk message(AudioChunk chunk, Instant appended) {
    return new StreamMessage.Chunk(
        0, chunk, record(chunk, appended.toEpochMilli(), TimestampType.LOG_APPEND_TIME));
  }

  private static StreamMessage.Rejected rejected(AudioChunk c, Instant appended) {
    return new StreamMessage.Rejected(
        0,
        record(c, appended.toEpochMilli(), TimestampType.LOG_APPEND_TIME),
        c.sequence(),
        c.sampleOffset(),
        new Rejection(Rejection.Reason.BAD_CONTENT_TYPE, "content-type", "x", "must be audio"));
  }

  static ConsumerRecord<byte[], byte[]> record(AudioChunk c, long millis, TimestampType type) {
    return new ConsumerRecord<>(
        "audio.chunks",
        c.partition(),
        c.recordOffset(),
        millis,
        type,
        0,
        c.payload().length,
        new byte[0],
        c.payload(),
        new RecordHeaders(),
        Optional.empty());
  }

  static StreamTrack track(StreamTrack.State state) {
    return new StreamTrack(STREAM, SPEC, GATE_DBFS, DECODER, state);
  }

  static DetectorModel model(Combination how, int classes) {
    return model(how, classes, 5, 5);
  }

  /** With this stream's least length and gap. */
  DetectorModel ownModel(Combination how, int classes) {
    return model(how, classes, minLengthFrames, minGapFrames);
  }

  private static DetectorModel model(
      Combination how, int classes, int minLengthFrames, int minGapFrames) {
    float[] on = new float[classes];
    float[] off = new float[classes];
    int[] minLength = new int[classes];
    List<String> labels = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      on[c] = .5f;
      off[c] = .35f;
      minLength[c] = minLengthFrames;
      labels.add("label" + c);
    }
    return new DetectorModel(
        labels,
        1,
        SPEC,
        new DecoderSettings(how, on, off, minLength, minGapFrames),
        "adapter",
        "backbone");
  }

  /** An adapter with labels of its own. */
  static AdapterFacts facts(String digest, int classes) {
    List<String> labels = new ArrayList<>();
    Map<String, Threshold> thresholds = new TreeMap<>();
    for (int c = 0; c < classes; c++) {
      String label = digest.equals("adapter") ? "label" + c : digest + " label" + c;
      labels.add(label);
      thresholds.put(label, new Threshold(.5, .35));
    }
    return new AdapterFacts(digest, labels, 1, thresholds);
  }

  static DetectSettings settings(int windows) {
    return settings(Combination.MEAN, 0, 0, windows, DetectSettings.Overload.PROCESS_ALL);
  }

  static DetectSettings settings(int windows, DetectSettings.Overload overload) {
    return settings(Combination.MEAN, 0, 0, windows, overload);
  }

  /** As {@link #ownModel}. */
  DetectSettings ownSettings(Combination how, int windows) {
    return settings(
        how, minLengthFrames, minGapFrames, windows, DetectSettings.Overload.PROCESS_ALL);
  }

  private static DetectSettings settings(
      Combination how,
      int minLengthFrames,
      int minGapFrames,
      int windows,
      DetectSettings.Overload overload) {
    return new DetectSettings(
        how,
        how,
        Map.of(),
        Duration.ofMillis(10L * minLengthFrames),
        Duration.ofMillis(10L * minGapFrames),
        windows,
        Duration.ofSeconds(1),
        overload,
        Map.of());
  }

  /** All the source gives, in order. */
  List<Message> messages() {
    return messages;
  }

  /** What the source gives a stream that goes on from {@code progress}; all where that is null. */
  List<Message> messages(@Nullable StreamProgress progress, LongPredicate deleted) {
    if (progress == null) {
      return messages;
    }
    List<Message> rest = new ArrayList<>();
    for (Message m : messages) {
      boolean due =
          m.message() instanceof StreamMessage.End
              ? m.recordOffset() > progress.throughOffset()
                  || m.recordOffset() == progress.throughOffset() && !progress.ended()
              : m.recordOffset() >= progress.resumeOffset() && !deleted.test(m.recordOffset());
      if (due) {
        rest.add(m);
      }
    }
    return rest;
  }

  long firstRecord() {
    return messages.get(0).recordOffset();
  }

  /** What the track makes of all messages. */
  List<StreamTrack.Event> events() {
    StreamTrack track = track(StreamTrack.State.startAt(0));
    List<StreamTrack.Event> events = new ArrayList<>();
    for (Message m : messages) {
      if (m.message() instanceof StreamMessage.Chunk c) {
        track.accept(c.chunk(), c.record().timestamp());
      } else if (m.message() instanceof StreamMessage.Rejected r) {
        track.rejected(r.record().offset(), r.sequence(), r.sampleOffset());
      } else {
        track.end();
      }
      for (var event = track.next(true); event != null; event = track.next(true)) {
        events.add(event);
      }
    }
    return events;
  }

  /** Windows of {@link #events}. */
  List<MelWindow> windows() {
    return events().stream()
        .filter(StreamTrack.Window.class::isInstance)
        .map(e -> ((StreamTrack.Window) e).window())
        .toList();
  }

  /** Posteriors of a window; slow waves, so that events of many windows come. */
  float[] posteriors(long index, int classes) {
    float[] p = new float[classes];
    for (int c = 0; c < classes; c++) {
      p[c] = .7f * noise(31 * c + index / 7) + .3f * noise(7_777 * (c + 1) + index);
    }
    return p;
  }

  /** As another adapter scores the window. */
  float[] posteriors(long index, AdapterFacts adapter) {
    boolean first = adapter.digest().equals("adapter");
    return posteriors(
        first ? index : index + 10_007L * adapter.digest().hashCode(), adapter.labels().size());
  }

  /** Windows on which the scorer fails. */
  boolean unscored(long index) {
    return noise(-index) < .15f;
  }

  /** From 0 to 1, by the number alone. */
  private float noise(long number) {
    return new SplittableRandom(seed + 1_000_003 * number).nextFloat();
  }
}
