package dev.lookaside.deploy.lab;

import dev.lookaside.deploy.console.CliException;
import dev.lookaside.featurizer.Resampler;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Sounds of no class in composed scenes. */
final class DistractorOptions {
  @Option(
      names = "--distractors",
      paramLabel = "FOLDER",
      description =
          "Sounds of no class, composed into scenes like clips: what is detected there is wrong.")
  private @Nullable Path folder;

  @Option(
      names = "--distractor-share",
      paramLabel = "P",
      defaultValue = "0.3",
      description =
          "Chance that the next sound of a scene is one of --distractors. Default:"
              + " ${DEFAULT-VALUE}.")
  private double share = 0.3;

  /**
   * The folder, if one is given.
   *
   * @throws CliException for a share that cannot be
   */
  Optional<Path> folder() {
    // Written so that NaN fails too.
    if (!(share >= 0 && share < 1)) {
      throw new CliException(
          "--distractor-share \"%s\": must be 0 or more and below 1".formatted(share));
    }
    return Optional.ofNullable(folder);
  }

  /** The sounds at a rate; none without a folder. */
  List<Pcm> sounds(int rateHz) {
    return folder().map(from -> soundsOf("--distractors", from, rateHz)).orElse(List.of());
  }

  /** Chance that the next sound of a scene is one of them. */
  double share() {
    return folder().isPresent() ? share : 0;
  }

  /**
   * All audio files of a folder.
   *
   * @throws CliException if there are none
   */
  static List<Pcm> soundsOf(String option, Path folder, int rateHz) {
    List<Pcm> sounds =
        AudioFiles.inFolder(folder).stream()
            .map(AudioFiles::read)
            .map(pcm -> resampled(pcm, rateHz))
            .toList();
    if (sounds.isEmpty()) {
      throw new CliException("%s \"%s\": holds no audio files".formatted(option, folder));
    }
    return sounds;
  }

  static Pcm resampled(Pcm pcm, int rateHz) {
    return new Pcm(rateHz, Resampler.of(pcm.rateHz(), rateHz).clip(pcm.samples()));
  }
}
