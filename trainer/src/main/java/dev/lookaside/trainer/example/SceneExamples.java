package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.LogMel;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.TrainerException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Windows of scenes composed anew for every epoch: clips composed over a background, with truth
 * exact to the sample, cut as streams are cut. {@link Targets} defines a window's targets. Holds
 * the log-mels of one epoch: scenes times seconds times 51 KB for {@code ast-fbank}.
 *
 * <p>Scenes vary by themselves; of the augmentation only what comes after the log-mel is used.
 */
public final class SceneExamples implements ExampleSource {
  private static final double BED_SECONDS = 20;

  /** Rates that are far from multiples of each other need large tables. */
  private static final int SPEED_STEP_HZ = 100;

  /**
   * Which scenes.
   *
   * @param scenes composed per epoch
   * @param hopFrames from one window of a scene to the next
   * @param speeds at which every clip is there, 0.5 to 2: 1.1 is a tenth shorter and higher (speed
   *     perturbation; Ko et al., 2015). Each one keeps the clips once more in memory
   * @param seed of everything random in them
   */
  public record Plan(
      int scenes, SceneSettings settings, int hopFrames, List<Double> speeds, long seed) {
    private static final double MIN_SPEED = 0.5;
    private static final double MAX_SPEED = 2;

    /** Copies. */
    public Plan {
      speeds = List.copyOf(speeds);
      if (scenes < 1 || hopFrames < 1 || speeds.isEmpty()) {
        throw new TrainerException(
            "scenes \"%d\", hop frames \"%d\", speeds \"%d\": must be at least 1"
                .formatted(scenes, hopFrames, speeds.size()));
      }
      for (double speed : speeds) {
        // Written so that NaN fails too.
        if (!(speed >= MIN_SPEED && speed <= MAX_SPEED)) {
          throw new TrainerException(
              "speed \"%s\": must be %s to %s".formatted(speed, MIN_SPEED, MAX_SPEED));
        }
      }
    }

    /** Clips as they are. */
    public Plan(int scenes, SceneSettings settings, int hopFrames, long seed) {
      this(scenes, settings, hopFrames, List.of(1.0), seed);
    }
  }

  /**
   * What no class sounds in, all at the clips' rate.
   *
   * @param backgrounds one is chosen for each scene; pink noise if there are none
   * @param distractors sounds of no class, composed into scenes as clips are, not silent
   * @param distractorShare chance, 0 up to 1, that the next sound is one of them
   */
  public record Unlabelled(List<Pcm> backgrounds, List<Pcm> distractors, double distractorShare) {
    public Unlabelled {
      backgrounds = List.copyOf(backgrounds);
      distractors = List.copyOf(distractors);
    }
  }

  private final ClipSet clips;
  private final List<LabelledClip> sounds = new ArrayList<>();
  private final Unlabelled unlabelled;
  private final WindowSpec spec;
  private final Plan plan;
  private final Augmentation augmentation;
  private final Targets targets;
  private final int windowsPerScene;

  /**
   * @param backgrounds at the clips' rate, one chosen for each scene; pink noise if there are none
   * @param columns whether a window has a row of targets per time column
   * @throws TrainerException if a scene is shorter than a window
   */
  public SceneExamples(
      ClipSet clips,
      List<Pcm> backgrounds,
      WindowSpec spec,
      boolean columns,
      Plan plan,
      Augmentation augmentation) {
    this(clips, new Unlabelled(backgrounds, List.of(), 0), spec, columns, plan, augmentation);
  }

