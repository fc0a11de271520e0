package dev.lookaside.trainer.refit;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.head.BoundedCache;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredAudio;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Composes what heads are fitted to and judged on: scenes of the sounds that were there before the
 * labels, the same in every round, so that their embeddings can be cached; and each labelled sound
 * by itself over the same kind of background. Labelled sounds must not be scored where they were
 * recorded only: a head can learn the stream's noise instead of the sound, and then seems right on
 * every label of that stream.
 *
 * <p>Every scene has sounds of one fold alone, so a head that was fitted without a fold's scenes
 * has not seen their recordings. The same for the same arguments; for one thread.
 */
final class Scenes {
  /** Sounds of a class to choose from in one scene; it has room for fewer. */
  private static final int OF_A_CLASS = 8;

  /** Of each labelled sound: over the background, decibels; a spread such as scenes have. */
  private static final double[] SNR_DB = {16, 10};

  private static final double BED_SECONDS = 20;

  /**
   * A scene.
   *
   * @param fold whose recordings it has
   */
  record Composed(Scene scene, int fold) {}

  /** All that the audio depends on: labels of one sound may correct each other's times. */
  private record Sound(String id, Instant onset, Instant offset, double speed) {}

  private record Mix(Sound sound, long seed, double snrDb, double contextSeconds, int number) {}

  private final RoundPlan plan;
  private final RoundSounds sounds;
  private final RefitSettings settings;
  private final BoundedCache<Optional<Pcm>> cache;
  private final long seed;

  Scenes(RoundPlan plan, RoundSounds sounds, RefitTools tools) {
    this.plan = plan;
    this.sounds = sounds;
    this.settings = tools.settings();
    this.cache = tools.audio();
    this.seed = Seeds.mix(settings.seed(), 20);
  }

  /**
   * Of sounds that are not looked at one by one; in parallel, a scene is a function of its number.
   */
  List<Composed> olderScenes() {
    Map<String, List<String>> byLabel = new TreeMap<>();
    for (String id : plan.examples()) {
      if (!plan.corrections().contains(id)) {
        String label = sounds.example(id).label().orElseThrow();
        byLabel.computeIfAbsent(label, l -> new ArrayList<>()).add(id);
      }
    }
    SceneExamples.Unlabelled beds =
        sounds.unlabelled(
            plan.unlabelled().stream()
                .filter(id -> sounds.example(id).origin() != Origin.LABEL)
                .toList(),
            Seeds.mix(seed, 1));
    return IntStream.range(0, settings.headScenes())
        .parallel()
        .mapToObj(number -> olderScene(number, byLabel, beds))
        .flatMap(Optional::stream)
        .toList();
  }

  private Optional<Composed> olderScene(
      int number, Map<String, List<String>> byLabel, SceneExamples.Unlabelled beds) {
    int fold = number % RoundPlan.FOLDS;
    long own = Seeds.mix(seed, 2, number);
    List<LabelledClip> its = new ArrayList<>();
    byLabel.forEach(
        (label, ids) ->
            its.addAll(
                drawn(
                    ids.stream().filter(id -> plan.fold(id) == fold).toList(),
                    Seeds.mix(own, label.hashCode()))));
    if (its.isEmpty()) {
      return Optional.empty();
    }
    Pcm bed = beds.backgrounds().get(Math.floorMod(own, beds.backgrounds().size()));
    Scene scene =
        new SceneComposer(settings.scenes(), its, bed, beds.distractors(), beds.distractorShare())
            .compose(own);
    return Optional.of(new Composed(scene, fold));
  }

  /** Some of one class, each at a speed of its own. */
  private List<LabelledClip> drawn(List<String> ids, long own) {
    Random random = new Random(own);
    List<String> shuffled = new ArrayList<>(ids);
    Collections.shuffle(shuffled, random);
    List<LabelledClip> drawn = new ArrayList<>();
    for (String id : shuffled.subList(0, Math.min(OF_A_CLASS, shuffled.size()))) {
      double speed = settings.speeds().get(random.nextInt(settings.speeds().size()));
      read(id, speed).ifPresent(drawn::add);
    }
    return drawn;
  }

