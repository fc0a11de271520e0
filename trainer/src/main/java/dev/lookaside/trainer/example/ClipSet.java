package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Labelled clips at a front end's rate, every one known to be readable. Samples stay in memory up
 * to an eighth of the heap; the clips beyond that are read again each time. Any thread may ask.
 */
public final class ClipSet {
  private static final long CACHE_SHARE = 8;

  private final FrontEnd frontEnd;
  private final List<String> labels;
  private final List<Clip> clips;
  private final List<String> skipped;
  private final AtomicReferenceArray<float[]> cache;
  private final AtomicLong cacheBytesLeft =
      new AtomicLong(Runtime.getRuntime().maxMemory() / CACHE_SHARE);
  private final String identity;
  private final SameSounds sameSounds;

  private ClipSet(FrontEnd frontEnd, List<String> labels, List<Clip> candidates, boolean strict) {
    this.frontEnd = frontEnd;
    this.labels = List.copyOf(labels);
    List<Clip> readable = new ArrayList<>();
    List<float[]> kept = new ArrayList<>();
    List<String> complaints = new ArrayList<>();
    SameSounds found = new SameSounds(labels);
    MessageDigest digest = Sha256.begin();
    labels.forEach(l -> digest.update((l + '\n').getBytes(StandardCharsets.UTF_8)));
    for (Clip clip : candidates) {
      try {
        float[] samples = read(clip, frontEnd);
        readable.add(clip);
        kept.add(keep(samples));
        update(digest, clip, samples);
        found.add(clip, samples);
      } catch (IngestException | TrainerException e) {
        String complaint = named(clip, e);
        if (strict) {
          throw new TrainerException(complaint, e);
        }
        complaints.add(complaint);
      }
    }
    this.sameSounds = found;
    this.clips = List.copyOf(readable);
    this.skipped = List.copyOf(complaints);
    this.cache = new AtomicReferenceArray<>(kept.toArray(new float[0][]));
    this.identity = HexFormat.of().formatHex(digest.digest());
    checkEveryClassSounds();
  }

  /**
   * Reads every clip once.
   *
   * @param strict whether a clip that cannot be read ends it; otherwise it is left out and {@link
   *     #skipped} names it
   * @throws TrainerException naming the clip, or the class of which no clip is left
   */
  public static ClipSet read(
      FrontEnd frontEnd, List<String> labels, List<Clip> clips, boolean strict) {
    return new ClipSet(frontEnd, labels, clips, strict);
  }

  private static float[] read(Clip clip, FrontEnd frontEnd) {
    Pcm pcm = clip.reader().get();
    float[] samples = Resampler.of(pcm.rateHz(), frontEnd.rateHz()).clip(pcm.samples());
    if (frontEnd.frameCount(samples.length) == 0) {
      throw new TrainerException(
          "%d samples at %d Hz are shorter than one frame of %s"
              .formatted(pcm.lengthSamples(), pcm.rateHz(), frontEnd));
    }
    return samples;
  }

  private static String named(Clip clip, RuntimeException e) {
    String message = String.valueOf(e.getMessage());
    return message.contains(clip.name()) ? message : clip.name() + ": " + message;
  }

  private float[] keep(float[] samples) {
    long bytes = (long) Float.BYTES * samples.length;
    boolean fits = cacheBytesLeft.addAndGet(-bytes) >= 0;
    if (!fits) {
      cacheBytesLeft.addAndGet(bytes);
    }
    return fits ? samples : new float[0];
  }

  private void checkEveryClassSounds() {
    TreeSet<Integer> silent = new TreeSet<>();
    for (int c = 0; c < labels.size(); c++) {
      silent.add(c);
    }
    clips.forEach(c -> silent.remove(c.label()));
    if (!silent.isEmpty()) {
      String all = skipped.isEmpty() ? "" : "; " + skipped.get(0);
      throw new TrainerException(
          "class \"%s\": no clip of it can be read (%d of %d clips cannot%s)"
              .formatted(
                  labels.get(silent.first()), skipped.size(), clips.size() + skipped.size(), all));
    }
  }

  public FrontEnd frontEnd() {
    return frontEnd;
  }

  public List<String> labels() {
    return labels;
  }

  public int size() {
    return clips.size();
  }

  public String name(int index) {
    return clips.get(index).name();
  }

  public int label(int index) {
    return clips.get(index).label();
  }

  /** What is wrong with each clip that was left out. */
  public List<String> skipped() {
    return skipped;
  }

  /** Which of them are silent or the same. */
  public SameSounds sameSounds() {
    return sameSounds;
  }

  /** Hex sha256 of labels, names and samples. */
  public String identity() {
    return identity;
  }

  /** A clip's samples at the front end's rate; shared, nobody writes to them. */
  float[] samples(int index) {
    float[] kept = cache.get(index);
    return kept.length > 0 ? kept : read(clips.get(index), frontEnd);
  }

  /** A clip with its rate; shared, nobody writes to it. */
  Pcm pcm(int index) {
    return new Pcm(frontEnd.rateHz(), samples(index));
  }

  /** Mean and standard deviation of log-mel values. */
  public record Statistics(float mean, float std) {}

  /**
   * What a new adapter normalises with: over the first {@code windowFrames} frames of all clips,
   * padding not counted.
   */
  public Statistics statistics(int windowFrames) {
    double sum = 0;
    double squares = 0;
    long count = 0;
    int until = Math.toIntExact(frontEnd.untilSample(windowFrames - 1));
    for (int i = 0; i < size(); i++) {
      float[] samples = samples(i);
      float[] start = Arrays.copyOf(samples, Math.min(samples.length, until));
      for (float x : LogMel.of(frontEnd).clip(start)) {
        sum += x;
        squares += (double) x * x;
        count++;
      }
    }
    double mean = sum / count;
    double variance = squares / count - mean * mean;
    return new Statistics((float) mean, (float) Math.sqrt(Math.max(1e-12, variance)));
  }

  private static void update(MessageDigest digest, Clip clip, float[] samples) {
    digest.update((clip.name() + '\n' + clip.label() + '\n').getBytes(StandardCharsets.UTF_8));
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * samples.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(samples);
    digest.update(bytes);
  }
}
