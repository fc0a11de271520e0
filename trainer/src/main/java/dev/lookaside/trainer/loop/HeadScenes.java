package dev.lookaside.trainer.loop;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Lays the scenes of the quick way. Standing ones hold what is there before anybody corrects
 * anything: they are the same in every round, so what the model makes of them can be kept. Fresh
 * ones hold the corrected classes, each beside a few others, so a handful of new sounds is heard
 * many times.
 *
 * <p>Every scene has sounds of one fold alone: recordings are dealt out to folds, so a head that
 * was fitted without a fold's scenes has not heard their recordings. The same for the same
 * arguments.
 */
final class HeadScenes {
  /** Fewer leave a class of three recordings none to fit on, more take as many fits. */
  static final int FOLDS = 3;

  /** Sounds of a class to choose from in one scene; it has room for fewer. */
  private static final int OF_A_CLASS = 8;

  /** Corrected classes of a fresh scene at most, and others: each sounds some times in 10 s. */
  private static final int TOGETHER = 2;

  /**
   * A scene.
   *
   * @param fold whose recordings it has
   */
  record Laid(Scene scene, int fold) {}

  private record Sound(String id, double speed) {}

  /** What the quiet is heard for. */
  enum Quiet {
    THRESHOLDS,
    JUDGEMENT
  }

  private final RoundSounds sounds;
  private final RefitSettings settings;
  private final List<Double> speeds;
  private final int folds;
  private final long seed;

  /** Of examples, at their speed: those that scenes have drawn, each read once. */
  private final Map<Sound, Optional<LabelledClip>> clips = new ConcurrentHashMap<>();

  private HeadScenes(
      RoundSounds sounds, RefitSettings settings, List<Double> speeds, int folds, long seed) {
    this.sounds = sounds;
    this.settings = settings;
    this.speeds = speeds;
    this.folds = folds;
    this.seed = seed;
  }

  /** To fit on: in folds, at all speeds. */
  static HeadScenes toFit(RoundSounds sounds, RefitSettings settings) {
    long seed = Seeds.mix(settings.seed(), 20);
    return new HeadScenes(sounds, settings, settings.speeds(), FOLDS, seed);
  }

  /** To judge on: as they were recorded. */
  static HeadScenes toJudge(RoundSounds sounds, RefitSettings settings) {
    return toJudge(sounds, settings, Seeds.mix(settings.seed(), 21));
  }

  /** Other ones for another seed. */
  static HeadScenes toJudge(RoundSounds sounds, RefitSettings settings, long seed) {
    return new HeadScenes(sounds, settings, List.of(1.0), 1, seed);
  }

  /** Audio in which no class sounds; the same in every round. */
  static List<Pcm> quiet(RoundPlan plan, RoundSounds sounds, RefitSettings settings, Quiet what) {
    return sounds.background(
        plan.background(),
        settings.headBackgroundSeconds(),
        Seeds.mix(settings.seed(), 22, what.ordinal()));
  }

  /** What people have not labelled, of these. */
  static List<String> standing(List<String> ids, RoundSounds sounds) {
    return ids.stream().filter(id -> sounds.example(id).origin() != Origin.LABEL).toList();
  }

  /**
   * Standing scenes.
   *
   * @param ids of sounds, and {@code unlabelled}: of which only those that nobody has labelled are
   *     used
   */
  List<Laid> standing(List<String> ids, List<String> unlabelled, int count) {
    Map<String, List<String>> byLabel = byLabel(standing(ids, sounds));
    SceneExamples.Unlabelled beds =
        sounds.unlabelled(standing(unlabelled, sounds), Seeds.mix(seed, 1));
    return laid(count, beds, Seeds.mix(seed, 2), byLabel, number -> byLabel.keySet());
  }

  /**
   * Fresh scenes; none without a corrected class.
   *
   * @param corrected classes
   */
  List<Laid> fresh(List<String> ids, List<String> unlabelled, List<String> corrected, int count) {
    Map<String, List<String>> byLabel = byLabel(ids);
    Set<String> wanted = new TreeSet<>(corrected);
    wanted.retainAll(byLabel.keySet());
    SceneExamples.Unlabelled more = sounds.unlabelled(unlabelled, Seeds.mix(seed, 3));
    return wanted.isEmpty()
        ? List.of()
        : laid(
            count,
            more,
            Seeds.mix(seed, 4),
            byLabel,
            number -> some(byLabel.keySet(), wanted, number));
  }

