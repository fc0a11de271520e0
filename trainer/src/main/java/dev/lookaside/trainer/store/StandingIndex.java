package dev.lookaside.trainer.store;

import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelKind;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Labels as they come, and the standings of the newest. A label that comes is compared once,
 * together with those that it overlaps and no others, however many there are. Only the newest are
 * in memory: the others lie in a temporary SQLite database, because a new label may overlap one of
 * last year. For one thread.
 */
public final class StandingIndex implements AutoCloseable {
  private static final Comparator<Label> BY_AGE =
      Comparator.comparing(Label::time).thenComparing(Label::id);
  private static final LabelStanding ALONE = new LabelStanding(Standing.USABLE, List.of());

  private final int newest;
  private final Index index =
      Index.temporary(
          """
          CREATE TABLE labels (
            id TEXT PRIMARY KEY,
            stream TEXT NOT NULL,
            onset INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            kind TEXT NOT NULL,
            label TEXT NOT NULL,
            detected TEXT,
            detection TEXT,
            adapter TEXT,
            author TEXT NOT NULL,
            time INTEGER NOT NULL,
            note TEXT) WITHOUT ROWID
          """,
          "CREATE INDEX labels_by_time ON labels (stream, onset)",
          "CREATE INDEX labels_by_length ON labels (stream, offset - onset)");
  private final NavigableSet<Label> recent = new TreeSet<>(BY_AGE);
  private final Map<String, LabelStanding> stands = new HashMap<>();
  private long judged;

  /**
   * @param newest labels whose standing is asked for
   */
  public StandingIndex(int newest) {
    this.newest = newest;
  }

  /** Takes a label; one that it has already changes nothing. */
  public void add(Label label) {
    if (insert(label) == 0) {
      return;
    }
    recent.add(label);
    List<Label> together = together(label);
    judged += together.size();
    Map<String, LabelStanding> found = LabelStandings.of(together);
    together.stream()
        .filter(recent::contains)
        .forEach(l -> stands.put(l.id(), found.getOrDefault(l.id(), ALONE)));
    if (recent.size() > newest) {
      Label oldest = recent.first();
      recent.remove(oldest);
      stands.remove(oldest.id());
    }
  }

  private int insert(Label label) {
    return index.update(
        "INSERT OR IGNORE INTO labels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        label.id(),
        label.stream().value(),
        Nanos.of(label.onset()),
        Nanos.of(label.offset()),
        label.kind().name(),
        label.label(),
        label.detected().orElse(null),
        label.detection().orElse(null),
        label.adapter().orElse(null),
        label.author(),
        Nanos.of(label.time()),
        label.note().orElse(null));
  }

  /** Those that overlap it, directly or through others. */
  private List<Label> together(Label label) {
    Overlap all =
        Overlap.of(
            index,
            "labels WHERE TRUE",
            label.stream().value(),
            Nanos.of(label.onset()),
            Nanos.of(label.offset()));
    return index.all("SELECT * FROM labels WHERE " + Overlap.WHERE, this::read, all.values());
  }

  private Label read(ResultSet row) throws SQLException {
    return new Label(
        row.getString("id"),
        LabelKind.valueOf(row.getString("kind")),
        new StreamId(row.getString("stream")),
        row.getString("label"),
        Optional.ofNullable(row.getString("detected")),
        Optional.ofNullable(row.getString("detection")),
        Optional.ofNullable(row.getString("adapter")),
        Nanos.instant(row.getLong("onset")),
        Nanos.instant(row.getLong("offset")),
        row.getString("author"),
        Nanos.instant(row.getLong("time")),
        Optional.ofNullable(row.getString("note")));
  }

  /** The newest labels, oldest first. */
  public List<Label> recent() {
    return List.copyOf(recent);
  }

  /** The standing of one of {@link #recent}. */
  public LabelStanding of(Label label) {
    return stands.getOrDefault(label.id(), ALONE);
  }

  /** How often a label was judged, for tests of how that grows. */
  long judged() {
    return judged;
  }

  /** For tests of what it costs. */
  Index index() {
    return index;
  }

  @Override
  public void close() {
    index.close();
  }
}
