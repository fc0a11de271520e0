package dev.lookaside.deploy.bench;

import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Seed;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Sets of labels as people might give them: a set names all that sounds on one stream. What sounds
 * there is played at other speeds and levels than in the trainer's store, which holds the bundled
 * sounds, as it does beside the demo. The same for the same arguments.
 */
final class LabelSets {
  /** Every fourth sound of a class, as the trainer's service holds them out. */
  private static final int HELD_OUT_EVERY = 4;

  /** Sounds of a stream are played at this speed at least: what the store has is not the same. */
  private static final double SLOWEST = .88;

  /** The bundled clips' and the bundled model's. */
  private static final int RATE_HZ = 16_000;

  /** What of a stream is kept with a label: a window. */
  private static final double CONTEXT_SECONDS = 1.3;

  private static final double SECONDS_PER_LABEL = 6;
  private static final double BED_SECONDS = 20;
  private static final double UNSEEN_SECONDS = 120;
  private static final SceneSettings STREAM = new SceneSettings(1, .5, 2.5, 6, 24, 0, .01);

  /** How many of a set's labels are wrong. */
  enum Wrong {
    NONE,
    /** Every second one. */
    HALF,
    ALL;

    boolean is(int number) {
      return this == ALL || this == HALF && number % 2 == 0;
    }

    /** In tables. */
    String word() {
      return switch (this) {
        case NONE -> "right";
        case HALF -> "half wrong";
        case ALL -> "random";
      };
    }

    /** In JSON. */
    String key() {
      return this == HALF ? "halfWrong" : word();
    }
  }

  /**
   * What a set is.
   *
   * @param number of the set; sets of one number differ in their names alone
   * @param labels how many
   * @param newClass whether they name a class that the model does not know, else its own
   */
  record Kind(int number, int labels, boolean newClass, Wrong wrong) {
    /** A stream is one recording for ten minutes: of each label, of all, or of halves of them. */
    int recording(int label) {
      return switch (number % 3) {
        case 0 -> label;
        case 1 -> 0;
        default -> label % 2;
      };
    }
  }

  private final ExampleStore store;
  private final List<String> names;
  private final long seed;
  private final List<LabelledClip> sounds;
  private final List<StoredExample> known;

  /**
   * @param store to put sounds into; stays the caller's to close
   * @param names the model's classes
   * @param sounds of these classes, that occur on streams
   */
  LabelSets(ExampleStore store, List<String> names, List<LabelledClip> sounds, long seed) {
    this.store = store;
    this.names = List.copyOf(names);
    this.sounds = List.copyOf(sounds);
    this.seed = seed;
    this.known = known(store);
  }

  /** What the store of a trainer holds once these labels have come. */
  List<StoredExample> examples(Kind kind) {
    Scene scene = scene(kind);
    Random random = new Random(Seeds.mix(seed, 3, kind.number(), kind.labels()));
    List<LabelledEvent> wanted = new ArrayList<>();
    List<LabelledEvent> others = new ArrayList<>();
    for (LabelledEvent e : scene.events()) {
      boolean own = !kind.newClass() || e.label().equals(BundledClips.NEW_CLASS);
      (own ? wanted : others).add(e);
    }
    List<StoredExample> examples = new ArrayList<>(known);
    for (int i = 0; i < kind.labels(); i++) {
      boolean wrong = kind.wrong().is(i);
      LabelledEvent event = kind.newClass() && wrong ? others.get(i) : wanted.get(i);
      String other = other(event.label(), random);
      String className = kind.newClass() ? BundledClips.NEW_CLASS : wrong ? other : event.label();
      examples.add(labelled(kind, i, className, scene, event));
    }
    return examples;
  }

  /** As the trainer's service puts them in. */
  private static List<StoredExample> known(ExampleStore store) {
    List<StoredExample> known = new ArrayList<>();
    Map<String, Integer> counts = new HashMap<>();
    for (BundledClips.Named named : BundledClips.named()) {
      String label = named.clip().label();
      boolean held = counts.merge(label, 1, Integer::sum) % HELD_OUT_EVERY == 0;
      Pcm pcm = named.clip().pcm();
      known.add(
          store.putSeed(
              new Seed(
                  Optional.of(label),
                  named.path(),
                  pcm,
                  0,
                  pcm.seconds(),
                  Optional.of(held ? Split.HELD_OUT : Split.TRAIN),
                  "seed")));
    }
    return known;
  }

  private Scene scene(Kind kind) {
    long own = Seeds.mix(seed, 2, kind.number(), kind.labels(), kind.newClass() ? 1 : 0);
    List<LabelledClip> clips = atOtherSpeeds(own);
    if (kind.newClass()) {
      List<LabelledClip> its = newClass(own);
      // Half of the recordings; one class of all others, so that every second sound is of the new.
      List<LabelledClip> both = new ArrayList<>(its.subList(0, its.size() / 2));
      clips.forEach(c -> both.add(new LabelledClip("other", c.pcm())));
      clips = both;
    }
    int wanted = kind.newClass() ? 2 * kind.labels() : kind.labels();
    for (double seconds = SECONDS_PER_LABEL * wanted; ; seconds *= 2) {
      Scene scene = composed(clips, seconds, own);
      // Classes come in turn, so that of two each has half, but for the last.
      if (scene.events().size() > wanted) {
        return scene;
      }
    }
  }

