package dev.lookaside.deploy.demo;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.metric.Event;
import java.util.ArrayList;
import java.util.List;

/** Composes the demo's streams; the same options give the same bytes. */
final class DemoScenes {
  private static final List<String> NAMES =
      List.of("dock", "forge", "street", "studio", "harbour", "kitchen", "yard", "stage");
  private static final double BACKGROUND_SECONDS = 20;

  private DemoScenes() {}

  static List<StreamPlan> compose(DemoOptions options) {
    List<LabelledClip> clips = options.unseen() ? BundledClips.loadUnseen() : BundledClips.load();
    int rateHz = clips.get(0).pcm().rateHz();
    List<StreamPlan> plans = new ArrayList<>();
    for (int i = 0; i < options.streams(); i++) {
      // Streams of one run differ; run n + 1 shares none with run n.
      long seed = options.seed() * DemoOptions.MAX_STREAMS + i;
      Pcm background = BackgroundNoise.pink(seed, rateHz, BACKGROUND_SECONDS);
      Scene scene =
          new SceneComposer(SceneSettings.ofSeconds(options.seconds()), clips, background)
              .compose(seed);
      String name = name(i);
      List<Event> truth =
          scene.events().stream()
              .map(e -> new Event(name, e.label(), e.onsetSeconds(), e.offsetSeconds()))
              .toList();
      plans.add(new StreamPlan(name, scene.audio(), truth));
    }
    return plans;
  }

  private static String name(int i) {
    String name = NAMES.get(i % NAMES.size());
    return i < NAMES.size() ? name : name + "-" + (i / NAMES.size() + 1);
  }
}
