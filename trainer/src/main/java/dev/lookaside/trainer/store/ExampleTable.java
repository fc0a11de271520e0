package dev.lookaside.trainer.store;

import com.fasterxml.jackson.databind.SequenceWriter;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.dataset.CsvCell;
import dev.lookaside.trainer.dataset.CsvTable;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.label.LabelKind;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Examples as a data set that {@code --dataset csv} reads: a table, and the audio in a folder
 * {@code audio} beside it.
 *
 * <pre>
 *   path            audio file, from the table's folder
 *   label           the class; empty for background
 *   split           train or held-out
 *   onset, offset   of the event in the file, seconds
 *   sha256          of the file
 *   id, stream, recording, origin, author, labelled_at, rejected_label,
 *   kind, detection, adapter, note              where it is from
 * start, event_onset, event_offset            capture times of the file's start and of the event
 * whole                                       false if part of the event is not in the file
 * </pre>
 *
 * <p>A table with the columns of the third group comes back as it went. One without is taken for
 * clips from elsewhere: each file is a recording of its own.
 */
final class ExampleTable {
  private static final List<String> COLUMNS =
      List.of(
          "path",
          "label",
          "split",
          "onset",
          "offset",
          "sha256",
          "id",
          "stream",
          "recording",
          "origin",
          "author",
          "labelled_at",
          "rejected_label",
          "kind",
          "detection",
          "adapter",
          "note",
          "start",
          "event_onset",
          "event_offset",
          "whole");

  private static final int SECONDS_DECIMALS = 9;

  private ExampleTable() {}

  /**
   * Writes the usable examples of both splits.
   *
   * @return how many
   */
  static int write(ExampleStore store, Path csv) {
    Path folder = csv.toAbsolutePath().getParent();
    List<StoredExample> examples = new ArrayList<>(store.usable(Split.TRAIN));
    examples.addAll(store.usable(Split.HELD_OUT));
    if (folder == null || examples.isEmpty()) {
      throw new TrainerException(
          "%s: the store %s has no usable example to export".formatted(csv, store.folder()));
    }
    Map<String, Map<String, String>> rest = new LinkedHashMap<>();
    store.details().forEach(d -> rest.put(d.getOrDefault("id", ""), d));
    try {
      Files.createDirectories(folder.resolve("audio"));
      List<Map<String, String>> lines = new ArrayList<>();
      for (StoredExample e : examples) {
        StoredAudio audio = e.heldAudio();
        audio.read();
        Path copy = folder.resolve("audio").resolve(audio.file().getFileName());
        if (!Files.exists(copy) || !Files.isSameFile(copy, audio.file())) {
          Files.copy(audio.file(), copy, StandardCopyOption.REPLACE_EXISTING);
        }
        lines.add(line(e, audio, rest.getOrDefault(e.id(), Map.of())));
      }
      AtomicFile.write(csv, file -> write(lines, file));
    } catch (IOException e) {
      throw new TrainerException(csv + ": cannot be written", e);
    }
    return examples.size();
  }

  private static void write(List<Map<String, String>> lines, Path file) throws IOException {
    CsvSchema.Builder schema = CsvSchema.builder();
    COLUMNS.forEach(schema::addColumn);
    try (SequenceWriter out =
        new CsvMapper().writer(schema.build().withHeader()).writeValues(file.toFile())) {
      for (Map<String, String> line : lines) {
        Map<String, String> cells = new LinkedHashMap<>(line);
        cells.replaceAll((column, cell) -> CsvCell.escaped(cell));
        out.write(cells);
      }
    }
  }

  private static Map<String, String> line(
      StoredExample e, StoredAudio audio, Map<String, String> details) {
    Map<String, String> line = new LinkedHashMap<>();
    line.put("path", "audio/" + audio.file().getFileName());
    line.put("label", e.label().orElse(""));
    line.put("split", e.split().word());
    line.put("onset", seconds(audio.onsetSample(), audio.rateHz()));
    line.put("offset", seconds(audio.offsetSample(), audio.rateHz()));
    line.put("sha256", audio.sha256());
    line.put("id", e.id());
    line.put("stream", e.stream());
    line.put("recording", e.recording());
    line.put("origin", e.origin().word());
    line.put("author", e.author());
    line.put("labelled_at", e.labelledAt().toString());
    line.put("rejected_label", e.rejectedLabel().orElse(""));
    for (String column : List.of("kind", "detection", "adapter", "note")) {
      line.put(column, details.getOrDefault(column, ""));
    }
    line.put("start", audio.start().toString());
    line.put("event_onset", e.onset().toString());
    line.put("event_offset", e.offset().toString());
    line.put("whole", Boolean.toString(audio.whole()));
    return line;
  }

