package dev.lookaside.deploy.demo;

import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.metric.Event;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/**
 * Composes the demo's streams; the same options give the same bytes. With a story, streams are made
 * of parts of {@value #PART_SECONDS} s, each a scene of its own in which sounds of the new class
 * and of a few known ones come about equally often; sounds never reach over the end of a part.
 */
final class DemoScenes {
  private static final List<String> NAMES =
      List.of("dock", "forge", "street", "studio", "harbour", "kitchen", "yard", "stage");
  private static final double BACKGROUND_SECONDS = 20;

  /** Long enough for several sounds, short enough that the corrections come soon. */
  static final int PART_SECONDS = 12;

  /** In every other stream: the new class alone gives more to correct. */
  private static final int KNOWN_AT_FIRST = 1;

  private static final int KNOWN_LATER = 2;

  private DemoScenes() {}

  static List<StreamPlan> compose(DemoOptions options) {
    List<LabelledClip> clips = options.unseen() ? BundledClips.loadUnseen() : BundledClips.load();
    List<LabelledClip> before = options.refit() ? BundledClips.loadNewClass(false) : List.of();
    List<LabelledClip> after = options.refit() ? BundledClips.loadNewClass(true) : List.of();
    List<StreamPlan> plans = new ArrayList<>();
    for (int i = 0; i < options.streams(); i++) {
      // Streams of one run differ; run n + 1 shares none with run n.
      long seed = options.seed() * DemoOptions.MAX_STREAMS + i;
      plans.add(
          options.refit()
              ? story(i, options, clips, before, after, seed)
              : plan(name(i), false, List.of(scene(options.seconds(), clips, seed))));
    }
    return plans;
  }

  private static Scene scene(double seconds, List<LabelledClip> clips, long seed) {
    int rateHz = clips.get(0).pcm().rateHz();
    Pcm background = BackgroundNoise.pink(seed, rateHz, BACKGROUND_SECONDS);
    return new SceneComposer(SceneSettings.ofSeconds(seconds), clips, background).compose(seed);
  }

  /** In every other stream the sounds of before come back later, in the others new ones do. */
  private static StreamPlan story(
      int stream,
      DemoOptions options,
      List<LabelledClip> known,
      List<LabelledClip> before,
      List<LabelledClip> after,
      long seed) {
    List<String> labels =
        new ArrayList<>(new TreeSet<>(known.stream().map(c -> c.label()).toList()));
    // A person takes longer to make corrections than the script.
    int firstParts = options.page() ? 8 : 1;
    boolean even = stream % 2 == 0;
    List<Scene> scenes = new ArrayList<>();
    for (int left = options.seconds(), part = 0; left > 0; part++) {
      // A rest in which hardly a sound finds room belongs to the part before it.
      int seconds = left < 2 * PART_SECONDS - PART_SECONDS / 2 ? left : PART_SECONDS;
      long own = Seeds.mix(seed, part);
      Collections.shuffle(labels, new Random(own));
      boolean first = part < firstParts;
      List<String> some = labels.subList(0, !first ? KNOWN_LATER : even ? KNOWN_AT_FIRST : 0);
      List<LabelledClip> clips = new ArrayList<>(first || even ? before : after);
      known.stream().filter(clip -> some.contains(clip.label())).forEach(clips::add);
      scenes.add(scene(seconds, clips, own));
      left -= seconds;
    }
    return plan(name(stream), even, scenes);
  }

  private static StreamPlan plan(String name, boolean recurring, List<Scene> scenes) {
    int rateHz = scenes.get(0).audio().rateHz();
    int length = scenes.stream().mapToInt(s -> s.audio().lengthSamples()).sum();
    float[] samples = new float[length];
    List<Event> truth = new ArrayList<>();
    int from = 0;
    for (Scene scene : scenes) {
      double second = (double) from / rateHz;
      for (LabelledEvent e : scene.events()) {
        truth.add(
            new Event(name, e.label(), second + e.onsetSeconds(), second + e.offsetSeconds()));
      }
      System.arraycopy(scene.audio().samples(), 0, samples, from, scene.audio().lengthSamples());
      from += scene.audio().lengthSamples();
    }
    return new StreamPlan(name, new Pcm(rateHz, samples), truth, recurring);
  }

  private static String name(int i) {
    String name = NAMES.get(i % NAMES.size());
    return i < NAMES.size() ? name : name + "-" + (i / NAMES.size() + 1);
  }
}
