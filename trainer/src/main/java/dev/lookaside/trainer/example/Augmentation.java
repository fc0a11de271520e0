package dev.lookaside.trainer.example;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How an example varies each time it is drawn. In this order: random crop, gain, background, mixup
 * (all on the waveform), SpecAugment on the log-mel, and after normalisation noise and roll.
 *
 * @param randomCrop a clip longer than the window is cut at a random frame, not at its start
 * @param maxGainDb its level changes by up to this much, up or down
 * @param background sounds mixed under it; none if empty
 * @param mixup chance, 0 to 1, that it is mixed with another clip as AST does
 * @param spec masks and warp, if any
 * @param noiseAndRoll AST's for speech commands: uniform noise of random strength, and up to 10
 *     frames of rotation
 */
public record Augmentation(
    boolean randomCrop,
    double maxGainDb,
    Optional<Background> background,
    double mixup,
    Optional<SpecAugment> spec,
    boolean noiseAndRoll) {
  /** Nothing varies: an example is the same whenever it is drawn. */
  public static final Augmentation NONE =
      new Augmentation(false, 0, Optional.empty(), 0, Optional.empty(), false);

  private static final double NOISE_STRENGTH = 0.1;
  private static final int MAX_ROLL_FRAMES = 10;

  /** AST's lambda is Beta(10, 10): the 10th smallest of 19 uniform numbers. */
  private static final int BETA_DRAWS = 19;

  /**
   * Sounds under a clip.
   *
   * @param sounds at the front end's rate
   * @param minSnrDb least loudness of the clip over them (RMS over RMS)
   * @param maxSnrDb greatest
   * @param chance 0 to 1, that a clip gets one
   */
  public record Background(List<Pcm> sounds, double minSnrDb, double maxSnrDb, double chance) {
    public Background {
      sounds = List.copyOf(sounds);
      if (sounds.isEmpty()) {
        throw new TrainerException("background sounds \"0\": must be 1 or more");
      }
      between("background SNR", minSnrDb, -60, maxSnrDb);
      between("background chance", chance, 0, 1);
    }
  }

  public Augmentation {
    between("gain", maxGainDb, 0, 60);
    between("mixup", mixup, 0, 1);
  }

  private static void between(String name, double value, double min, double max) {
    // Written so that NaN fails too.
    if (!(value >= min && value <= max)) {
      throw new TrainerException("%s \"%s\": must be %s to %s".formatted(name, value, min, max));
    }
  }

  /** Names all that decides how examples vary. */
  String identity() {
    String under =
        background
            .map(
                b ->
                    "%s at %s to %s dB, chance %s"
                        .formatted(identity(b.sounds()), b.minSnrDb(), b.maxSnrDb(), b.chance()))
            .orElse("none");
    return "crop %s gain %s background %s mixup %s spec %s noise %s"
        .formatted(randomCrop, maxGainDb, under, mixup, spec, noiseAndRoll);
  }

  /** Names sounds by their samples. */
  static String identity(List<Pcm> sounds) {
    int hash = 1;
    for (Pcm sound : sounds) {
      hash = 31 * hash + Arrays.hashCode(sound.samples());
    }
    return "%d sounds %08x".formatted(sounds.size(), hash);
  }

  /** Whether the log-mel of a clip is the same each time it is drawn. */
  boolean keepsWaveform() {
    return maxGainDb == 0 && background.isEmpty() && mixup == 0;
  }

  /** Changes level and background of a waveform in place. */
  void applyToWaveform(float[] samples, RandomGenerator random) {
    if (maxGainDb > 0) {
      float gain = (float) decibels((2 * random.nextDouble() - 1) * maxGainDb);
      for (int i = 0; i < samples.length; i++) {
        samples[i] *= gain;
      }
    }
    if (background.isPresent() && random.nextDouble() < background.get().chance()) {
      addBackground(samples, background.get(), random);
    }
  }

  private static void addBackground(
      float[] samples, Background background, RandomGenerator random) {
    float[] sound = background.sounds().get(random.nextInt(background.sounds().size())).samples();
    int start = random.nextInt(sound.length);
    double snrDb =
        background.minSnrDb()
            + random.nextDouble() * (background.maxSnrDb() - background.minSnrDb());
    double level = rms(sound, start, samples.length);
    float gain =
        level == 0 ? 0 : (float) (rms(samples, 0, samples.length) / level / decibels(snrDb));
    for (int i = 0; i < samples.length; i++) {
      samples[i] += gain * sound[(start + i) % sound.length];
    }
  }

  /** Root mean square of {@code count} samples from {@code start} on, going round at the end. */
  private static double rms(float[] samples, int start, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      double x = samples[(start + i) % samples.length];
      sum += x * x;
    }
    return Math.sqrt(sum / Math.max(1, count));
  }

  /** The share of the first clip in a mixture, Beta(10, 10). */
  static double mixShare(RandomGenerator random) {
    return random.doubles(BETA_DRAWS).sorted().toArray()[BETA_DRAWS / 2];
  }

  /**
   * Mixes {@code other} into {@code samples} in place, each without its mean; {@code other} is cut
   * or padded with zeros to the length of {@code samples}.
   */
  static void mix(float[] samples, float[] other, double share) {
    double mean = mean(samples);
    double otherMean = mean(other);
    for (int i = 0; i < samples.length; i++) {
      double b = i < other.length ? other[i] - otherMean : 0;
      samples[i] = (float) (share * (samples[i] - mean) + (1 - share) * b);
    }
    float rest = (float) mean(samples);
    for (int i = 0; i < samples.length; i++) {
      samples[i] -= rest;
    }
  }

  private static double mean(float[] samples) {
    double sum = 0;
    for (float x : samples) {
      sum += x;
    }
    return sum / Math.max(1, samples.length);
  }

  /** Masks, normalises, adds noise and rolls: what comes after the log-mel. In place. */
  void finish(float[] window, WindowSpec spec, RandomGenerator random) {
    int mels = spec.frontEnd().mels();
    this.spec.ifPresent(s -> s.apply(window, mels, random));
    spec.normalise(window);
    if (noiseAndRoll) {
      float strength = (float) (NOISE_STRENGTH * random.nextDouble());
      for (int i = 0; i < window.length; i++) {
        window[i] += strength * random.nextFloat();
      }
      roll(window, mels * random.nextInt(-MAX_ROLL_FRAMES, MAX_ROLL_FRAMES));
    }
  }

  private static void roll(float[] window, int by) {
    float[] before = window.clone();
    for (int i = 0; i < window.length; i++) {
      window[Math.floorMod(i + by, window.length)] = before[i];
    }
  }

  private static double decibels(double db) {
    return StrictMath.pow(10, db / 20);
  }
}
