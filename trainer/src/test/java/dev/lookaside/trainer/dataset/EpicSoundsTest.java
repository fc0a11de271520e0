package dev.lookaside.trainer.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.TimedRecording;
import io.jhdf.HdfFile;
import io.jhdf.WritableHdfFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EpicSoundsTest {
  @TempDir private Path folder;

  @BeforeEach
  void tables() throws IOException {
    MadeUp.text(
        folder.resolve("EPIC_Sounds_train.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_01_0", "P01_01", "00:00:00.500", "00:00:01.000", 5),
        MadeUp.epicLine("P01_01_1", "P01_01", "00:00:00.750", "00:00:02.000", 13));
    MadeUp.text(
        folder.resolve("EPIC_Sounds_validation.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_02_0", "P01_02", "00:00:01.000", "00:00:01.200", 43));
    MadeUp.text(
        folder.resolve("EPIC_Sounds_recognition_test_timestamps.csv"),
        "annotation_id,participant_id,video_id,start_timestamp,stop_timestamp,start_sample,stop_sample",
        "P01_03_0,P01,P01_03,00:00:00.000,00:00:00.100,0,2400");
  }

  private DataSet load() {
    return Distribution.EPIC_SOUNDS.load(folder, Optional.empty());
  }

  private void hdf() {
    short[] ramp = new short[48_000];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = (short) (i % 32_768);
    }
    try (WritableHdfFile file = HdfFile.write(folder.resolve("EPIC_audio.hdf5"))) {
      file.putDataset("P01_01", ramp);
      file.putDataset("P01_02", MadeUp.ramp(48_000));
      file.putDataset("P01_03", ramp);
    }
  }

  private void checkSounds() {
    DataSet set = load();
    assertThat(set.labels()).hasSize(44).doesNotHaveDuplicates();
    assertThat(set.splits()).containsExactly("test", "train", "validation");
    assertThat(set.segments("train")).extracting(Segment::label).containsExactly(5, 13);
    assertThat(set.segments("train")).extracting(Segment::id).contains("P01_01_1");
    Pcm water = set.segments("train").get(0).read();
    assertThat(water.rateHz()).isEqualTo(24_000);
    assertThat(water.samples()).hasSize(12_000);
    assertThat(water.samples()[1]).isEqualTo(12_001 / 32_768f);
    assertThat(set.segments("validation").get(0).read().samples()[0]).isEqualTo(24_000 / 32_768f);
    assertThat(set.recordings("train")).singleElement().satisfies(r -> whole(r.read()));
    assertThat(set.hasTimes("train")).isTrue();
    assertThat(set.hasTimes("test")).isFalse();
    assertThat(set.segments("test").get(0).read().samples()).hasSize(2_400);
    assertThatThrownBy(() -> set.clips("test"))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("split \"test\": has no labels");
  }

  private static void whole(Pcm pcm) {
    assertThat(pcm.samples()).hasSize(48_000);
  }

  @Test
  void audioComesFromHdf5OfShortsOrFloats() {
    hdf();
    checkSounds();
  }

  /**
   * As the annotators' own script writes it: by h5py (3.7, HDF5 1.10.8), {@code
   * create_dataset(video, data=float32)} in the root.
   */
  @Test
  void audioComesFromAFileOfH5py() throws IOException {
    try (InputStream file = EpicSoundsTest.class.getResourceAsStream("/epic/h5py.hdf5")) {
      Files.copy(Objects.requireNonNull(file), folder.resolve("EPIC_audio.hdf5"));
    }
    MadeUp.text(
        folder.resolve("EPIC_Sounds_train.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_01_0", "P01_01", "00:00:00.050", "00:00:00.100", 5));
    MadeUp.text(
        folder.resolve("EPIC_Sounds_validation.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_02_0", "P01_02", "00:00:00.000", "00:00:00.050", 43));
    Files.delete(folder.resolve("EPIC_Sounds_recognition_test_timestamps.csv"));
    DataSet set = load();
    float[] first = set.segments("train").get(0).read().samples();
    assertThat(first).hasSize(1_200);
    assertThat(first[0]).isEqualTo(1_200 / 32_768f);
    float[] second = set.segments("validation").get(0).read().samples();
    assertThat(second).hasSize(1_200);
    assertThat(second[0]).isEqualTo(2_399 / 32_768f);
  }

  @Test
  void audioComesFromOneWavPerVideo() throws IOException {
    for (String video : new String[] {"P01_01", "P01_02", "P01_03"}) {
      MadeUp.wav(folder.resolve("audio").resolve(video + ".wav"), 24_000, 48_000);
    }
    checkSounds();
  }

  @Test
  void whatBreaksTheTablesIsNamed() throws IOException {
    assertThatThrownBy(this::load)
        .hasMessageContaining("EPIC_Sounds_train.csv line 2: video_id \"P01_01\": no audio");
    hdf();
    Path table = folder.resolve("EPIC_Sounds_train.csv");
    String good = MadeUp.epicLine("P01_01_0", "P01_01", "00:00:00.500", "00:00:01.000", 5);
    MadeUp.text(table, MadeUp.EPIC_HEADER, good, good.replace(",5", ",44"));
    assertThatThrownBy(this::load)
        .hasMessageContaining("EPIC_Sounds_train.csv line 3: class_id \"44\": must be 0 to 43");
    MadeUp.text(table, MadeUp.EPIC_HEADER, good.replace("water", "wafer"));
    assertThatThrownBy(this::load).hasMessageContaining("class \"wafer\": class_id 5 is \"water\"");
    MadeUp.text(table, MadeUp.EPIC_HEADER, good.replace("00:00:01.000", "1 s"));
    assertThatThrownBy(this::load)
        .hasMessageContaining("stop_timestamp \"1 s\": must be HH:mm:ss.SSS");
    MadeUp.text(table, MadeUp.EPIC_HEADER, good.replace("00:00:01.000", "00:00:00.400"));
    assertThatThrownBy(this::load).hasMessageContaining("must be after the start");
  }

  @Test
  void aSegmentBehindTheEndOfItsVideoIsNamedWhenItIsRead() throws IOException {
    hdf();
    MadeUp.text(
        folder.resolve("EPIC_Sounds_train.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_01_0", "P01_01", "01:00:02.500", "01:00:03.000", 5));
    assertThatThrownBy(() -> load().segments("train").get(0).read())
        .hasMessageContaining("P01_01: span \"3602.5 to 3603.0 s\": lies outside its 2.000 s");
  }

  /** Times of P01_11's annotations whose samples the tables of the distribution say. */
  @Test
  void segmentsBeginAtTheSampleThatTheDistributionNames() throws IOException {
    hdf();
    MadeUp.text(
        folder.resolve("EPIC_Sounds_train.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_11_14", "P01_01", "00:01:15.948", "00:01:16.948", 3),
        MadeUp.epicLine("P01_11_0", "P01_01", "00:00:02.069", "00:00:02.993", 34),
        MadeUp.epicLine("whole", "P01_01", "01:00:00", "01:00:00.5", 34));
    assertThat(load().segments("train"))
        .extracting(s -> (long) (s.span().orElseThrow().onsetSeconds() * 24_000))
        .containsExactly(1_822_751L, 49_656L, 86_400_000L);
  }

  @Test
  void aFileThatIsNoHdf5AndAFolderWithoutTablesAreNamed() throws IOException {
    Files.writeString(folder.resolve("EPIC_audio.hdf5"), "not an HDF5 file");
    assertThatThrownBy(this::load)
        .hasMessageContaining("EPIC_audio.hdf5: is not a valid HDF5 file");
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThatThrownBy(() -> Distribution.EPIC_SOUNDS.load(empty, Optional.empty()))
        .hasMessageContaining("holds neither EPIC_Sounds_train.csv");
  }

  @Test
  void theVideosThatDetectionIsTestedOnAreASplit() throws IOException {
    assertThat(EpicSounds.DETECTION_TEST_VIDEOS).hasSize(23).doesNotHaveDuplicates();
    hdf();
    assertThat(load().splits()).doesNotContain("detection-test");
    MadeUp.wav(folder.resolve("P36_101.wav"), 24_000, 2_400);
    DataSet some = load();
    assertThat(some.splits()).contains("detection-test");
    // Whoever uses it is told at the first video, not at the first one that is missing.
    assertThatThrownBy(() -> some.recordings("detection-test").get(0).read())
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("split \"detection-test\": has no audio of 22 of its 23 videos")
        .hasMessageContaining("P33_111");
    for (String video : EpicSounds.DETECTION_TEST_VIDEOS) {
      MadeUp.wav(folder.resolve("audio").resolve(video + ".wav"), 24_000, 2_400);
    }
    DataSet all = load();
    assertThat(all.recordings("detection-test"))
        .extracting(Recording::name)
        .containsExactlyElementsOf(EpicSounds.DETECTION_TEST_VIDEOS);
    assertThat(all.recordings("detection-test").get(0).read().samples()).hasSize(2_400);
    assertThat(all.hasTimes("detection-test")).isFalse();
    assertThat(all.events("detection-test")).isEmpty();
  }

  @Test
  void recordingsWithTheirTimesCanBeReadInParts() {
    hdf();
    TimedRecording video = load().timed("train", FrontEnd.EPIC_LOGMEL, c -> {}).get(0);
    assertThat(video.name()).isEqualTo("P01_01");
    assertThat(video.rateHz()).isEqualTo(24_000);
    assertThat(video.lengthSamples()).isEqualTo(48_000);
    assertThat(video.events())
        .containsExactly(
            new LabelledEvent("water", 0.5, 1), new LabelledEvent("background", 0.75, 2));
    // Each sample says where it is: no part is off by one.
    for (int from = 0; from < 3_000; from += 7) {
      float[] part = video.reader().read(from, from + 5);
      assertThat(part).hasSize(5);
      assertThat(part[0]).isEqualTo(from / 32_768f);
    }
    assertThatThrownBy(() -> load().timed("test", FrontEnd.EPIC_LOGMEL, c -> {}))
        .hasMessageContaining("split \"test\": has no onsets and offsets of its classes");
  }

  @Test
  void aRecordingThatCannotBeReadIsNamedAndLeftOut() throws IOException {
    MadeUp.text(
        folder.resolve("EPIC_Sounds_train.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_01_0", "P01_01", "00:00:00.500", "00:00:01.000", 5),
        MadeUp.epicLine("P01_02_0", "P01_02", "00:00:00.500", "00:00:01.000", 5),
        MadeUp.epicLine("P01_03_0", "P01_03", "00:00:00.000", "00:00:00.001", 5));
    MadeUp.wav(folder.resolve("P01_01.wav"), 24_000, 48_000);
    Files.writeString(folder.resolve("P01_02.wav"), "no sound");
    MadeUp.wav(folder.resolve("P01_03.wav"), 24_000, 0);
    List<String> complaints = new ArrayList<>();
    assertThat(load().timed("train", FrontEnd.EPIC_LOGMEL, complaints::add))
        .extracting(TimedRecording::name)
        .containsExactly("P01_01");
    assertThat(complaints).hasSize(2);
    assertThat(complaints.get(0)).contains("P01_02");
    assertThat(complaints.get(1)).contains("P01_03").contains("0");
    MadeUp.text(
        folder.resolve("EPIC_Sounds_train.csv"),
        MadeUp.EPIC_HEADER,
        MadeUp.epicLine("P01_02_0", "P01_02", "00:00:00.500", "00:00:01.000", 5));
    assertThatThrownBy(() -> load().timed("train", FrontEnd.EPIC_LOGMEL, c -> {}))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("split \"train\": no recording can be read; the first: ")
        .hasMessageContaining("P01_02.wav");
  }
}