  private Optional<LabelledClip> read(String id, double speed) {
    return cache
        .of(sound(id, speed), () -> sounds.clip(id).map(c -> SceneExamples.atSpeed(speed, c.pcm())))
        .map(pcm -> new LabelledClip(sounds.example(id).label().orElseThrow(), pcm));
  }

  private Sound sound(String id, double speed) {
    StoredExample its = sounds.example(id);
    return new Sound(id, its.onset(), its.offset(), speed);
  }

  /**
   * A labelled sound over fresh noise, in several ways; the first, as it was recorded, is what it
   * is judged by. Empty if it is silent.
   *
   * @param contextSeconds of noise before and after it
   */
  List<Scene> alone(String id, double contextSeconds) {
    List<Double> speeds = new ArrayList<>(settings.speeds());
    speeds.remove(1.0);
    speeds.add(0, 1.0);
    List<Scene> alone = new ArrayList<>();
    for (int i = 0; i < Math.max(SNR_DB.length, speeds.size()); i++) {
      double snrDb = SNR_DB[i % SNR_DB.length];
      int number = i;
      double speed = speeds.get(i % speeds.size());
      read(id, speed)
          .ifPresent(
              clip ->
                  alone.add(
                      scene(
                          clip,
                          contextSeconds,
                          new Mix(sound(id, speed), seed, snrDb, contextSeconds, number))));
    }
    return alone;
  }

  /**
   * A labelled sound where it was recorded, of the class that its label names or rejects.
   *
   * @param contextSeconds of what was recorded before and after it
   */
  Scene recorded(String id, double contextSeconds) {
    StoredExample e = sounds.example(id);
    StoredAudio stored = e.heldAudio();
    double from = Math.max(0, stored.onsetSeconds() - contextSeconds);
    Pcm all = stored.read();
    int first = (int) (from * all.rateHz());
    double until = Math.ceil((stored.offsetSeconds() + contextSeconds) * all.rateHz());
    int end = (int) Math.min(all.lengthSamples(), until);
    String label = e.label().or(e::rejectedLabel).orElseThrow();
    return new Scene(
        all.part(first, end),
        List.of(
            new LabelledEvent(label, stored.onsetSeconds() - from, stored.offsetSeconds() - from)));
  }

  /** The noise depends on the sound alone: another label of the same audio has the same scene. */
  private Scene scene(LabelledClip clip, double contextSeconds, Mix mix) {
    Pcm audio = cache.of(mix, () -> Optional.of(mixed(clip.pcm(), mix))).orElseThrow();
    int rateHz = clip.pcm().rateHz();
    double onset = (double) Math.round(contextSeconds * rateHz) / rateHz;
    double offset = onset + clip.pcm().seconds();
    return new Scene(audio, List.of(new LabelledEvent(clip.label(), onset, offset)));
  }

  private Pcm mixed(Pcm clip, Mix how) {
    float[] sound = clip.samples();
    long own = Seeds.mix(seed, 3, Arrays.hashCode(sound), how.number());
    int rateHz = clip.rateHz();
    int context = (int) Math.round(how.contextSeconds() * rateHz);
    Pcm noise = BackgroundNoise.pink(own, rateHz, BED_SECONDS);
    float[] bed = noise.samples();
    double noiseGain = settings.scenes().backgroundRms() / noise.rms();
    double gain =
        settings.scenes().backgroundRms() * StrictMath.pow(10, how.snrDb() / 20) / clip.rms();
    float[] mix = new float[sound.length + 2 * context];
    for (int i = 0; i < mix.length; i++) {
      mix[i] = (float) (noiseGain * bed[i % bed.length]);
    }
    for (int i = 0; i < sound.length; i++) {
      mix[context + i] = Math.max(-1, Math.min(1, (float) (mix[context + i] + gain * sound[i])));
    }
    return new Pcm(rateHz, mix);
  }
}
