package dev.lookaside.ingest.send;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;

/**
 * Composes streams whose truth is known: whole clips over a looped background. The same seed gives
 * the same bytes on every machine (only exact or strict arithmetic). Has no state beyond its
 * arguments, so any number of threads may compose with one.
 */
public final class SceneComposer {
  private static final double FADE_SECONDS = 0.1;
  private static final double PEAK = 0.99;
  private static final double SILENT_RMS = 1e-7;
  private static final double BED_SECONDS = 20;

  private final SceneSettings settings;
  private final int rateHz;
  private final Map<String, List<LabelledClip>> byLabel = new TreeMap<>();
  private final @Nullable Pcm background;
  private final List<Pcm> distractors;
  private final double distractorShare;

  /** One sound at its place; a distractor has no label. */
  private record Placed(@Nullable String label, Pcm pcm, int fromSample) {
    int untilSample() {
      return fromSample + pcm.lengthSamples();
    }
  }

  /**
   * @param clips all at one rate, which becomes the scene's
   * @param background at the same rate, looped; null: {@link BackgroundNoise#pink}
   */
  public SceneComposer(SceneSettings settings, List<LabelledClip> clips, @Nullable Pcm background) {
    this(settings, clips, background, List.of(), 0);
  }

  /**
   * With sounds that are none of the labels and therefore no events.
   *
   * @param distractors at the clips' rate, not silent
   * @param distractorShare chance, 0 to 1, that the next sound is one of them; without distractors
   *     it does not count
   */
  public SceneComposer(
      SceneSettings settings,
      List<LabelledClip> clips,
      @Nullable Pcm background,
      List<Pcm> distractors,
      double distractorShare) {
    if (clips.isEmpty()) {
      throw new IngestException("clips \"0\": must be 1 or more");
    }
    this.settings = settings;
    this.rateHz = clips.get(0).pcm().rateHz();
    for (LabelledClip clip : clips) {
      check("clip \"%s\"".formatted(clip.label()), clip.pcm());
      byLabel.computeIfAbsent(clip.label(), l -> new ArrayList<>()).add(clip);
    }
    if (background != null) {
      checkRate("background", background);
    }
    this.background = background;
    distractors.forEach(d -> check("distractor", d));
    this.distractors = List.copyOf(distractors);
    if (!(distractorShare >= 0 && distractorShare < 1)) {
      throw new IngestException(
          "distractorShare \"%s\": must be at least 0 and below 1".formatted(distractorShare));
    }
    this.distractorShare = distractorShare;
  }

  private void check(String what, Pcm pcm) {
    checkRate(what.replace("\"", ""), pcm);
    if (rms(pcm.samples()) < SILENT_RMS) {
      throw new IngestException(what + ": must not be silent");
    }
  }

  private void checkRate(String what, Pcm pcm) {
    if (pcm.rateHz() != rateHz) {
      throw new IngestException(
          "rate of %s \"%d\": must be %d like the other sounds'"
              .formatted(what, pcm.rateHz(), rateHz));
    }
  }

  /** Composes the scene of {@code seed}. Every event lies wholly inside it. */
  public Scene compose(long seed) {
    RandomGenerator random = random(seed);
    int length = (int) Math.round(settings.seconds() * rateHz);
    List<Placed> placed = place(random, length);
    double[] mix = background(random, length);
    for (Placed p : placed) {
      float[] samples = p.pcm.samples();
      double snrDb =
          settings.minSnrDb() + random.nextDouble() * (settings.maxSnrDb() - settings.minSnrDb());
      double gain = settings.backgroundRms() * decibels(snrDb) / rms(samples);
      for (int i = 0; i < samples.length; i++) {
        mix[p.fromSample + i] += gain * samples[i];
      }
    }
    return new Scene(new Pcm(rateHz, withinFullScale(mix)), events(placed));
  }

  private List<LabelledEvent> events(List<Placed> placed) {
    List<LabelledEvent> events = new ArrayList<>();
    for (Placed p : placed) {
      String label = p.label;
      if (label != null) {
        events.add(
            new LabelledEvent(
                label, (double) p.fromSample / rateHz, (double) p.untilSample() / rateHz));
      }
    }
    events.sort(
        Comparator.comparingDouble(LabelledEvent::onsetSeconds)
            .thenComparing(LabelledEvent::label));
    return events;
  }