  /**
   * Sounds of the new class that the sets of a number do not hold, among others.
   *
   * @param number of the sets
   * @param labels as in their kind
   */
  Scene unseen(int number, int labels) {
    long own = Seeds.mix(seed, 2, number, labels, 1);
    List<LabelledClip> its = newClass(own);
    List<LabelledClip> clips = new ArrayList<>(its.subList(its.size() / 2, its.size()));
    clips.addAll(sounds);
    return composed(clips, UNSEEN_SECONDS, own);
  }

  /**
   * A stream on which all known classes and the new one sound, each as often.
   *
   * @param ofLabels whether the new class's recordings are those that labels may be of, else the
   *     others
   */
  Scene stream(int number, boolean ofLabels, double seconds) {
    long own = Seeds.mix(seed, 4, number, ofLabels ? 1 : 0);
    List<LabelledClip> its = newClass(Seeds.mix(seed, 5, number));
    int half = its.size() / 2;
    List<LabelledClip> clips =
        new ArrayList<>(ofLabels ? its.subList(0, half) : its.subList(half, its.size()));
    clips.addAll(atOtherSpeeds(own));
    return composed(clips, seconds, own);
  }

  /** All recordings of the new class, shuffled. */
  private static List<LabelledClip> newClass(long seed) {
    List<LabelledClip> all =
        new ArrayList<>(
            Stream.of(false, true).flatMap(b -> BundledClips.loadNewClass(b).stream()).toList());
    Collections.shuffle(all, new Random(seed));
    return all;
  }

  private static Scene composed(List<LabelledClip> clips, double seconds, long seed) {
    SceneSettings settings =
        new SceneSettings(
            seconds,
            STREAM.minGapSeconds(),
            STREAM.maxGapSeconds(),
            STREAM.minSnrDb(),
            STREAM.maxSnrDb(),
            STREAM.overlapProbability(),
            STREAM.backgroundRms());
    return new SceneComposer(settings, clips, BackgroundNoise.pink(seed, RATE_HZ, BED_SECONDS))
        .compose(seed);
  }

  private List<LabelledClip> atOtherSpeeds(long own) {
    List<LabelledClip> clips = new ArrayList<>();
    Random speeds = new Random(Seeds.mix(own, 1));
    for (LabelledClip clip : sounds) {
      double speed = SLOWEST + speeds.nextDouble() * (1 / SLOWEST - SLOWEST);
      clips.add(new LabelledClip(clip.label(), SceneExamples.atSpeed(speed, clip.pcm())));
    }
    return clips;
  }

  /** What the store holds before there are labels. */
  List<StoredExample> known() {
    return known;
  }

  private String other(String label, Random random) {
    int step = 1 + random.nextInt(names.size() - 1);
    return names.get(Math.floorMod(names.indexOf(label) + step, names.size()));
  }

  private StoredExample labelled(
      Kind kind, int number, String className, Scene scene, LabelledEvent e) {
    String recording =
        String.format(
            Locale.ROOT,
            "%s %d of %d, set %d, %s",
            kind.newClass() ? "new" : "known",
            kind.recording(number),
            kind.labels(),
            kind.number(),
            kind.wrong().word());
    Optional<String> label = Optional.of(className);
    return labelled(
        scene.audio(), e.onsetSeconds(), e.offsetSeconds(), recording, label, Optional.empty());
  }

  /**
   * A sound as a label of a stream would have put it there.
   *
   * @param label what sounds; empty: nothing that has a name
   * @param rejected what was detected and does not sound
   */
  StoredExample labelled(
      Pcm stream,
      double onsetSeconds,
      double offsetSeconds,
      String recording,
      Optional<String> label,
      Optional<String> rejected) {
    float[] all = stream.samples();
    int from = (int) (Math.max(0, onsetSeconds - CONTEXT_SECONDS) * RATE_HZ);
    int until = (int) Math.min(all.length, (offsetSeconds + CONTEXT_SECONDS) * (double) RATE_HZ);
    double start = (double) from / RATE_HZ;
    StoredExample put =
        store.putSeed(
            new Seed(
                label,
                recording,
                new Pcm(RATE_HZ, Arrays.copyOfRange(all, from, until)),
                onsetSeconds - start,
                offsetSeconds - start,
                Optional.of(Split.TRAIN),
                "bench"));
    return new StoredExample(
        put.number(),
        put.id(),
        "bench",
        put.label(),
        rejected,
        put.onset(),
        put.offset(),
        recording,
        Split.TRAIN,
        Origin.LABEL,
        "bench",
        Instant.EPOCH,
        Optional.of(put.id()),
        Optional.empty(),
        put.standing(),
        put.audioState(),
        Optional.empty(),
        put.audio());
  }
}
