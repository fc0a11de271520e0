package dev.lookaside.featurizer;

import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A random stream on a partition: chunks of noise and tones, with losses, repeats and poison. */
final class Scene {
  static final StreamId STREAM = new StreamId("kitchen/1");
  static final Assignment ASSIGNMENT = new Assignment(3, 1);
  static final AudioDecoder DECODER = new AudioDecoder(ChannelPolicy.MIX, 1 << 20);
  static final Instant EPOCH = Instant.parse("2026-11-23T08:00:00.123456789Z");

  /** What lies on the partition: a chunk, or what the source refused. */
  record Entry(@Nullable AudioChunk chunk, StreamFeaturizer.@Nullable Refused refused) {
    long recordOffset() {
      return chunk == null ? refused.recordOffset() : chunk.recordOffset();
    }
  }

  final FeatureSpec spec;
  final int rateHz;
  final float[] signal;
  final List<Entry> entries = new ArrayList<>();

  private final RandomGenerator random;
  private long nextRecord = 100;
  private long sequence;
  private Instant epoch = EPOCH;

  Scene(RandomGenerator random) {
    this.random = random;
    FrontEnd frontEnd = random.nextInt(3) > 0 ? FrontEnd.AST_FBANK : FrontEnd.EPIC_LOGMEL;
    int windowFrames = random.nextInt(1, 40);
    spec = new FeatureSpec(frontEnd, windowFrames, random.nextInt(1, windowFrames + 1));
    rateHz = rate(random, frontEnd);
    signal = signal(random, random.nextInt(1, rateHz));
  }

  static int rate(RandomGenerator random, FrontEnd frontEnd) {
    int[] usual = {8_000, 11_025, 16_000, 24_000, 44_100, 48_000, frontEnd.rateHz()};
    int pick = random.nextInt(usual.length + 1);
    return pick < usual.length ? usual[pick] : random.nextInt(8_000, 60_000);
  }

  static float[] signal(RandomGenerator random, int samples) {
    float[] signal = new float[samples];
    double step = random.nextDouble(3);
    double loud = Math.pow(10, -3 * random.nextDouble());
    double hiss = Math.pow(10, -5 * random.nextDouble());
    for (int i = 0; i < samples; i++) {
      signal[i] = (float) (loud * Math.sin(step * i) + hiss * (random.nextDouble() - 0.5));
    }
    return signal;
  }

  /** Cuts the signal at random; {@code trouble} adds losses, repeats, poison and new starts. */
  void cut(boolean trouble) {
    int longest = random.nextInt(1, 1 + Math.max(1, signal.length / random.nextInt(1, 12)));
    long base = 0; // of the stream's clock in the signal
    int from = 0;
    while (from < signal.length) {
      int until = Math.min(signal.length, from + random.nextInt(1, longest + 1));
      // A new start whose first chunk is lost cannot be told from a gap.
      boolean anew = sequence == 0 && base > 0;
      int kind = trouble && !anew ? random.nextInt(12) : 11;
      boolean last = kind == 5;
      AudioChunk chunk = chunk(from - base, from, until, last);
      if (kind == 0) {
        nextRecord--; // never arrived
      } else if (kind == 1) {
        entries.add(new Entry(poisoned(chunk), null));
      } else if (kind == 2) {
        entries.add(new Entry(null, refused(chunk)));
      } else {
        entries.add(new Entry(chunk, null));
      }
      if (kind == 3) {
        entries.add(new Entry(at(chunk, nextRecord++), null));
      }
      nextRecord += random.nextInt(3); // other streams' records
      sequence++;
      from = until;
      if (last || kind == 6) {
        // The sender starts again, with or without having said that it stopped.
        epoch = AudioChunk.timeOf(epoch, from - base, rateHz).plusSeconds(5);
        base = from;
        sequence = 0;
      }
    }
  }

  private AudioChunk chunk(long sampleOffset, int from, int until, boolean last) {
    byte[] payload = new byte[4 * (until - from)];
    ByteBuffer.wrap(payload)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .put(Arrays.copyOfRange(signal, from, until));
    return new AudioChunk(
        STREAM,
        ASSIGNMENT.partition(),
        nextRecord++,
        sequence,
        sampleOffset,
        AudioChunk.timeOf(epoch, sampleOffset, rateHz),
        new AudioFormat(AudioFormat.Encoding.F32LE, rateHz, 1),
        payload,
        last);
  }

  private static AudioChunk poisoned(AudioChunk c) {
    byte[] payload = c.payload().clone();
    ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).putFloat(0, Float.NaN);
    return new AudioChunk(
        c.stream(),
        c.partition(),
        c.recordOffset(),
        c.sequence(),
        c.sampleOffset(),
        c.captureTime(),
        c.format(),
        payload,
        c.last());
  }

  private static AudioChunk at(AudioChunk c, long recordOffset) {
    return new AudioChunk(
        c.stream(),
        c.partition(),
        recordOffset,
        c.sequence(),
        c.sampleOffset(),
        c.captureTime(),
        c.format(),
        c.payload(),
        c.last());
  }

  private static StreamFeaturizer.Refused refused(AudioChunk c) {
    return new StreamFeaturizer.Refused(
        ASSIGNMENT,
        c.recordOffset(),
        c.sequence(),
        c.sampleOffset(),
        new Rejection(Rejection.Reason.BAD_CONTENT_TYPE, "content-type", "x", "must be audio"));
  }

  /** All events when reading starts at a record and ends as an idle stream does. */
  List<StreamFeaturizer.Event> readFrom(long recordOffset, double gateDbfs) {
    StreamTrack track = new StreamTrack(STREAM, spec, gateDbfs, DECODER);
    List<StreamFeaturizer.Event> events = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.recordOffset() >= recordOffset) {
        if (entry.chunk() != null) {
          track.accept(ASSIGNMENT, entry.chunk());
        } else {
          track.refused(entry.refused());
        }
        pull(track, events);
      }
    }
    track.end();
    pull(track, events);
    return events;
  }

  private static void pull(StreamTrack track, List<StreamFeaturizer.Event> events) {
    for (var event = track.next(true); event != null; event = track.next(true)) {
      events.add(event);
    }
  }

  static List<MelWindow> windows(List<StreamFeaturizer.Event> events) {
    List<MelWindow> windows = new ArrayList<>();
    for (StreamFeaturizer.Event event : events) {
      if (event instanceof StreamFeaturizer.WindowReady ready) {
        windows.add(ready.window());
      } else if (event instanceof StreamFeaturizer.WindowSkipped skipped) {
        windows.add(skipped.window());
      }
    }
    return windows;
  }
}
