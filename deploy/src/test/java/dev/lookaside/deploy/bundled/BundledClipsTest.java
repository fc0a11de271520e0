package dev.lookaside.deploy.bundled;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class BundledClipsTest {
  private static String text(String folder, String name) throws IOException {
    String path = "/" + folder + "/" + name;
    try (InputStream in =
        Objects.requireNonNull(BundledClips.class.getResourceAsStream(path), path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void tenClassesOfShortMonoClipsAt16kHz() {
    List<LabelledClip> clips = BundledClips.load();
    TreeSet<String> labels = new TreeSet<>();
    for (LabelledClip clip : clips) {
      labels.add(clip.label());
      assertThat(clip.pcm().rateHz()).isEqualTo(16_000);
      assertThat(clip.pcm().seconds()).isBetween(0.2, 5.0);
    }
    assertThat(labels)
        .containsExactly(
            "cymbal",
            "drum",
            "engine",
            "fire",
            "gunshot",
            "instrument",
            "metal",
            "scream",
            "speech",
            "water");
    assertThat(clips).hasSizeBetween(50, 80);
    assertThat(BundledClips.loadUnseen()).hasSizeBetween(30, clips.size() - 1);
  }

  @Test
  void everyClipHasALicenceThatCombinesWithGpl3AndIsAttributed() throws IOException {
    licensed("sounds", BundledClips.load().size());
    licensed(
        "sounds-new-class",
        BundledClips.loadNewClass(false).size() + BundledClips.loadNewClass(true).size());
  }

  private static void licensed(String folder, int clips) throws IOException {
    String attribution = text(folder, "ATTRIBUTION.md");
    List<String> lines = text(folder, "clips.csv").lines().skip(1).toList();
    assertThat(lines).hasSize(clips);
    for (String line : lines) {
      String path = line.substring(0, line.indexOf(','));
      String licence = line.substring(line.lastIndexOf(',') + 1);
      assertThat(licence)
          .as(path)
          .isIn("GPL-2+", "GPL-3+", "CC0-1.0", "GPL-2+ with composition exception");
      assertThat(attribution).contains("`" + path + "`");
    }
  }

  @Test
  void theNewClassIsNoneOfTheOthersAndIsLearnedFromOtherRecordings() {
    List<LabelledClip> before = BundledClips.loadNewClass(false);
    List<LabelledClip> after = BundledClips.loadNewClass(true);
    assertThat(before).hasSizeGreaterThan(4);
    assertThat(after).hasSizeGreaterThan(9);
    assertThat(before)
        .allSatisfy(
            clip -> {
              assertThat(clip.label()).isEqualTo(BundledClips.NEW_CLASS);
              assertThat(clip.pcm().rateHz()).isEqualTo(16_000);
            });
    assertThat(BundledClips.load()).noneMatch(clip -> clip.label().equals(BundledClips.NEW_CLASS));
    assertThat(before)
        .noneMatch(
            b ->
                after.stream().anyMatch(a -> a.pcm().samples().length == b.pcm().samples().length));
  }

  @Test
  void scenesAreComposedFromThem() {
    Scene scene =
        new SceneComposer(SceneSettings.ofSeconds(60), BundledClips.load(), null).compose(1);
    assertThat(scene.audio().seconds()).isEqualTo(60);
    assertThat(scene.events()).hasSizeGreaterThan(12);
  }
}
