package dev.lookaside.trainer.dataset;

import dev.lookaside.trainer.TrainerException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * ESC-50 as its repository has it: {@code meta/esc50.csv} with {@code filename, fold, target,
 * category}, clips in {@code audio/}. One fold is the test split, the others are the train split;
 * there is no validation split.
 *
 * @see <a href="https://github.com/karolpiczak/ESC-50">ESC-50</a>
 */
final class Esc50 {
  static final int FOLDS = 5;
  private static final int MAX_TARGET = 49;

  private Esc50() {}

  static DataSet load(Path folder, int testFold) {
    if (testFold < 1 || testFold > FOLDS) {
      throw new TrainerException("fold \"%d\": must be 1 to %d".formatted(testFold, FOLDS));
    }
    Path table = folder.resolve("meta").resolve("esc50.csv");
    List<CsvTable.Row> rows =
        CsvTable.read(table, List.of("filename", "fold", "target", "category"));
    Map<Integer, String> categories = new TreeMap<>();
    List<Segment> segments = new ArrayList<>();
    for (CsvTable.Row row : rows) {
      int target = row.whole("target", 0, MAX_TARGET);
      String known = categories.putIfAbsent(target, row.text("category"));
      if (known != null && !known.equals(row.text("category"))) {
        throw row.bad("category", "target %d is \"%s\" above".formatted(target, known));
      }
      Path file = folder.resolve("audio").resolve(row.text("filename"));
      if (!Files.isRegularFile(file)) {
        throw row.bad("filename", "no such file: " + file);
      }
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
}
