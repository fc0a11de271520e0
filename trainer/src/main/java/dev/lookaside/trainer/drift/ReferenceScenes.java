package dev.lookaside.trainer.drift;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.example.Seeds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/**
 * Scenes that represent streams like those of the fit: some of its classes, seldom or often, over
 * any of its backgrounds, somewhat louder or softer. That is what makes a stream of one class, or
 * one in which next to nothing happens, no outlier.
 */
final class ReferenceScenes {
  /** As the gain that fits are given. */
  private static final double GAIN_DB = 6;

  private static final double LEAST_GAP_SECONDS = .5;

  private final Material material;
  private final double seconds;

  ReferenceScenes(Material material, double seconds) {
    this.material = material;
    this.seconds = seconds;
  }

  /** One scene; the same for the same arguments. */
  Scene compose(List<LabelledClip> clips, long place) {
    long seed = Seeds.mix(material.seed(), place);
    Random random = new Random(seed);
    TreeSet<String> all = new TreeSet<>();
    clips.forEach(c -> all.add(c.label()));
    List<String> labels = new ArrayList<>(all);
    Collections.shuffle(labels, random);
    List<String> chosen = labels.subList(0, 1 + random.nextInt(labels.size()));
    List<LabelledClip> its = clips.stream().filter(c -> chosen.contains(c.label())).toList();
    // Evenly on a logarithmic scale: from one sound after another to a scene of background alone.
    double widest = Math.log(2 * seconds / LEAST_GAP_SECONDS);
    double gap = LEAST_GAP_SECONDS * Math.exp(random.nextDouble() * widest);
    SceneSettings s = material.scenes();
    SceneSettings own =
        new SceneSettings(
            seconds,
            s.minGapSeconds(),
            Math.max(s.minGapSeconds(), gap),
            s.minSnrDb(),
            s.maxSnrDb(),
            s.overlapProbability(),
            s.backgroundRms());
    int background = random.nextInt(material.backgrounds().size() + 1);
    Scene scene =
        new SceneComposer(
                own,
                its,
                background < material.backgrounds().size()
                    ? material.backgrounds().get(background)
                    : null,
                material.distractors(),
                material.distractorShare())
            .compose(seed);
    double gainDb = GAIN_DB * (2 * random.nextDouble() - 1);
    return new Scene(louder(scene.audio(), gainDb), scene.events());
  }

  private static Pcm louder(Pcm pcm, double db) {
    float gain = (float) Math.pow(10, db / 20);
    float[] samples = pcm.samples().clone();
    for (int i = 0; i < samples.length; i++) {
      samples[i] = Math.max(-1, Math.min(1, gain * samples[i]));
    }
    return new Pcm(pcm.rateHz(), samples);
  }

  /** What sounds at a time of a scene: a class, or the background. */
  static String kindAt(Scene scene, double seconds) {
    for (LabelledEvent e : scene.events()) {
      if (e.onsetSeconds() <= seconds && seconds < e.offsetSeconds()) {
        return e.label();
      }
    }
    return "";
  }
}
