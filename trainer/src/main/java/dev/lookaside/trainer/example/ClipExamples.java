package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.random.RandomGenerator;

/**
 * One window of every clip: its start, or with a random crop any part of it, zero-padded where the
 * clip is shorter. For a columns head the clip's class is the target of the columns that the clip
 * reaches; columns of padding have no weight.
 *
 * <p>Where the augmentation does not touch the waveform, log-mels are computed once and kept, up to
 * an eighth of the heap.
 */
public final class ClipExamples implements ExampleSource, ExampleSource.Epoch {
  private static final long CACHE_SHARE = 8;

  private final ClipSet clips;
  private final WindowSpec spec;
  private final Augmentation augmentation;
  private final Targets targets;
  private final AtomicReferenceArray<float[]> logMels;
  private final AtomicLong cacheBytesLeft =
      new AtomicLong(Runtime.getRuntime().maxMemory() / CACHE_SHARE);

  /**
   * @param clips at the front end of {@code spec}
   * @param columns whether a window has a row of targets per time column
   */
  public ClipExamples(ClipSet clips, WindowSpec spec, boolean columns, Augmentation augmentation) {
    if (clips.frontEnd() != spec.frontEnd()) {
      throw new IllegalArgumentException(
          "clips for %s, windows of %s".formatted(clips.frontEnd(), spec.frontEnd()));
    }
    this.clips = clips;
    this.spec = spec;
    this.augmentation = augmentation;
    this.targets = new Targets(spec, columns, clips.labels().size());
    this.logMels = new AtomicReferenceArray<>(clips.size());
  }

  @Override
  public List<String> labels() {
    return clips.labels();
  }

  @Override
  public int rows() {
    return targets.rows();
  }

  @Override
  public int size() {
    return clips.size();
  }

  @Override
  public String identity() {
    return "clips %s %s %s rows %d"
        .formatted(clips.identity(), spec, augmentation.identity(), targets.rows());
  }

  @Override
  public Epoch epoch(int epoch) {
    return this;
  }

  @Override
  public int label(int index) {
    return clips.label(index);
  }

  @Override
  public Example example(int index, RandomGenerator random) {
    float[] window;
    float[] wanted = new float[targets.values()];
    float[] weights = new float[targets.rows()];
    int validFrames;
    if (augmentation.keepsWaveform()) {
      float[] logMel = logMel(index);
      int frames = logMel.length / spec.frontEnd().mels();
      int from = cropFrame(frames, random);
      window = spec.cut(logMel, from);
      validFrames = Math.min(spec.frames(), frames - from);
      targets.clip(clips.label(index), 1, validFrames, wanted, weights);
    } else {
      float[] samples = crop(index, random);
      augmentation.applyToWaveform(samples, random);
      validFrames = frames(samples);
      if (random.nextDouble() < augmentation.mixup()) {
        int other = random.nextInt(clips.size());
        double share = Augmentation.mixShare(random);
        Augmentation.mix(samples, crop(other, random), share);
        targets.clip(clips.label(other), (float) (1 - share), validFrames, wanted, weights);
        targets.clip(clips.label(index), (float) share, validFrames, wanted, weights);
      } else {
        targets.clip(clips.label(index), 1, validFrames, wanted, weights);
      }
      window = spec.cut(LogMel.of(spec.frontEnd()).clip(samples), 0);
    }
    augmentation.finish(window, spec, random);
    int key = augmentation.equals(Augmentation.NONE) ? index : Example.VARIES;
    return new Example(clips.name(index), window, wanted, weights, key);
  }

  private int frames(float[] samples) {
    return (int) Math.min(spec.frames(), spec.frontEnd().frameCount(samples.length));
  }

  private int cropFrame(int frames, RandomGenerator random) {
    int spare = frames - spec.frames();
    return augmentation.randomCrop() && spare > 0 ? random.nextInt(spare + 1) : 0;
  }

  /** A copy of the part of a clip that the window shows. */
  private float[] crop(int index, RandomGenerator random) {
    float[] samples = clips.samples(index);
    FrontEnd frontEnd = spec.frontEnd();
    int frames = Math.toIntExact(frontEnd.frameCount(samples.length));
    int from = cropFrame(frames, random) * frontEnd.hopSamples();
    return Arrays.copyOfRange(samples, from, Math.min(samples.length, from + spec.samples()));
  }

  /** Log-mel of the whole clip, or of as much as a window from its start shows. */
  private float[] logMel(int index) {
    float[] kept = logMels.get(index);
    if (kept != null) {
      return kept;
    }
    float[] samples = clips.samples(index);
    int until = augmentation.randomCrop() ? samples.length : spec.samples();
    float[] start = Arrays.copyOf(samples, Math.min(samples.length, until));
    float[] logMel = LogMel.of(spec.frontEnd()).clip(start);
    long bytes = (long) Float.BYTES * logMel.length;
    if (cacheBytesLeft.get() >= bytes && logMels.compareAndSet(index, null, logMel)) {
      cacheBytesLeft.addAndGet(-bytes);
    }
    return logMel;
  }
}
