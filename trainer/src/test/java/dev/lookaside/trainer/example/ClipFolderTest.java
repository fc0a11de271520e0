package dev.lookaside.trainer.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.featurizer.LogMel;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.ReadRules;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.AudioSource;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipFolderTest {
  private static final int RATE_HZ = 16_000;
  private static final WindowSpec SPEC = new WindowSpec(FrontEnd.AST_FBANK, 96, -6.6f, 5.4f);

  @TempDir private Path folder;

  private void wav(String name, double seconds) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    SplittableRandom random = new SplittableRandom(name.hashCode());
    float[] samples = new float[(int) (seconds * RATE_HZ)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (float) (0.2 * random.nextDouble() - 0.1);
    }
    WavWriter.writeInt16(file, new Pcm(RATE_HZ, samples));
  }

  private ClipSet read(boolean strict) {
    ClipFolder listed = ClipFolder.list(folder);
    return ClipSet.read(FrontEnd.AST_FBANK, listed.labels(), listed.clips(), strict);
  }

  @Test
  void clipsComeInPathOrderWithTheirClass() throws IOException {
    for (String name : List.of("b/2.wav", "b/10.wav", "a/z.wav", "a/deep/y.wav", "b/.x.wav")) {
      wav(name, 0.2);
    }
    Files.writeString(folder.resolve("a/notes.txt"), "not a sound");
    ClipFolder listed = ClipFolder.list(folder);
    assertThat(listed.labels()).containsExactly("a", "b");
    assertThat(listed.clips().stream().map(Clip::name))
        .containsExactly("a/deep/y.wav", "a/z.wav", "b/10.wav", "b/2.wav");
    assertThat(listed.clips().stream().map(Clip::label)).containsExactly(0, 0, 1, 1);
  }

  @Test
  void theOrderOfTheAdaptersLabelsDecidesTheClasses() throws IOException {
    wav("a/1.wav", 0.2);
    wav("b/1.wav", 0.2);
    ClipFolder listed = ClipFolder.list(folder, List.of("b", "a"));
    assertThat(listed.clips().stream().map(Clip::name)).containsExactly("a/1.wav", "b/1.wav");
    assertThat(listed.clips().stream().map(Clip::label)).containsExactly(1, 0);
  }

  @Test
  void labelsThatDoNotMatchAreNamed() throws IOException {
    wav("a/1.wav", 0.2);
    wav("c/1.wav", 0.2);
    assertThatThrownBy(() -> ClipFolder.list(folder, List.of("a", "b")))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("not among its labels [c]")
        .hasMessageContaining("without a folder [b]");
  }

  @Test
  void someOfTheLabelsMayHaveNoFolder() throws IOException {
    wav("c/1.wav", 0.2);
    wav("a/1.wav", 0.2);
    ClipFolder listed = ClipFolder.listSome(folder, List.of("c", "b", "a"));
    assertThat(listed.labels()).containsExactly("c", "b", "a");
    assertThat(listed.clips().stream().map(Clip::name)).containsExactly("a/1.wav", "c/1.wav");
    assertThat(listed.clips().stream().map(Clip::label)).containsExactly(2, 0);
    assertThatThrownBy(() -> ClipFolder.listSome(folder, List.of("a", "b")))
        .hasMessageContaining("class folders [c]: are not among the adapter's labels [a, b]");
  }

  @Test
  void anEmptyClassFolderIsNamed() throws IOException {
    wav("a/1.wav", 0.2);
    Files.createDirectories(folder.resolve("b"));
    assertThatThrownBy(() -> ClipFolder.list(folder))
        .hasMessageContaining(folder.resolve("b").toString())
        .hasMessageContaining("holds no audio files");
  }

  @Test
  void aFolderWithoutClassesIsNamed() {
    assertThatThrownBy(() -> ClipFolder.list(folder))
        .hasMessageContaining("holds no class folders");
    Path none = folder.resolve("none");
    assertThatThrownBy(() -> ClipFolder.list(none)).hasMessageContaining(none.toString());
  }

  @Test
  void anUnreadableClipIsSkippedByNameOrEndsItWhenStrict() throws IOException {
    wav("a/1.wav", 0.2);
    wav("a/3.wav", 0.2);
    wav("a/4.wav", 0.001);
    Files.writeString(folder.resolve("a/2.wav"), "this is no RIFF");
    ClipSet clips = read(false);
    assertThat(clips.size()).isEqualTo(2);
    assertThat(clips.skipped()).hasSize(2);
    assertThat(clips.skipped().get(0)).contains("a/2.wav");
    assertThat(clips.skipped().get(1)).contains("a/4.wav").contains("shorter than one frame");
    assertThatThrownBy(() -> read(true))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("a/2.wav");
  }

  @Test
  void aClassOfUnreadableClipsIsNamed() throws IOException {
    wav("a/1.wav", 0.2);
    Files.createDirectories(folder.resolve("b"));
    Files.write(folder.resolve("b/1.wav"), new byte[0]);
    assertThatThrownBy(() -> read(false))
        .hasMessageContaining("class \"b\"")
        .hasMessageContaining("1 of 2 clips");
  }

  @Test
  void aShortClipIsZeroPaddedAndALongOneCutBeforeNormalisation() throws IOException {
    wav("a/short.wav", 0.5);
    wav("b/long.wav", 3);
    ClipExamples examples = new ClipExamples(read(true), SPEC, false, Augmentation.NONE);
    float[] cut = LogMel.of(FrontEnd.AST_FBANK).clip(samples("b/long.wav"));
    float[] padded = LogMel.of(FrontEnd.AST_FBANK).clip(samples("a/short.wav"));
    Example first = examples.example(0, new SplittableRandom(1));
    Example second = examples.example(1, new SplittableRandom(1));
    assertThat(padded.length).isEqualTo(48 * 128);
    for (int i = 0; i < SPEC.values(); i++) {
      float x = i < padded.length ? padded[i] : 0;
      assertThat(first.window()[i]).isEqualTo((x - -6.6f) / (2 * 5.4f));
      assertThat(second.window()[i]).isEqualTo((cut[i] - -6.6f) / (2 * 5.4f));
    }
    assertThat(first.targets()).containsExactly(1, 0);
    assertThat(second.targets()).containsExactly(0, 1);
    assertThat(first.weights()).containsExactly(1);
  }

  private float[] samples(String name) {
    return AudioFiles.read(folder.resolve(name)).samples();
  }

  @Test
  void columnsOfPaddingHaveNoWeight() throws IOException {
    wav("a/short.wav", 0.5);
    ClipExamples examples = new ClipExamples(read(true), SPEC, true, Augmentation.NONE);
    Example example = examples.example(0, new SplittableRandom(1));
    assertThat(examples.rows()).isEqualTo(6);
    assertThat(example.weights()).containsExactly(1, 1, 1, 0, 0, 0);
    assertThat(example.targets()).containsExactly(1, 1, 1, 0, 0, 0);
  }

  @Test
  void statisticsAreThoseOfTheFramesInTheWindow() throws IOException {
    wav("a/1.wav", 0.5);
    wav("a/2.wav", 2);
    ClipSet.Statistics found = read(true).statistics(96);
    double sum = 0;
    double squares = 0;
    int count = 0;
    for (String name : List.of("a/1.wav", "a/2.wav")) {
      float[] all = LogMel.of(FrontEnd.AST_FBANK).clip(samples(name));
      for (int i = 0; i < Math.min(all.length, 96 * 128); i++) {
        sum += all[i];
        squares += (double) all[i] * all[i];
        count++;
      }
    }
    double mean = sum / count;
    assertThat((double) found.mean()).isCloseTo(mean, within(1e-6));
    assertThat((double) found.std())
        .isCloseTo(Math.sqrt(squares / count - mean * mean), within(1e-5));
  }

  @Test
  void identityChangesWithASampleOrALabel() throws IOException {
    wav("a/1.wav", 0.3);
    wav("b/1.wav", 0.3);
    String before = read(true).identity();
    assertThat(read(true).identity()).isEqualTo(before);
    wav("a/1.wav", 0.31);
    assertThat(read(true).identity()).isNotEqualTo(before);
  }

  @Test
  void aClassIsNamedByTheRuleHoweverItsFolderIsWritten() throws IOException {
    // The form in which macOS keeps names.
    wav("Vo\u0308gel/1.wav", 0.2);
    wav("cat/1.wav", 0.2);
    ClipFolder listed = ClipFolder.list(folder);
    assertThat(listed.labels()).containsExactly("V\u00f6gel", "cat");
    assertThat(listed.clips()).hasSize(2);
    assertThat(ClipFolder.list(folder, List.of("cat", "V\u00f6gel")).clips()).hasSize(2);
  }

  @Test
  void twoSpellingsOfOneClassAreRejected() throws IOException {
    wav("Dog/1.wav", 0.2);
    wav("dog/1.wav", 0.2);
    assertThatThrownBy(() -> ClipFolder.list(folder))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("classes \"Dog\" and \"dog\": are one class in two spellings");
  }

  @Test
  void aFolderGivesTheSameFilesToAFitAsToASender() throws IOException {
    for (String name :
        List.of("a/1.wav", "a/._1.wav", "a/.hidden/2.wav", "a/b/3.WAV", "a/b/.4.wav", "a/5.txt")) {
      wav(name, 0.2);
    }
    Files.createSymbolicLink(folder.resolve("a/link"), folder.resolve("a/b"));
    List<String> fitted = ClipFolder.list(folder).clips().stream().map(Clip::name).toList();
    List<String> sent =
        AudioSource.files(List.of(folder), "", ReadRules.LENIENT).stream()
            .map(s -> s.stream().value())
            .toList();
    assertThat(fitted).isEqualTo(sent).containsExactly("a/1.wav", "a/b/3.WAV", "a/link/3.WAV");
    Files.createSymbolicLink(folder.resolve("a/b/loop"), folder.resolve("a"));
    assertThatThrownBy(() -> ClipFolder.list(folder))
        .hasMessageContaining("is a link to a folder that holds it");
  }

  @Test
  void aNameThatIsNotUtf8IsRejected() throws Exception {
    wav("a/1.wav", 0.2);
    String script = "cp a/1.wav \"$(printf 'a/V\\366gel.wav')\"";
    Process copy = new ProcessBuilder("sh", "-c", script).directory(folder.toFile()).start();
    assertThat(copy.waitFor()).isZero();
    for (org.assertj.core.api.ThrowableAssert.ThrowingCallable each :
        List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
            () -> ClipFolder.list(folder),
            () -> AudioSource.files(List.of(folder), "", ReadRules.LENIENT))) {
      assertThatThrownBy(each)
          .hasMessageContaining(
              "V\ufffdgel.wav\": its name holds bytes that are not UTF-8; rename it");
    }
  }

  @Test
  void aLimitBelowOneClipAClassIsRejectedInThoseWords() throws IOException {
    for (String name : List.of("a/1.wav", "b/1.wav", "c/1.wav", "c/2.wav")) {
      wav(name, 0.2);
    }
    assertThat(ClipFolder.list(folder).limited(3).clips()).hasSize(3);
    assertThatThrownBy(() -> ClipFolder.list(folder).limited(2))
        .hasMessage("--limit \"2\": must be at least one clip for each of the 3 classes");
  }

  private void constant(String name, float level) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    float[] samples = new float[RATE_HZ / 2];
    java.util.Arrays.fill(samples, level);
    WavWriter.writeInt16(file, new Pcm(RATE_HZ, samples));
  }

  @Test
  void clipsThatTeachNothingAreSaidToBe() throws IOException {
    constant("a/1.wav", 0);
    assertThatThrownBy(() -> read(true).sameSounds().checkTeach(w -> {}))
        .hasMessageContaining("all are silent");
    constant("b/1.wav", 0.25f);
    assertThatThrownBy(() -> read(true).sameSounds().checkTeach(w -> {}))
        .hasMessageContaining("clips \"2\": all are silent");
    Files.delete(folder.resolve("b/1.wav"));
    wav("b/1.wav", 0.5);
    read(true).sameSounds().checkTeach(w -> {});
    Files.copy(folder.resolve("b/1.wav"), folder.resolve("a/2.wav"));
    List<String> warnings = new ArrayList<>();
    read(true).sameSounds().checkTeach(warnings::add);
    assertThat(warnings)
        .containsExactly(
            "clips \"1\": are the same sound as a clip of another class: a/2.wav (a) and b/1.wav (b)");
    Files.delete(folder.resolve("a/1.wav"));
    assertThatThrownBy(() -> read(true).sameSounds().checkTeach(w -> {}))
        .hasMessageContaining("clips \"2\": all are the same sound");
  }
}
