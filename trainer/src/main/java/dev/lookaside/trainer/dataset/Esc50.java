package dev.lookaside.trainer.dataset;

import dev.lookaside.trainer.TrainerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * ESC-50 as its repository has it: {@code meta/esc50.csv} with {@code filename, fold, target,
 * category}, clips in {@code audio/}. A clip that is not there under its name is looked for as FLAC
 * or Ogg Vorbis under the same name with that suffix: many keep the collection compressed. One fold
 * is the test split, the others are the train split; there is no validation split.
 *
 * @see <a href="https://github.com/karolpiczak/ESC-50">ESC-50</a>
 */
final class Esc50 {
  static final int FOLDS = 5;
  private static final int MAX_TARGET = 49;
  private static final List<String> COMPRESSED = List.of(".flac", ".ogg");

  private Esc50() {}

  static DataSet load(Path folder, int testFold) {
    if (testFold < 1 || testFold > FOLDS) {
      throw new TrainerException("fold \"%d\": must be 1 to %d".formatted(testFold, FOLDS));
    }
    Path table = table(folder);
    List<CsvTable.Row> rows = rows(table);
    Map<Integer, String> categories = new TreeMap<>();
    List<Segment> segments = new ArrayList<>();
    for (CsvTable.Row row : rows) {
      int target = row.whole("target", 0, MAX_TARGET);
      String known = categories.putIfAbsent(target, row.text("category"));
      if (known != null && !known.equals(row.text("category"))) {
        throw row.bad("category", "target %d is \"%s\" above".formatted(target, known));
      }
      Path file = clip(folder.resolve("audio").resolve(row.text("filename")), row);
      boolean test = row.whole("fold", 1, FOLDS) == testFold;
      segments.add(
          new Segment(
              row.text("filename"),
              Recording.of(file, row.text("filename")),
              test ? DataSet.TEST : DataSet.TRAIN,
              target,
              Optional.empty()));
    }
    List<String> labels = new ArrayList<>();
    categories.forEach(
        (target, category) -> {
          if (target != labels.size()) {
            throw new TrainerException(
                "%s: target \"%d\": no line has it".formatted(table, labels.size()));
          }
          labels.add(category);
        });
    return new DataSet("esc50", folder.toString(), labels, segments, List.of());
  }

  /** Folds that have clips. */
  static SortedSet<Integer> folds(Path folder) {
    TreeSet<Integer> folds = new TreeSet<>();
    rows(table(folder)).forEach(row -> folds.add(row.whole("fold", 1, FOLDS)));
    return folds;
  }

  private static Path table(Path folder) {
    return folder.resolve("meta").resolve("esc50.csv");
  }

  private static List<CsvTable.Row> rows(Path table) {
    return CsvTable.read(table, List.of("filename", "fold", "target", "category"));
  }

  private static Path clip(Path named, CsvTable.Row row) {
    if (Files.isRegularFile(named)) {
      return named;
    }
    String name = named.getFileName().toString();
    int dot = name.lastIndexOf('.');
    String stem = dot < 0 ? name : name.substring(0, dot);
    for (String suffix : COMPRESSED) {
      Path file = named.resolveSibling(stem + suffix);
      if (Files.isRegularFile(file)) {
        return file;
      }
    }
    throw row.bad(
        "filename", "no such file: %s (nor as %s)".formatted(named, String.join(", ", COMPRESSED)));
  }
}
