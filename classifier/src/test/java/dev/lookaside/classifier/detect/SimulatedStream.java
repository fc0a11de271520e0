package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.featurizer.Counts;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * Records of one stream with gaps in it, and what a featurizer tells of them from any record on.
 * What a window holds depends on its number alone, as with a real one.
 */
final class SimulatedStream {
  static final StreamId STREAM = new StreamId("sim");
  static final Assignment ASSIGNMENT = new Assignment(4, 9);
  static final Instant EPOCH = Instant.parse("2026-05-01T00:00:00Z");
  static final int WINDOW_FRAMES = 8;
  static final int HOP_FRAMES = 2;
  private static final int RATE_HZ = 16_000;
  private static final int FRAME = 400;
  private static final int STEP = 160;
  private static final float[][] ROWS = new float[WINDOW_FRAMES][1];

  /** A chunk: record offset and samples. */
  record Chunk(long recordOffset, long from, long until) {}

  private final long seed;
  private final int minLengthFrames;
  private final int minGapFrames;
  private final List<Chunk> chunks = new ArrayList<>();

  SimulatedStream(RandomGenerator random, int count) {
    this.seed = random.nextLong();
    this.minLengthFrames = random.nextInt(8);
    this.minGapFrames = random.nextInt(8);
    int longest = random.nextBoolean() ? 1_500 : 6_000;
    long sample = 0;
    long record = random.nextInt(100);
    for (int i = 0; i < count; i++) {
      if (i > 0 && random.nextInt(12) == 0) {
        sample += 1 + random.nextInt(5_000);
      }
      long until = sample + 100 + random.nextInt(longest);
      chunks.add(new Chunk(record, sample, until));
      sample = until;
      record += 1 + random.nextInt(3);
    }
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
    List<String> labels = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      on[c] = .5f;
      off[c] = .35f;
      labels.add("label" + c);
    }
    return new DetectorModel(
        labels,
        1,
        new FeatureSpec(FrontEnd.AST_FBANK, WINDOW_FRAMES, HOP_FRAMES),
        new DecoderSettings(how, on, off, minLengthFrames, minGapFrames),
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

  static DetectSettings settings(int windows, int publishes) {
    return settings(Combination.MEAN, 0, 0, windows, publishes);
  }

  /** As {@link #ownModel}. */
  DetectSettings ownSettings(Combination how, int windows, int publishes) {
    return settings(how, minLengthFrames, minGapFrames, windows, publishes);
  }

  private static DetectSettings settings(
      Combination how, int minLengthFrames, int minGapFrames, int windows, int publishes) {
    return new DetectSettings(
        how,
        how,
        Map.of(),
        Duration.ofMillis(10L * minLengthFrames),
        Duration.ofMillis(10L * minGapFrames),
        windows,
        publishes,
        Duration.ofSeconds(3_600),
        Duration.ofSeconds(1),
        2);
  }

  long firstRecord() {
    return chunks.get(0).recordOffset();
  }

  long endRecord() {
    return chunks.get(chunks.size() - 1).recordOffset() + 1;
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

  /** The silence gate: also a property of the window's audio. */
  boolean skipped(long index) {
    return noise(-index) < .1f;
  }

  /** From 0 to 1, by the number alone. */
  private float noise(long number) {
    return new SplittableRandom(seed + 1_000_003 * number).nextFloat();
  }

  /** All a featurizer tells that starts with the first record at or after {@code fromRecord}. */
  List<StreamFeaturizer.Event> events(long fromRecord) {
    List<StreamFeaturizer.Event> out = new ArrayList<>();
    List<Chunk> segment = new ArrayList<>();
    for (Chunk chunk : chunks) {
      if (chunk.recordOffset() < fromRecord) {
        continue;
      }
      Chunk before = segment.isEmpty() ? null : segment.get(segment.size() - 1);
      if (before != null && before.until() != chunk.from()) {
        segment(segment, out);
        out.add(gap(before, chunk));
        segment.clear();
      }
      segment.add(chunk);
    }
    segment(segment, out);
    out.add(new StreamFeaturizer.Ended(STREAM, ASSIGNMENT, endRecord() - 1, true));
    return out;
  }

  private void segment(List<Chunk> chunks, List<StreamFeaturizer.Event> out) {
    long from = chunks.get(0).from();
    long until = chunks.get(chunks.size() - 1).until();
    long k = CurveGrid.ceilDiv(from, (long) HOP_FRAMES * STEP);
    long frames = until < FRAME ? 0 : (until - FRAME) / STEP + 1;
    long seen = from;
    boolean first = true;
    long covered = k * HOP_FRAMES;
    while (covered < frames) {
      int valid = (int) Math.min(WINDOW_FRAMES, frames - k * HOP_FRAMES);
      SampleSpan span =
          new SampleSpan(k * HOP_FRAMES * STEP, (k * HOP_FRAMES + valid - 1) * (long) STEP + FRAME);
      MelWindow w = window(chunks, k, valid, span, Math.max(seen, span.fromSample()), first);
      boolean skip = skipped(k);
      out.add(skip ? new StreamFeaturizer.WindowSkipped(w) : new StreamFeaturizer.WindowReady(w));
      seen = span.untilSample();
      covered = k * HOP_FRAMES + valid;
      first = false;
      k++;
    }
    long windowed = out.stream().mapToLong(e -> share(e, from, until)).sum();
    out.add(
        new StreamFeaturizer.SegmentEnded(
            STREAM,
            EPOCH,
            new SampleSpan(from, until),
            RATE_HZ,
            until - from - windowed,
            ASSIGNMENT,
            chunks.get(chunks.size() - 1).recordOffset()));
    Counts counts = new Counts(until - from, 0, 0, 0, until - from - windowed, 0, 0, 0);
    out.add(new StreamFeaturizer.Counted(STREAM, RATE_HZ, counts));
  }

  private static long share(StreamFeaturizer.Event e, long from, long until) {
    MelWindow w = window(e);
    boolean here = w != null && w.span().fromSample() >= from && w.span().untilSample() <= until;
    return here ? w.freshSamples() : 0;
  }

  static MelWindow window(StreamFeaturizer.Event e) {
    if (e instanceof StreamFeaturizer.WindowReady ready) {
      return ready.window();
    }
    return e instanceof StreamFeaturizer.WindowSkipped skipped ? skipped.window() : null;
  }

  private MelWindow window(
      List<Chunk> chunks, long k, int valid, SampleSpan span, long fresh, boolean first) {
    long firstRecord = holder(chunks, span.fromSample());
    return new MelWindow(
        STREAM,
        EPOCH,
        k,
        valid,
        ROWS,
        RATE_HZ,
        span,
        span.untilSample() - fresh,
        time(span.fromSample()),
        time(span.untilSample()),
        ASSIGNMENT,
        firstRecord,
        holder(chunks, span.untilSample() - 1),
        firstRecord,
        first);
  }

  private static long holder(List<Chunk> chunks, long sample) {
    for (Chunk c : chunks) {
      if (c.from() <= sample && sample < c.until()) {
        return c.recordOffset();
      }
    }
    throw new AssertionError("no chunk holds sample " + sample);
  }

  private static StreamFeaturizer.Gap gap(Chunk before, Chunk after) {
    return new StreamFeaturizer.Gap(
        STREAM,
        EPOCH,
        new SampleSpan(before.until(), after.from()),
        RATE_HZ,
        time(before.until()),
        time(after.from()),
        StreamFeaturizer.Cause.GAP,
        ASSIGNMENT,
        after.recordOffset());
  }

  private static Instant time(long sample) {
    return EPOCH.plusNanos(sample * 1_000_000_000L / RATE_HZ);
  }
}