  private Map<String, List<String>> byLabel(List<String> ids) {
    Map<String, List<String>> byLabel = new TreeMap<>();
    ids.forEach(id -> byLabel.computeIfAbsent(label(id), l -> new ArrayList<>()).add(id));
    return byLabel;
  }

  /** A few corrected classes, all in turn, and a few drawn others. */
  private List<String> some(Set<String> all, Set<String> corrected, int number) {
    List<String> its = new ArrayList<>(corrected);
    Collections.rotate(its, -TOGETHER * (number / folds));
    List<String> chosen = new ArrayList<>(its.subList(0, Math.min(TOGETHER, its.size())));
    List<String> others = new ArrayList<>(all);
    others.removeAll(chosen);
    Collections.shuffle(others, new Random(Seeds.mix(seed, 5, number)));
    chosen.addAll(others.subList(0, Math.min(TOGETHER, others.size())));
    return chosen;
  }

  /** In parallel: a scene is a function of its number. */
  private List<Laid> laid(
      int count,
      SceneExamples.Unlabelled more,
      long scenes,
      Map<String, List<String>> byLabel,
      IntFunction<Collection<String>> labels) {
    Map<String, Integer> dealt = dealt(byLabel.values().stream().flatMap(List::stream).toList());
    List<Optional<Laid>> laid =
        IntStream.range(0, count)
            .parallel()
            .mapToObj(
                i -> {
                  int fold = i % folds;
                  long own = Seeds.mix(scenes, i);
                  List<LabelledClip> its = new ArrayList<>();
                  for (String label : labels.apply(i)) {
                    its.addAll(
                        drawn(
                            byLabel.getOrDefault(label, List.of()).stream()
                                .filter(id -> dealt.getOrDefault(id, -1) == fold)
                                .toList(),
                            Seeds.mix(own, label.hashCode())));
                  }
                  return its.isEmpty()
                      ? Optional.<Laid>empty()
                      : Optional.of(new Laid(composed(its, more, own), fold));
                })
            .toList();
    return laid.stream().flatMap(Optional::stream).toList();
  }

  private Scene composed(List<LabelledClip> clips, SceneExamples.Unlabelled more, long own) {
    Pcm bed = more.backgrounds().get(Math.floorMod(own, more.backgrounds().size()));
    return new SceneComposer(
            settings.scenes(), clips, bed, more.distractors(), more.distractorShare())
        .compose(own);
  }

  /** Some of one class, each at a speed of its own. */
  private List<LabelledClip> drawn(List<String> ids, long own) {
    Random random = new Random(own);
    List<String> shuffled = new ArrayList<>(ids);
    Collections.shuffle(shuffled, random);
    List<LabelledClip> drawn = new ArrayList<>();
    for (String id : shuffled.subList(0, Math.min(OF_A_CLASS, shuffled.size()))) {
      double speed = speeds.get(random.nextInt(speeds.size()));
      clips.computeIfAbsent(new Sound(id, speed), this::read).ifPresent(drawn::add);
    }
    return drawn;
  }

  private Optional<LabelledClip> read(Sound sound) {
    return sounds
        .clip(sound.id())
        .map(c -> new LabelledClip(c.label(), SceneExamples.atSpeed(sound.speed(), c.pcm())));
  }

  private String label(String id) {
    return sounds.example(id).label().orElseThrow();
  }

  /**
   * A fold for each example: recordings are dealt out as they have come. Those of people are dealt
   * out by themselves: where the others stand does not depend on them.
   */
  Map<String, Integer> dealt(List<String> ids) {
    Map<String, List<StoredExample>> groups = new TreeMap<>();
    for (String id : ids) {
      StoredExample e = sounds.example(id);
      String group = label(id) + (e.origin() == Origin.LABEL ? " label" : " other");
      groups.computeIfAbsent(group, g -> new ArrayList<>()).add(e);
    }
    Map<String, Integer> dealt = new TreeMap<>();
    for (List<StoredExample> group : groups.values()) {
      // Single examples of the only recording are better than none.
      boolean whole = group.stream().map(StoredExample::recording).distinct().count() > 1;
      group.sort(Comparator.comparingLong(StoredExample::number));
      List<String> hands =
          group.stream().map(e -> whole ? e.recording() : e.id()).distinct().toList();
      for (StoredExample e : group) {
        dealt.put(e.id(), hands.indexOf(whole ? e.recording() : e.id()) % folds);
      }
    }
    return dealt;
  }
}