  /** Rounded up, so that what is cut at {@code floor(seconds * rate)} is the same sample again. */
  private static String seconds(int sample, int rateHz) {
    return BigDecimal.valueOf(sample)
        .divide(BigDecimal.valueOf(rateHz), SECONDS_DECIMALS, RoundingMode.CEILING)
        .stripTrailingZeros()
        .toPlainString();
  }

  /**
   * Adds a table's clips; those that are there already change nothing.
   *
   * @return how many lines the table has
   */
  static int read(ExampleStore store, Path csv) {
    List<CsvTable.Row> lines = CsvTable.read(csv, List.of("path", "label", "split"));
    for (CsvTable.Row line : lines) {
      try {
        if (line.has("origin") && line.has("id")) {
          restore(store, csv, line);
        } else {
          store.putSeed(seed(csv, line));
        }
      } catch (IngestException e) {
        throw new TrainerException("%s line %d: %s".formatted(csv, line.line(), e.getMessage()), e);
      }
    }
    return lines.size();
  }

  private static Seed seed(Path csv, CsvTable.Row line) {
    Pcm audio = audio(csv, line);
    boolean times = line.has("onset") || line.has("offset");
    return new Seed(
        optional(line, "label"),
        line.has("recording") ? line.text("recording") : line.text("path"),
        audio,
        times ? line.seconds("onset") : 0,
        times ? line.seconds("offset") : audio.seconds(),
        Optional.of(split(line)),
        line.has("author") ? line.text("author") : "import");
  }

  private static void restore(ExampleStore store, Path csv, CsvTable.Row line) {
    Pcm pcm = store.atRate(audio(csv, line));
    Instant start = time(line, "start");
    int onset = (int) (line.seconds("onset") * pcm.rateHz());
    int offset = Math.min(pcm.lengthSamples(), (int) (line.seconds("offset") * pcm.rateHz()));
    boolean whole = !line.has("whole") || Boolean.parseBoolean(line.text("whole"));
    Sound sound = new Sound(pcm, start, onset, offset, whole);
    store.put(
        new Row(
            line.text("id"),
            line.text("stream"),
            optional(line, "label"),
            optional(line, "rejected_label"),
            time(line, "event_onset"),
            time(line, "event_offset"),
            line.text("recording"),
            split(line),
            oneOf(line, "origin", Origin.values()),
            line.text("author"),
            time(line, "labelled_at"),
            kind(line),
            optional(line, "detection"),
            optional(line, "adapter"),
            optional(line, "note")),
        sound);
  }

  private static @Nullable LabelKind kind(CsvTable.Row line) {
    return line.has("kind") ? oneOf(line, "kind", LabelKind.values()) : null;
  }

  private static Pcm audio(Path csv, CsvTable.Row line) {
    Path file = csv.resolveSibling(line.text("path"));
    if (!Files.isRegularFile(file)) {
      throw line.bad("path", "no such file: " + file);
    }
    if (line.has("sha256") && !Digests.sha256(file).equals(line.text("sha256"))) {
      throw line.bad("sha256", file + " has another");
    }
    return AudioFiles.read(file);
  }

  private static Split split(CsvTable.Row line) {
    try {
      return Split.of(line.text("split"));
    } catch (TrainerException e) {
      throw line.bad("split", "must be train, held-out, validation or test");
    }
  }

  private static Instant time(CsvTable.Row line, String column) {
    return Rfc3339.parse(line.text(column))
        .orElseThrow(() -> line.bad(column, "must be an RFC 3339 time"));
  }

  private static <E extends Enum<E>> E oneOf(CsvTable.Row line, String column, E[] values) {
    return Arrays.stream(values)
        .filter(v -> v.name().equalsIgnoreCase(line.text(column)))
        .findFirst()
        .orElseThrow(() -> line.bad(column, "must be one of " + Arrays.toString(values)));
  }

  private static Optional<String> optional(CsvTable.Row line, String column) {
    return line.has(column) ? Optional.of(line.text(column)) : Optional.empty();
  }
}
