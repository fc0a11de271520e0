package dev.lookaside.deploy.lab;

import dev.lookaside.deploy.console.CliException;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipFolder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Scenes of a folder's clips over pink noise, the same for the same numbers. */
final class ComposedScenes {
  /** How far the onset of a detected event may be off to be right: DCASE's collar. */
  static final double COLLAR_SECONDS = 0.2;

  private static final double BED_SECONDS = 20;

  private final List<LabelledClip> clips = new ArrayList<>();
  private final double seconds;
  private final long seed;
  private List<Pcm> distractors = List.of();
  private double distractorShare;

  /**
   * Reads the clips.
   *
   * @param folder of class folders named after labels, of all or of some
   * @throws CliException or another named exception for a clip that cannot be read
   */
  ComposedScenes(Path folder, List<String> labels, double seconds, long seed) {
    this(ClipFolder.listSome(folder, labels), seconds, seed);
  }

  /**
   * Reads clips that are listed already.
   *
   * @throws CliException or another named exception for a clip that cannot be read
   */
  ComposedScenes(ClipFolder listed, double seconds, long seed) {
    for (Clip clip : listed.clips()) {
      clips.add(LabelledClip.sounding(listed.labels().get(clip.label()), clip.reader().get()));
    }
    this.seconds = seconds;
    this.seed = seed;
  }

  /** The same scenes with sounds of no class in between; this. */
  ComposedScenes among(DistractorOptions others) {
    distractors = others.sounds(clips.get(0).pcm().rateHz());
    distractorShare = others.share();
    return this;
  }

  /** The scene of an index. */
  Scene scene(int index) {
    long sceneSeed = seed * 1_000_003 + index;
    int rateHz = clips.get(0).pcm().rateHz();
    return new SceneComposer(
            SceneSettings.ofSeconds(seconds),
            clips,
            BackgroundNoise.pink(sceneSeed, rateHz, BED_SECONDS),
            distractors,
            distractorShare)
        .compose(sceneSeed);
  }
}
