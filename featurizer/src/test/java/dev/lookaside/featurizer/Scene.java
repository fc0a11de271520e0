package dev.lookaside.featurizer;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
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

/** A random stream on a partition: chunks of noise and tones, with losses, repeats and poison. */
final class Scene {
  static final StreamId STREAM = new StreamId("kitchen/1");
  static final int PARTITION = 3;
  static final AudioDecoder DECODER = new AudioDecoder(ChannelPolicy.MIX, 1 << 20);
  static final Instant EPOCH = Instant.parse("2026-11-23T08:00:00.123456789Z");

  /** What lies on the partition: a chunk, what the source rejected, or the stream falls idle. */
  sealed interface Entry {
    /** Of an end: that of the record before it. */
    long recordOffset();
  }

  record Chunk(AudioChunk chunk) implements Entry {
    @Override
    public long recordOffset() {
      return chunk.recordOffset();
    }
  }

  record Rejected(long recordOffset, long sequence, long sampleOffset) implements Entry {}

  record End(long recordOffset) implements Entry {}

  final FeatureSpec spec;
  int rateHz;
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
      int kind = trouble && !anew ? random.nextInt(14) : 13;
      boolean last = kind == 5;
      AudioChunk chunk = chunk(from - base, from, until, last);
      if (kind == 0) {
        nextRecord--; // never arrived
      } else if (kind == 1) {
        entries.add(new Chunk(poisoned(chunk)));
      } else if (kind == 2) {
        entries.add(new Rejected(chunk.recordOffset(), chunk.sequence(), chunk.sampleOffset()));
      } else {
        entries.add(new Chunk(chunk));
      }
      if (kind == 3) {
        entries.add(new Chunk(at(chunk, nextRecord++)));
      }
      if (kind == 7 && !entries.isEmpty()) {
        entries.add(new End(nextRecord - 1));
      }
      nextRecord += random.nextInt(3); // other streams' records
      sequence++;
      from = until;
      if (last || kind == 6) {
        // The sender starts again, with or without having said that it stopped.
        epoch = AudioChunk.timeOf(epoch, from - base, rateHz).plusSeconds(5);
        base = from;
        sequence = 0;
        rateHz = random.nextInt(4) == 0 ? rate(random, spec.frontEnd()) : rateHz;
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
        PARTITION,
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

  StreamTrack track(StreamTrack.State state, double gateDbfs) {
    return new StreamTrack(STREAM, spec, gateDbfs, DECODER, state);
  }

  /** All events when reading starts at a record and ends as an idle stream does. */
  List<StreamTrack.Event> readFrom(long recordOffset, double gateDbfs) {
    return read(StreamTrack.State.startAt(recordOffset), gateDbfs, 0, 0);
  }

  /**
   * All events of a track that goes on from {@code state}, by the source's rule: it is given the
   * records from the state's resume offset on, and the ends that come after its newest record.
   *
   * @param goneFrom records from here on...
   * @param goneUntil ...to before here were deleted
   */
  List<StreamTrack.Event> read(
      StreamTrack.State state, double gateDbfs, long goneFrom, long goneUntil) {
    StreamTrack track = track(state, gateDbfs);
    List<StreamTrack.Event> events = new ArrayList<>();
    for (Entry entry : entries) {
      boolean gone = entry.recordOffset() >= goneFrom && entry.recordOffset() < goneUntil;
      if (entry instanceof End) {
        if (entry.recordOffset() >= state.throughOffset()) {
          track.end();
        }
      } else if (entry.recordOffset() >= state.resumeOffset() && !gone) {
        give(entry, track);
      }
      pull(track, events);
    }
    track.end();
    pull(track, events);
    return events;
  }

  private static void give(Entry entry, StreamTrack track) {
    if (entry instanceof Chunk c) {
      track.accept(c.chunk(), logTime(c.chunk()));
    } else if (entry instanceof Rejected r) {
      track.rejected(r.recordOffset(), r.sequence(), r.sampleOffset());
    }
  }

  /** The broker gets a chunk a little later than its record's number of milliseconds. */
  static long logTime(AudioChunk chunk) {
    return 1_000_000 + chunk.recordOffset();
  }

  private static void pull(StreamTrack track, List<StreamTrack.Event> events) {
    for (var event = track.next(true); event != null; event = track.next(true)) {
      events.add(event);
    }
  }

  static List<MelWindow> windows(List<StreamTrack.Event> events) {
    List<MelWindow> windows = new ArrayList<>();
    for (StreamTrack.Event event : events) {
      if (event instanceof StreamTrack.Window window) {
        windows.add(window.window());
      }
    }
    return windows;
  }
}