  /** Labels come in shuffled rounds, so that every class occurs about equally often. */
  private List<Placed> place(RandomGenerator random, int length) {
    List<Placed> placed = new ArrayList<>();
    List<String> round = new ArrayList<>();
    int freeFrom = 0;
    while (true) {
      Placed next;
      if (!distractors.isEmpty() && random.nextDouble() < distractorShare) {
        Pcm distractor = distractors.get(random.nextInt(distractors.size()));
        next = new Placed(null, distractor, onset(random, placed, freeFrom, null));
      } else {
        if (round.isEmpty()) {
          round.addAll(byLabel.keySet());
          shuffle(round, random);
        }
        List<LabelledClip> clips = byLabel.getOrDefault(round.remove(0), List.of());
        LabelledClip clip = clips.get(random.nextInt(clips.size()));
        int from = onset(random, placed, freeFrom, clip.label());
        next = new Placed(clip.label(), clip.pcm(), from);
      }
      if (next.untilSample() > length) {
        return placed;
      }
      placed.add(next);
      freeFrom = Math.max(freeFrom, next.untilSample());
    }
  }

  private int onset(
      RandomGenerator random, List<Placed> placed, int freeFrom, @Nullable String label) {
    double gap =
        settings.minGapSeconds()
            + random.nextDouble() * (settings.maxGapSeconds() - settings.minGapSeconds());
    boolean overlap = random.nextDouble() < settings.overlapProbability();
    double within = random.nextDouble();
    if (overlap && !placed.isEmpty()) {
      Placed last = placed.get(placed.size() - 1);
      int from = last.fromSample + (int) (within * last.pcm.lengthSamples());
      if (from >= lastEnd(placed, label) && !Objects.equals(last.label, label)) {
        return from;
      }
    }
    return freeFrom + (int) (gap * rateHz);
  }

  /** From where an event of {@code label} may start again. */
  private int lastEnd(List<Placed> placed, @Nullable String label) {
    int end = 0;
    for (Placed p : placed) {
      if (Objects.equals(p.label, label)) {
        end = Math.max(end, p.untilSample() + (int) (settings.minGapSeconds() * rateHz));
      }
    }
    return end;
  }

  private static void shuffle(List<String> list, RandomGenerator random) {
    for (int i = list.size() - 1; i > 0; i--) {
      Collections.swap(list, i, random.nextInt(i + 1));
    }
  }

  /** The bed from a random place on, looped with a cross-fade, at the wanted level. */
  private double[] background(RandomGenerator random, int length) {
    Pcm bed =
        background == null
            ? BackgroundNoise.pink(random.nextLong(), rateHz, BED_SECONDS)
            : background;
    float[] samples = bed.samples();
    int fade = (int) Math.min(FADE_SECONDS * rateHz, samples.length / 4);
    int loop = samples.length - fade;
    int start = random.nextInt(Math.max(1, loop));
    double[] out = new double[length];
    for (int i = 0; i < length; i++) {
      int p = (int) ((start + (long) i) % loop);
      double x = samples[p];
      if (p < fade) {
        double in = (double) p / fade;
        x = Math.sqrt(in) * x + Math.sqrt(1 - in) * samples[loop + p];
      }
      out[i] = x;
    }
    double level = Math.max(SILENT_RMS, rms(samples));
    for (int i = 0; i < length; i++) {
      out[i] *= settings.backgroundRms() / level;
    }
    return out;
  }

  private static float[] withinFullScale(double[] mix) {
    double peak = PEAK;
    for (double x : mix) {
      peak = Math.max(peak, Math.abs(x));
    }
    float[] out = new float[mix.length];
    for (int i = 0; i < mix.length; i++) {
      out[i] = (float) (mix[i] * (PEAK / peak));
    }
    return out;
  }

  private static double rms(float[] samples) {
    double sum = 0;
    for (float x : samples) {
      sum += (double) x * x;
    }
    return Math.sqrt(sum / Math.max(1, samples.length));
  }

  static double decibels(double db) {
    return StrictMath.pow(10, db / 20);
  }

  static RandomGenerator random(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }
}
