package dev.lookaside.trainer.store;

import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelKind;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A row before it is in the index, and reading it from there.
 *
 * @param kind of the label; null for seeds and samples
 * @param detection of the label
 */
record Row(
    String id,
    String stream,
    Optional<String> label,
    Optional<String> rejectedLabel,
    Instant onset,
    Instant offset,
    String recording,
    Split split,
    Origin origin,
    String author,
    Instant labelledAt,
    @Nullable LabelKind kind,
    Optional<String> detection,
    Optional<String> adapter,
    Optional<String> note) {
  private static final long RECORDING_SECONDS = 600;

  static Row of(Label label, long seed, double heldOutShare) {
    boolean reject = label.kind() == LabelKind.REJECT;
    String recording = recording(label.stream().value(), label.onset());
    return new Row(
        label.id(),
        label.stream().value(),
        reject ? Optional.empty() : Optional.of(label.label()),
        reject ? Optional.of(label.label()) : label.detected(),
        label.onset(),
        label.offset(),
        recording,
        Split.of(recording, seed, heldOutShare),
        Origin.LABEL,
        label.author(),
        label.time(),
        label.kind(),
        label.detection(),
        label.adapter(),
        label.note());
  }

  /** A stream's ten minutes. */
  static String recording(String stream, Instant onset) {
    long second = Math.floorDiv(onset.getEpochSecond(), RECORDING_SECONDS) * RECORDING_SECONDS;
    return stream + "@" + Instant.ofEpochSecond(second);
  }

  /** The same of classes as {@code spelling} writes them. */
  Row spelled(UnaryOperator<String> spelling) {
    return new Row(
        id,
        stream,
        label.map(spelling),
        rejectedLabel.map(spelling),
        onset,
        offset,
        recording,
        split,
        origin,
        author,
        labelledAt,
        kind,
        detection,
        adapter,
        note);
  }

  /** Inserts it; 0 if its id is there already. */
  int insert(Index index, AudioState audio, long change) {
    return index.update(
        """
        INSERT INTO examples (id, stream, label, rejected_label, onset, offset, recording, split,
          origin, author, labelled_at, label_id, kind, detection, adapter, note, standing, change,
          audio_state)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO NOTHING
        """,
        id,
        stream,
        label.orElse(null),
        rejectedLabel.orElse(null),
        Nanos.of(onset),
        Nanos.of(offset),
        recording,
        split.word(),
        origin.word(),
        author,
        Nanos.of(labelledAt),
        origin == Origin.LABEL ? id : null,
        kind == null ? null : kind.word(),
        detection.orElse(null),
        adapter.orElse(null),
        note.orElse(null),
        Standing.USABLE.word(),
        change,
        audio.word());
  }

  static Claim claim(ResultSet row) throws SQLException {
    LabelKind kind = LabelKind.valueOf(text(row, "kind").toUpperCase(Locale.ROOT));
    boolean reject = kind == LabelKind.REJECT;
    return new Claim(
        text(row, "id"),
        text(row, "author"),
        time(row, "labelled_at"),
        time(row, "onset"),
        time(row, "offset"),
        kind,
        text(row, reject ? "rejected_label" : "label"),
        reject ? Optional.empty() : optional(row, "rejected_label"),
        optional(row, "detection"));
  }

  /**
   * @param folder of the store
   */
  static StoredExample example(ResultSet row, Path folder) throws SQLException {
    return new StoredExample(
        row.getLong("number"),
        text(row, "id"),
        text(row, "stream"),
        optional(row, "label"),
        optional(row, "rejected_label"),
        time(row, "onset"),
        time(row, "offset"),
        text(row, "recording"),
        Split.of(text(row, "split")),
        Origin.valueOf(text(row, "origin").toUpperCase(Locale.ROOT)),
        text(row, "author"),
        time(row, "labelled_at"),
        optional(row, "label_id"),
        optional(row, "adapter"),
        Standing.valueOf(text(row, "standing").toUpperCase(Locale.ROOT)),
        AudioState.valueOf(text(row, "audio_state").toUpperCase(Locale.ROOT)),
        optional(row, "audio_reason"),
        audio(row, folder));
  }

  static Map<String, String> details(ResultSet row) throws SQLException {
    Map<String, String> details = new HashMap<>();
    for (String column : List.of("id", "kind", "detection", "adapter", "note")) {
      details.put(column, optional(row, column).orElse(""));
    }
    return details;
  }

  private static Optional<StoredAudio> audio(ResultSet row, Path folder) throws SQLException {
    if (!text(row, "audio_state").equals(AudioState.HELD.word())) {
      return Optional.empty();
    }
    String name = text(row, "file");
    return Optional.of(
        new StoredAudio(
            StoredFiles.audio(folder, name),
            StoredFiles.logMel(folder, name),
            text(row, "sha256"),
            time(row, "start"),
            row.getInt("rate_hz"),
            row.getInt("samples"),
            row.getInt("onset_sample"),
            row.getInt("offset_sample"),
            row.getBoolean("whole")));
  }

  private static String text(ResultSet row, String column) throws SQLException {
    String value = row.getString(column);
    if (value == null) {
      throw new SQLException("column " + column + " is empty");
    }
    return value;
  }

  private static Optional<String> optional(ResultSet row, String column) throws SQLException {
    return Optional.ofNullable(row.getString(column));
  }

  private static Instant time(ResultSet row, String column) throws SQLException {
    return Nanos.instant(row.getLong(column));
  }
}
