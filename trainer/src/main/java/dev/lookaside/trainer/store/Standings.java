package dev.lookaside.trainer.store;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Which rows of the index count, and what follows from it. */
final class Standings {
  /** From the weakest to the strongest. */
  private static final List<String> KINDS = List.of("confirm", "reject", "relabel");

  /** Labels on an adapter's detections that show how often it is wrong. */
  static final int JUDGED_MAX = 1_000;

  private static final long HOUR_NANOS = Duration.ofHours(1).toNanos();

  private Standings() {}

  /** The next number for rows that change. */
  static long nextChange(Index index) {
    return 1 + index.one("SELECT COALESCE(MAX(change), 0) FROM examples", row -> row.getLong(1));
  }

  /** Brings the labels up to date that overlap a stretch, directly or through others. */
  static void update(Index index, String stream, Instant onset, Instant offset) {
    Overlap all =
        Overlap.of(
            index, "examples WHERE kind IS NOT NULL", stream, Nanos.of(onset), Nanos.of(offset));
    Map<String, Standing> before = new HashMap<>();
    List<Claim> claims =
        index.all(
            "SELECT * FROM examples WHERE kind IS NOT NULL AND " + Overlap.WHERE,
            row -> {
              Claim claim = Row.claim(row);
              String standing = row.getString("standing").toUpperCase(Locale.ROOT);
              before.put(claim.id(), Standing.valueOf(standing));
              return claim;
            },
            all.values());
    long change = nextChange(index);
    Claim.standings(claims)
        .forEach(
            (id, standing) -> {
              if (standing != before.get(id)) {
                index.update(
                    "UPDATE examples SET standing = ?, change = ? WHERE id = ?",
                    standing.word(),
                    change,
                    id);
              }
            });
  }

  static List<Conflict> conflicts(List<StoredExample> examples) {
    List<StoredExample> sorted = new ArrayList<>(examples);
    sorted.sort(Comparator.comparing(StoredExample::stream).thenComparing(StoredExample::onset));
    List<Conflict> conflicts = new ArrayList<>();
    List<StoredExample> group = new ArrayList<>();
    Instant until = Instant.MIN;
    for (StoredExample e : sorted) {
      boolean joins =
          !group.isEmpty() && group.get(0).stream().equals(e.stream()) && e.onset().isBefore(until);
      if (!joins && !group.isEmpty()) {
        conflicts.add(new Conflict(group.get(0).stream(), group));
        group.clear();
      }
      until = group.isEmpty() || e.offset().isAfter(until) ? e.offset() : until;
      group.add(e);
    }
    if (!group.isEmpty()) {
      conflicts.add(new Conflict(group.get(0).stream(), group));
    }
    return conflicts;
  }

  /** A label on one detection; onset in nanoseconds. */
  private record Judgement(String stream, long onset, String kind) {
    boolean wrong() {
      return !kind.equals("confirm");
    }
  }

  /**
   * The worst label on a detection counts: wrong before doubtful. Of the newest {@value
   * #JUDGED_MAX}, so that looking once a second costs the same however many labels an adapter has
   * had.
   */
  static Verdicts verdicts(Index index, String adapter, Scope scope, Instant since) {
    Map<String, Judgement> byDetection = new HashMap<>();
    index.all(
        """
        SELECT stream, onset, detection, kind FROM examples INDEXED BY examples_by_adapter
        WHERE adapter = ?1 AND onset >= ?2 AND detection IS NOT NULL
          AND standing IN ('usable', 'duplicate')
          AND (?3 = '' OR stream = ?3 OR substr(stream, 1, length(?3) + 1) = ?3 || '/')
        ORDER BY onset DESC LIMIT ?4
        """,
        row -> {
          Judgement judgement = new Judgement(row.getString(1), row.getLong(2), row.getString(4));
          return covers(scope, judgement.stream())
              ? byDetection.merge(row.getString(3), judgement, Standings::stronger)
              : judgement;
        },
        adapter,
        Nanos.of(since),
        scope.name(),
        JUDGED_MAX);
    int[] counts = new int[3];
    for (Judgement judgement : byDetection.values()) {
      counts[KINDS.indexOf(judgement.kind())]++;
    }
    return new Verdicts(counts[0], counts[1], counts[2], wrongInHour(byDetection.values()));
  }

  static boolean covers(Scope scope, String stream) {
    return scope.equals(Scope.ALL) || scope.covers(new StreamId(stream));
  }

  static int usableSince(Index index, long change, Scope scope) {
    int[] count = new int[1];
    index.all(
        """
        SELECT stream, COUNT(*) FROM examples INDEXED BY examples_by_change
        WHERE change > ? AND origin = 'label' AND standing = 'usable' AND audio_state = 'held'
        GROUP BY stream
        """,
        row -> count[0] += covers(scope, row.getString(1)) ? row.getInt(2) : 0,
        change);
    return count[0];
  }

  private static int wrongInHour(Collection<Judgement> all) {
    Map<String, List<Long>> onsets = new HashMap<>();
    all.stream()
        .filter(Judgement::wrong)
        .forEach(s -> onsets.computeIfAbsent(s.stream(), x -> new ArrayList<>()).add(s.onset()));
    int worst = 0;
    for (List<Long> ofStream : onsets.values()) {
      Collections.sort(ofStream);
      int first = 0;
      for (int last = 0; last < ofStream.size(); last++) {
        while (ofStream.get(last) - ofStream.get(first) >= HOUR_NANOS) {
          first++;
        }
        worst = Math.max(worst, last - first + 1);
      }
    }
    return worst;
  }

  private static Judgement stronger(Judgement a, Judgement b) {
    return KINDS.indexOf(a.kind()) > KINDS.indexOf(b.kind()) ? a : b;
  }

  static StoreStats stats(Index index) {
    Map<Origin, Integer> origins = new EnumMap<>(Origin.class);
    counts(index, "origin", "TRUE").forEach((word, n) -> origins.put(Origin.valueOf(word), n));
    Map<Standing, Integer> standings = new EnumMap<>(Standing.class);
    counts(index, "standing", "kind IS NOT NULL")
        .forEach((word, n) -> standings.put(Standing.valueOf(word), n));
    Map<AudioState, Integer> audio = new EnumMap<>(AudioState.class);
    counts(index, "audio_state", "TRUE")
        .forEach((word, n) -> audio.put(AudioState.valueOf(word), n));
    return index.one(
        "SELECT COALESCE(SUM(1.0 * samples / rate_hz), 0), COUNT(DISTINCT recording) FROM examples",
        row -> new StoreStats(origins, standings, audio, row.getDouble(1), row.getInt(2)));
  }

  private static Map<String, Integer> counts(Index index, String column, String condition) {
    Map<String, Integer> counts = new HashMap<>();
    index.all(
        "SELECT %1$s, COUNT(*) FROM examples WHERE %2$s GROUP BY %1$s".formatted(column, condition),
        row -> counts.put(row.getString(1).toUpperCase(Locale.ROOT), row.getInt(2)));
    return counts;
  }
}
