package dev.lookaside.trainer.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How much background of streams there may be. */
final class Sampled {
  private record Row(String id, String stream, String file) {}

  private Sampled() {}

  /** Names of the files of rows that are gone. */
  static List<String> limit(Index index, int perStream, int total) {
    Map<String, Integer> counts = new HashMap<>();
    int kept = 0;
    long change = Standings.nextChange(index);
    for (Row row : rows(index, Standing.USABLE)) {
      if (kept < total && counts.merge(row.stream(), 1, Integer::sum) <= perStream) {
        kept++;
      } else {
        index.update(
            "UPDATE examples SET standing = ?, change = ? WHERE id = ?",
            Standing.SUPERSEDED.word(),
            change,
            row.id());
      }
    }
    List<Row> unused = rows(index, Standing.SUPERSEDED);
    List<String> files = new ArrayList<>();
    for (Row row : unused.subList(Math.min(total, unused.size()), unused.size())) {
      index.update("DELETE FROM examples WHERE id = ?", row.id());
      files.add(row.file());
    }
    return files;
  }

  /** The newest first. */
  private static List<Row> rows(Index index, Standing standing) {
    return index.all(
        "SELECT id, stream, file FROM examples"
            + " WHERE origin = 'sampled' AND standing = ? ORDER BY number DESC",
        row -> new Row(row.getString(1), row.getString(2), row.getString(3)),
        standing.word());
  }
}