  /** With more than backgrounds that belong to no class. Errors as the other one. */
  public SceneExamples(
      ClipSet clips,
      Unlabelled unlabelled,
      WindowSpec spec,
      boolean columns,
      Plan plan,
      Augmentation augmentation) {
    this.clips = clips;
    this.unlabelled = unlabelled;
    this.spec = spec;
    this.plan = plan;
    this.augmentation = augmentation;
    this.targets = new Targets(spec, columns, clips.labels().size());
    for (int i = 0; i < clips.size(); i++) {
      for (double speed : plan.speeds()) {
        sounds.add(
            LabelledClip.sounding(
                clips.labels().get(clips.label(i)), atSpeed(speed, clips.pcm(i))));
      }
    }
    long samples = Math.round(plan.settings().seconds() * spec.frontEnd().rateHz());
    long frames = spec.frontEnd().frameCount(samples);
    if (frames < spec.frames()) {
      throw new TrainerException(
          "scene seconds \"%s\": must hold a window of %d frames"
              .formatted(plan.settings().seconds(), spec.frames()));
    }
    windowsPerScene = 1 + Math.toIntExact((frames - spec.frames()) / plan.hopFrames());
  }

  /** As if it had been recorded at another rate than its own: 1.1 is a tenth shorter and higher. */
  public static Pcm atSpeed(double speed, Pcm pcm) {
    int rateHz = pcm.rateHz();
    int recordedHz = (int) Math.round(rateHz * speed / SPEED_STEP_HZ) * SPEED_STEP_HZ;
    return new Pcm(rateHz, Resampler.of(recordedHz, rateHz).clip(pcm.samples()));
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
    return plan.scenes() * windowsPerScene;
  }

  @Override
  public String identity() {
    List<Pcm> backgrounds = unlabelled.backgrounds();
    List<Pcm> distractors = unlabelled.distractors();
    return "scenes of %s %s %s over %s%s, %s rows %d"
        .formatted(
            clips.identity(),
            spec,
            plan,
            backgrounds.isEmpty() ? "pink noise" : Augmentation.identity(backgrounds),
            distractors.isEmpty()
                ? ""
                : " with %s of %s"
                    .formatted(unlabelled.distractorShare(), Augmentation.identity(distractors)),
            augmentation.identity(),
            targets.rows());
  }

  @Override
  public Epoch epoch(int epoch) {
    SplittableRandom seeds = new SplittableRandom(Seeds.mix(plan.seed(), epoch));
    List<List<LabelledEvent>> events = new ArrayList<>();
    List<float[]> logMels = new ArrayList<>();
    for (int s = 0; s < plan.scenes(); s++) {
      Scene scene = compose(seeds.nextLong());
      events.add(scene.events());
      logMels.add(LogMel.of(spec.frontEnd()).clip(scene.audio().samples()));
    }
    return new ComposedEpoch(epoch, events, logMels);
  }

  private Scene compose(long seed) {
    List<Pcm> backgrounds = unlabelled.backgrounds();
    Pcm background =
        backgrounds.isEmpty()
            ? BackgroundNoise.pink(seed, spec.frontEnd().rateHz(), BED_SECONDS)
            : backgrounds.get(Math.floorMod(seed, backgrounds.size()));
    return new SceneComposer(
            plan.settings(),
            sounds,
            background,
            unlabelled.distractors(),
            unlabelled.distractorShare())
        .compose(seed);
  }

  private final class ComposedEpoch implements Epoch {
    private final int epoch;
    private final List<List<LabelledEvent>> events;
    private final List<float[]> logMels;

    ComposedEpoch(int epoch, List<List<LabelledEvent>> events, List<float[]> logMels) {
      this.epoch = epoch;
      this.events = events;
      this.logMels = logMels;
    }

    @Override
    public int label(int index) {
      return -1;
    }

    @Override
    public Example example(int index, RandomGenerator random) {
      int scene = index / windowsPerScene;
      int fromFrame = index % windowsPerScene * plan.hopFrames();
      float[] window = spec.cut(logMels.get(scene), fromFrame);
      float[] wanted = new float[targets.values()];
      float[] weights = new float[targets.rows()];
      targets.scene(events.get(scene), clips.labels(), fromFrame, wanted, weights);
      augmentation.finish(window, spec, random);
      String name = "epoch %d scene %d frame %d".formatted(epoch, scene, fromFrame);
      return new Example(name, window, wanted, weights, Example.VARIES);
    }
  }
}
