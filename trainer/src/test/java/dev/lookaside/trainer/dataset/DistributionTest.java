package dev.lookaside.trainer.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Clip;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistributionTest {
  @TempDir private Path folder;

  private DataSet load(String name) {
    return Distribution.of(name).load(folder, Optional.empty());
  }

  private void esc50(String... lines) throws IOException {
    String[] all = new String[lines.length + 1];
    all[0] = "filename,fold,target,category,esc10,src_file,take";
    System.arraycopy(lines, 0, all, 1, lines.length);
    MadeUp.text(folder.resolve("meta/esc50.csv"), all);
    for (String line : lines) {
      MadeUp.wav(folder.resolve("audio").resolve(line.split(",", 2)[0]), 44_100, 441);
    }
  }

  @Test
  void oneFoldOfEsc50IsTheTestSplit() throws IOException {
    esc50(
        "1-a.wav,1,1,rain,False,1,A",
        "2-b.wav,2,0,dog,True,2,A",
        "3-c.wav,3,1,rain,True,3,A",
        "5-d.wav,5,0,dog,True,4,B");
    DataSet third = Distribution.ESC50.load(folder, Optional.of(3));
    assertThat(third.labels()).containsExactly("dog", "rain");
    assertThat(third.splits()).containsExactly("test", "train");
    assertThat(third.clips("test")).extracting(Clip::name).containsExactly("3-c.wav");
    assertThat(third.clips("train")).extracting(Clip::label).containsExactly(1, 0, 0);
    assertThat(third.clips("train").get(0).reader().get().lengthSamples()).isEqualTo(441);
    assertThat(load("esc50").clips("test")).extracting(Clip::name).containsExactly("1-a.wav");
    assertThatThrownBy(() -> third.clips("validation"))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("split \"validation\": must be one of [test, train]");
    assertThatThrownBy(() -> Distribution.ESC50.load(folder, Optional.of(6)))
        .hasMessageContaining("fold \"6\": must be 1 to 5");
    assertThatThrownBy(() -> Distribution.CSV.load(folder, Optional.of(1)))
        .hasMessageContaining("data set csv has none");
  }

  @Test
  void esc50KeptCompressedIsReadUnderItsOfficialNames() throws IOException {
    esc50("1-a.wav,1,0,dog,True,1,A", "2-b.wav,2,1,rain,False,2,A", "3-c.wav,3,1,rain,False,3,A");
    Path audio = folder.resolve("audio");
    Files.delete(audio.resolve("1-a.wav"));
    Files.delete(audio.resolve("2-b.wav"));
    try (InputStream ogg = DistributionTest.class.getResourceAsStream("/audio/mono16.ogg");
        InputStream flac = DistributionTest.class.getResourceAsStream("/audio/mono16.flac")) {
      Files.copy(ogg, audio.resolve("1-a.ogg"));
      Files.copy(flac, audio.resolve("2-b.flac"));
    }
    DataSet set = load("esc50");
    assertThat(set.clips("test")).extracting(Clip::name).containsExactly("1-a.wav");
    assertThat(set.clips("test").get(0).reader().get().lengthSamples()).isEqualTo(4_800);
    assertThat(set.clips("train").get(0).reader().get().lengthSamples()).isEqualTo(4_800);
    assertThat(set.clips("train").get(1).reader().get().lengthSamples()).isEqualTo(441);
    assertThat(Distribution.ESC50.folds(folder)).containsExactly(1, 2, 3);
  }

  @Test
  void whatBreaksEsc50sTableIsNamedWithItsLine() throws IOException {
    esc50("1-a.wav,1,0,dog,True,1,A", "2-b.wav,2,0,cat,True,2,A");
    assertThatThrownBy(() -> load("esc50"))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("esc50.csv line 3: category \"cat\": target 0 is \"dog\" above");
    esc50("1-a.wav,1,0,dog,True,1,A", "2-b.wav,six,0,dog,True,2,A");
    assertThatThrownBy(() -> load("esc50")).hasMessageContaining("line 3: fold \"six\"");
    esc50("1-a.wav,1,50,dog,True,1,A");
    assertThatThrownBy(() -> load("esc50"))
        .hasMessageContaining("line 2: target \"50\": must be 0 to 49");
    esc50("1-a.wav,1,1,dog,True,1,A");
    assertThatThrownBy(() -> load("esc50")).hasMessageContaining("target \"0\": no line has it");
    esc50("1-a.wav,1,0,dog,True,1,A");
    Files.delete(folder.resolve("audio/1-a.wav"));
    assertThatThrownBy(() -> load("esc50")).hasMessageContaining("filename \"1-a.wav\": no such");
    MadeUp.text(folder.resolve("meta/esc50.csv"), "filename,target", "a.wav,1");
    assertThatThrownBy(() -> load("esc50")).hasMessageContaining("must have [category, fold]");
    Files.delete(folder.resolve("meta/esc50.csv"));
    assertThatThrownBy(() -> load("esc50")).hasMessageContaining("esc50.csv: no such file");
  }

  private void speechCommands() throws IOException {
    for (String word :
        ("backward bed bird cat dog down eight five follow forward four go happy house learn left"
                + " marvin nine no off on one right seven sheila six stop three tree two up visual"
                + " wow yes zero")
            .split(" ")) {
      MadeUp.wav(folder.resolve(word).resolve("0a_nohash_0.wav"), 16_000, 400);
    }
    MadeUp.wav(folder.resolve("_background_noise_/pink_noise.wav"), 16_000, 400);
    MadeUp.text(folder.resolve("_background_noise_/README.md"), "noise");
    MadeUp.text(folder.resolve("validation_list.txt"), "cat/0a_nohash_0.wav");
    MadeUp.text(folder.resolve("testing_list.txt"), "dog/0a_nohash_0.wav", "yes/0a_nohash_0.wav");
  }

  @Test
  void theListsOfSpeechCommandsMakeItsSplits() throws IOException {
    speechCommands();
    DataSet set = load("speech-commands");
    assertThat(set.labels()).hasSize(35).doesNotContain("_background_noise_");
    assertThat(set.clips("validation"))
        .extracting(Clip::name)
        .containsExactly("cat/0a_nohash_0.wav");
    assertThat(set.clips("test")).extracting(c -> set.labels().get(c.label())).contains("yes");
    assertThat(set.clips("test")).hasSize(2);
    assertThat(set.clips("train")).hasSize(32);
    assertThat(set.noise())
        .extracting(Recording::name)
        .hasSize(1)
        .allMatch(n -> n.contains("pink"));
  }

  @Test
  void whatBreaksSpeechCommandsIsNamed() throws IOException {
    speechCommands();
    MadeUp.text(folder.resolve("testing_list.txt"), "dog/gone.wav");
    assertThatThrownBy(() -> load("speech-commands"))
        .hasMessageContaining("clip \"dog/gone.wav\": no such file");
    MadeUp.text(folder.resolve("testing_list.txt"), "cat/0a_nohash_0.wav");
    assertThatThrownBy(() -> load("speech-commands"))
        .hasMessageContaining("testing_list.txt line 1: clip \"cat/0a_nohash_0.wav\": is listed");
    speechCommands();
    MadeUp.wav(folder.resolve("maybe/a.wav"), 16_000, 400);
    assertThatThrownBy(() -> load("speech-commands")).hasMessageContaining("word \"maybe\"");
    Files.delete(folder.resolve("validation_list.txt"));
    assertThatThrownBy(() -> load("speech-commands")).hasMessageContaining("validation_list.txt");
  }

  @Test
  void aTableGivesClipsAndTimes() throws IOException {
    MadeUp.wav(folder.resolve("a/long.wav"), 8_000, 16_000);
    MadeUp.wav(folder.resolve("b.wav"), 8_000, 800);
    MadeUp.text(
        folder.resolve("clips.csv"),
        "path,label,split,onset,offset",
        "a/long.wav,knock,train,0.5,1.25",
        "a/long.wav,bell,train,1,1.5",
        "b.wav,\"bell, small\",test,,");
    DataSet set = load("csv");
    assertThat(set.labels()).containsExactly("bell", "bell, small", "knock");
    assertThat(set.hasTimes("train")).isTrue();
    assertThat(set.hasTimes("test")).isFalse();
    assertThat(set.recordings("train")).hasSize(1);
    assertThat(set.events("train"))
        .extracting(e -> e.stream() + " " + e.label() + " " + e.onsetSeconds())
        .containsExactly("a/long.wav knock 0.5", "a/long.wav bell 1.0");
    float[] cut = set.clips("train").get(0).reader().get().samples();
    assertThat(cut).hasSize(6_000);
    assertThat(cut[0]).isEqualTo(4_000 / 32_768f);
    assertThat(set.clips("train")).extracting(Clip::name).doesNotHaveDuplicates();
  }

  @Test
  void aLineWithoutALabelIsARecordingInWhichNothingSounds() throws IOException {
    for (String name : new String[] {"a", "b", "c", "d", "e"}) {
      MadeUp.wav(folder.resolve(name + ".wav"), 16_000, 8_000);
    }
    MadeUp.text(
        folder.resolve("clips.csv"),
        "path,label,split,onset,offset",
        "a.wav,knock,test,0.1,0.2",
        "b.wav,,test,,",
        "c.wav,,train,,",
        "d.wav,,,,",
        "e.wav,,test,0.1,0.3",
        "a.wav,knock,train,0.1,0.2");
    DataSet set = load("csv");
    assertThat(set.hasTimes("test")).isTrue();
    assertThat(set.recordings("test"))
        .extracting(Recording::name)
        .containsExactly("a.wav", "b.wav");
    assertThat(set.recordings("train"))
        .extracting(Recording::name)
        .containsExactly("a.wav", "c.wav");
    assertThat(set.events("test")).hasSize(1);
    assertThat(set.segments("test")).hasSize(1);
    assertThat(set.timed("test", FrontEnd.AST_FBANK, c -> {}).get(1).events()).isEmpty();
    // What is judged is nothing to fit with.
    assertThat(set.noise())
        .extracting(Recording::name)
        .containsExactly("c.wav", "d.wav", "e.wav#0.1");
  }

  @Test
  void whatBreaksATableIsNamed() throws IOException {
    MadeUp.wav(folder.resolve("b.wav"), 8_000, 800);
    Path table = folder.resolve("clips.csv");
    MadeUp.text(table, "path,label,split,onset,offset", "b.wav,bell,test,2,1");
    assertThatThrownBy(() -> load("csv"))
        .hasMessageContaining("clips.csv line 2: offset \"1\": must be after onset \"2\"");
    MadeUp.text(table, "path,label,split,onset,offset", "b.wav,bell,test,x,1");
    assertThatThrownBy(() -> load("csv")).hasMessageContaining("onset \"x\": must be a number");
    MadeUp.text(table, "path,label,split,onset,offset", "b.wav,bell,test,3,4");
    assertThatThrownBy(() -> load("csv").clips("test").get(0).reader().get())
        .hasMessageContaining("b.wav: span \"3.0 to 4.0 s\": lies outside its 0.100 s");
    MadeUp.text(table, "path,label,split", "c.wav,bell,test");
    assertThatThrownBy(() -> load("csv")).hasMessageContaining("path \"c.wav\": no such file");
    MadeUp.text(folder.resolve("labels.txt"), "knock");
    MadeUp.text(table, "path,label,split", "b.wav,bell,test");
    assertThatThrownBy(() -> load("csv"))
        .hasMessageContaining("line 2: label \"bell\": is not among the labels of labels.txt");
  }

  @Test
  void aWrongChecksumIsFoundWhenTheFileIsRead() throws IOException {
    MadeUp.wav(folder.resolve("b.wav"), 8_000, 800);
    MadeUp.text(
        folder.resolve("clips.csv"),
        "path,label,split,sha256",
        "b.wav,bell,test," + "0".repeat(64));
    Clip clip = load("csv").clips("test").get(0);
    assertThatThrownBy(() -> clip.reader().get())
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("clips.csv line 2: sha256 \"000")
        .hasMessageContaining("b.wav has ");
  }

  @Test
  void aFolderOfClassFoldersHasOneSplit() throws IOException {
    MadeUp.wav(folder.resolve("door/1.wav"), 8_000, 800);
    MadeUp.wav(folder.resolve("bell/1.wav"), 8_000, 800);
    DataSet set = load("folder");
    assertThat(set.splits()).containsExactly(Distribution.ALL);
    assertThat(set.clips("all")).extracting(Clip::name).containsExactly("bell/1.wav", "door/1.wav");
  }

  @Test
  void anUnknownNameIsAnsweredWithAllNames() {
    assertThatThrownBy(() -> Distribution.of("esc-50"))
        .hasMessage(
            "data set \"esc-50\": must be one of esc50, speech-commands, epic-sounds, folder, csv");
    assertThatThrownBy(() -> Distribution.ESC50.load(folder.resolve("none"), Optional.empty()))
        .hasMessageContaining("none: is no folder");
    assertThat(List.of(Distribution.values())).hasSize(5);
  }
}
