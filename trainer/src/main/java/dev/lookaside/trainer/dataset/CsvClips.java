package dev.lookaside.trainer.dataset;

import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.ingest.FaultReason;
import dev.lookaside.ingest.Sha256;
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
import java.util.TreeSet;

/**
 * A table of clips: {@code path} (from the table's folder), {@code label}, {@code split}, and if
 * wanted {@code onset, offset} in seconds and the file's {@code sha256}. A line with a split but
 * without label and times is a recording of that split in which no class sounds: for detection.
 * Such lines of the training split, those without a split and those with times are backgrounds to
 * fit with, too. Classes are sorted by name, or in the order of a {@code labels.txt} beside the
 * table, one a line.
 */
final class CsvClips {
  private CsvClips() {}

  /**
   * @param place the table, or a folder with {@code clips.csv}
   */
  static DataSet load(Path place) {
    Path table = Files.isDirectory(place) ? place.resolve("clips.csv") : place;
    List<CsvTable.Row> rows = CsvTable.read(table, List.of("path", "label", "split"));
    List<String> labels = labels(table, rows);
    Map<Path, Recording> recordings = new HashMap<>();
    List<Segment> segments = new ArrayList<>();
    List<Recording> noise = new ArrayList<>();
    List<DataSet.Quiet> quiet = new ArrayList<>();
    for (CsvTable.Row row : rows) {
      if (!row.has("label")) {
        Path file = file(table, row);
        boolean judged = row.has("split") && span(row).isEmpty();
        if (judged) {
          quiet.add(
              new DataSet.Quiet(
                  recordings.computeIfAbsent(file, f -> recording(row, f)), row.text("split")));
        }
        if (!judged || row.text("split").equals(DataSet.TRAIN)) {
          noise.add(background(row, file));
        }
        continue;
      }
      int label = labels.indexOf(ClassName.of(row.text("label")));
      if (label < 0) {
        throw row.bad("label", "is not among the labels of labels.txt");
      }
      Path file = file(table, row);
      Recording recording = recordings.computeIfAbsent(file, f -> recording(row, f));
      String part = row.has("onset") ? "#" + row.text("onset") + ":" + row.text("label") : "";
      segments.add(
          new Segment(row.text("path") + part, recording, row.text("split"), label, span(row)));
    }
    return new DataSet("csv", table.toString(), labels, segments, noise, quiet);
  }

  private static Path file(Path table, CsvTable.Row row) {
    Path file = table.resolveSibling(row.text("path"));
    if (!Files.isRegularFile(file)) {
      throw row.bad("path", "no such file: " + file);
    }
    return file;
  }

  private static Recording background(CsvTable.Row row, Path file) {
    Recording whole = recording(row, file);
    return span(row).<Recording>map(s -> new Part(whole, s)).orElse(whole);
  }

  private static List<String> labels(Path table, List<CsvTable.Row> rows) {
    Path list = table.resolveSibling("labels.txt");
    if (!Files.isRegularFile(list)) {
      TreeSet<String> sorted = new TreeSet<>();
      rows.stream()
          .filter(r -> r.has("label"))
          .forEach(r -> sorted.add(ClassName.of(r.text("label"))));
      return List.copyOf(sorted);
    }
    try {
      return Files.readAllLines(list).stream()
          .map(ClassName::of)
          .filter(l -> !l.isEmpty())
          .toList();
    } catch (IOException e) {
      throw new TrainerException(list + ": cannot be read as UTF-8 text", e);
    }
  }

  private static Optional<Span> span(CsvTable.Row row) {
    if (!row.has("onset") && !row.has("offset")) {
      return Optional.empty();
    }
    Span span = new Span(row.seconds("onset"), row.seconds("offset"));
    if (span.offsetSeconds() <= span.onsetSeconds()) {
      throw row.bad("offset", "must be after onset \"%s\"".formatted(row.text("onset")));
    }
    return Optional.of(span);
  }

  private static Recording recording(CsvTable.Row row, Path file) {
    Recording plain = Recording.of(file, row.text("path"));
    return row.has("sha256") ? new Checked(plain, file, row) : plain;
  }

  /** What lies within a span, as a recording of its own. */
  private record Part(Recording whole, Span span) implements Recording {
    @Override
    public String name() {
      return whole.name() + "#" + span.onsetSeconds();
    }

    @Override
    public Pcm read() {
      return whole.read(span);
    }
  }

  /** Its bytes are compared with the table's checksum whenever it is read whole. */
  private record Checked(Recording plain, Path file, CsvTable.Row row) implements Recording {
    @Override
    public String name() {
      return plain.name();
    }

    @Override
    public Pcm read() {
      try {
        String found = Sha256.hex(Files.readAllBytes(file));
        if (!found.equals(row.text("sha256"))) {
          throw row.bad("sha256", "%s has %s".formatted(file, found));
        }
      } catch (IOException e) {
        throw new TrainerException(file + ": cannot be read: " + FaultReason.of(e), e);
      }
      return plain.read();
    }
  }
}
