package dev.lookaside.trainer.dataset;

import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * EPIC-SOUNDS: the annotation tables of its repository, and beside them the audio as one HDF5 file
 * (24 kHz) or as one WAV per video, in the folder itself or in {@code audio/}. Each table that is
 * there is a split; the recognition test has no labels. The videos of the challenge's detection
 * test are the split {@value #DETECTION_TEST}, as far as their audio is there.
 *
 * @see <a href="https://arxiv.org/abs/2302.00646">Huh et al.: EPIC-SOUNDS, ICASSP 2023</a>
 */
final class EpicSounds {
  /** Whole videos whose events the challenge keeps to itself. */
  static final String DETECTION_TEST = "detection-test";

  private static final int RATE_HZ = 24_000;
  private static final Pattern TIMESTAMP =
      Pattern.compile("(\\d{1,4}):([0-5]\\d):([0-5]\\d)(?:\\.(\\d{1,9}))?");
  private static final List<String> COLUMNS =
      List.of("annotation_id", "video_id", "start_timestamp", "stop_timestamp");

  /** The 44 classes by their id. */
  static final List<String> CLASSES =
      List.of(
          "metal-only collision",
          "scrub / scrape / scour / wipe",
          "cut / chop",
          "open / close",
          "rustle",
          "water",
          "plastic-only collision",
          "footstep",
          "stir / mix / whisk",
          "slide object",
          "metal / wood collision",
          "metal / plastic collision",
          "metal / ceramic collision",
          "background",
          "ceramic-only collision",
          "beep",
          "click",
          "metal / glass collision",
          "paper-only collision",
          "pour",
          "glass-only collision",
          "wood-only collision",
          "plastic / paper collision",
          "metal / paper collision",
          "human",
          "metal / cloth collision",
          "plastic / ceramic collision",
          "plastic / wood collision",
          "metal / marble collision",
          "sizzling / boiling",
          "ceramic / glass collision",
          "plastic / marble collision",
          "plastic / glass collision",
          "kettle / mixer / appliance",
          "ceramic / wood collision",
          "kneading",
          "cloth-only collision",
          "ceramic / marble collision",
          "glass / marble collision",
          "wood / glass collision",
          "hoover / fan",
          "spray",
          "zip",
          "drink / eat");

  /**
   * The videos that detection is tested on, as the challenge lists them; their times are not
   * published.
   */
  static final List<String> DETECTION_TEST_VIDEOS =
      List.of(
          "P01_101", "P12_102", "P22_114", "P23_103", "P27_102", "P30_102", "P30_105", "P30_106",
          "P33_101", "P33_102", "P33_103", "P33_104", "P33_105", "P33_106", "P33_107", "P33_108",
          "P33_109", "P33_110", "P33_111", "P35_102", "P35_106", "P36_101", "P36_102");

  private final Path folder;
  private final @Nullable HdfAudio hdf;
  private final Map<String, Recording> videos = new HashMap<>();
  private final List<Segment> segments = new ArrayList<>();

  private EpicSounds(Path folder) {
    this.folder = folder;
    this.hdf = hdf(folder);
  }

  static DataSet load(Path folder) {
    EpicSounds found = new EpicSounds(folder);
    found.add("EPIC_Sounds_train.csv", DataSet.TRAIN, true);
    found.add("EPIC_Sounds_validation.csv", DataSet.VALIDATION, true);
    found.add("EPIC_Sounds_recognition_test_timestamps.csv", DataSet.TEST, false);
    found.addDetectionTest();
    if (found.segments.isEmpty()) {
      throw new TrainerException(
          folder
              + ": holds neither EPIC_Sounds_train.csv, EPIC_Sounds_validation.csv, EPIC_Sounds_recognition_test_timestamps.csv"
              + " nor the audio of a video that detection is tested on");
    }
    return new DataSet("epic-sounds", folder.toString(), CLASSES, found.segments, List.of());
  }

  private static @Nullable HdfAudio hdf(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      List<Path> files = children.filter(f -> f.toString().matches(".*\\.(hdf5|h5)")).toList();
      if (files.size() > 1) {
        throw new TrainerException("%s: must hold one HDF5 file, not %s".formatted(folder, files));
      }
      return files.isEmpty() ? null : new HdfAudio(files.get(0), RATE_HZ);
    } catch (IOException e) {
      throw new TrainerException(folder + ": cannot be listed: " + FaultReason.of(e), e);
    }
  }

  private void add(String file, String split, boolean labelled) {
    Path table = folder.resolve(file);
    if (!Files.exists(table)) {
      return;
    }
    List<String> columns = new ArrayList<>(COLUMNS);
    if (labelled) {
      columns.addAll(List.of("class", "class_id"));
    }
    for (CsvTable.Row row : CsvTable.read(table, columns)) {
      int label = labelled ? label(row) : Segment.UNLABELLED;
      Span span = new Span(seconds(row, "start_timestamp"), seconds(row, "stop_timestamp"));
      if (span.offsetSeconds() <= span.onsetSeconds()) {
        throw row.bad("stop_timestamp", "must be after the start");
      }
      Recording video = videos.computeIfAbsent(row.text("video_id"), id -> video(row, id));
      segments.add(new Segment(row.text("annotation_id"), video, split, label, Optional.of(span)));
    }
  }

  /**
   * Whole videos without labels, if there is audio of any. Those without come first, so that
   * whoever uses the split is told before hours of work, and nobody else is.
   */
  private void addDetectionTest() {
    List<String> missing = new ArrayList<>();
    List<Segment> present = new ArrayList<>();
    for (String id : DETECTION_TEST_VIDEOS) {
      Optional<Recording> audio = audio(id);
      if (audio.isEmpty()) {
        missing.add(id);
      } else {
        present.add(detectionTest(audio.get()));
      }
    }
    if (!present.isEmpty()) {
      missing.forEach(id -> segments.add(detectionTest(new Missing(id, folder, missing))));
      segments.addAll(present);
    }
  }

  private static Segment detectionTest(Recording video) {
    return new Segment(video.name(), video, DETECTION_TEST, Segment.UNLABELLED, Optional.empty());
  }

  /** A video of the detection test of which there is no audio. */
  private record Missing(String name, Path folder, List<String> all) implements Recording {
    @Override
    public Pcm read() {
      throw new TrainerException(
          "%s: split \"%s\": has no audio of %d of its %d videos: %s"
              .formatted(folder, DETECTION_TEST, all.size(), DETECTION_TEST_VIDEOS.size(), all));
    }
  }

  private static int label(CsvTable.Row row) {
    int id = row.whole("class_id", 0, CLASSES.size() - 1);
    if (!CLASSES.get(id).equals(row.text("class"))) {
      throw row.bad("class", "class_id %d is \"%s\"".formatted(id, CLASSES.get(id)));
    }
    return id;
  }

  /**
   * Whole seconds and the rest parted, as the authors' script does: 75 + 0.948 begins a sample
   * before 75.948, at 24 kHz, and so do the tables' sample numbers.
   */
  private static double seconds(CsvTable.Row row, String column) {
    Matcher m = TIMESTAMP.matcher(row.text(column));
    if (!m.matches()) {
      throw row.bad(column, "must be HH:mm:ss.SSS");
    }
    int whole =
        Integer.parseInt(m.group(1)) * 3600
            + Integer.parseInt(m.group(2)) * 60
            + Integer.parseInt(m.group(3));
    String rest = m.group(4);
    return rest == null ? whole : whole + Integer.parseInt(rest) / Math.pow(10, rest.length());
  }

  private Recording video(CsvTable.Row row, String id) {
    return audio(id)
        .orElseThrow(
            () ->
                row.bad(
                    "video_id",
                    "no audio: neither %s.wav nor a dataset of an HDF5 file in %s"
                        .formatted(id, folder)));
  }

  private Optional<Recording> audio(String id) {
    HdfAudio audio = hdf;
    if (audio != null && audio.has(id)) {
      return Optional.of(audio.recording(id));
    }
    for (Path place : List.of(folder.resolve("audio"), folder)) {
      Path wav = place.resolve(id + ".wav");
      if (Files.isRegularFile(wav)) {
        return Optional.of(Recording.of(wav, id));
      }
    }
    return Optional.empty();
  }
}
