package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.DetectionSink.Publish;
import dev.lookaside.classifier.detect.DetectionSink.RejectedRecord;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamProgress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be written, and what belongs into the next transaction: everything. Of one stream
 * detections and letters add up and the newest progress counts. Pure; not thread-safe.
 */
final class SinkCore {
  private record Key(Assignment assignment, StreamId stream) {}

  /**
   * What one stream has published and is not written.
   *
   * @param publishes at least one, in order; grows until it is written
   */
  record Pending(Assignment assignment, StreamId stream, List<Publish> publishes) {
    StreamProgress progress() {
      return publishes.get(publishes.size() - 1).progress();
    }
  }

  /**
   * One transaction.
   *
   * @param streams in the order in which they first published
   * @param forgotten streams whose progress goes
   * @param offsets positions to commit, of every partition that anything here belongs to
   */
  record Batch(
      List<Pending> streams,
      List<SinkMessage.Letter> letters,
      List<SinkMessage.Forget> forgotten,
      Map<Assignment, Long> offsets,
      @Nullable ConsumerGroupMetadata group) {
    boolean isEmpty() {
      return streams.isEmpty() && letters.isEmpty() && forgotten.isEmpty() && offsets.isEmpty();
    }

    /** All letters, with their partitions' assignments forgotten. */
    List<RejectedRecord> allLetters() {
      List<RejectedRecord> all = new ArrayList<>();
      letters.forEach(l -> all.add(new RejectedRecord(l.record(), l.rejection())));
      streams.forEach(p -> p.publishes().forEach(one -> all.addAll(one.letters())));
      return all;
    }
  }

  private final Map<Assignment, Long> positions = new HashMap<>();
  private final Map<Assignment, Long> newPositions = new HashMap<>();
  private final Map<Key, Pending> pending = new LinkedHashMap<>();
  private final List<SinkMessage.Letter> letters = new ArrayList<>();
  private final List<SinkMessage.Forget> forgotten = new ArrayList<>();
  private @Nullable ConsumerGroupMetadata group;
  private boolean urgent;

  void begin(SinkMessage.Begin begin) {
    positions.putAll(begin.offsets());
    group = begin.group();
  }

  void positions(SinkMessage.Positions moved) {
    moved
        .offsets()
        .forEach(
            (assignment, at) -> {
              if (positions.replace(assignment, at) != null) {
                newPositions.put(assignment, at);
              }
            });
    group = moved.group();
  }

  /** These partitions are not ours any more: what is pending for them is dropped. */
  void lost(Set<Assignment> assignments) {
    positions.keySet().removeAll(assignments);
    newPositions.keySet().removeAll(assignments);
    pending.keySet().removeIf(key -> assignments.contains(key.assignment()));
    letters.removeIf(letter -> assignments.contains(letter.assignment()));
    forgotten.removeIf(f -> assignments.contains(f.assignment()));
  }

  void publish(Publish publish) {
    if (!positions.containsKey(publish.assignment())) {
      return; // Of a partition that has left: its next owner finds the same.
    }
    Key key = new Key(publish.assignment(), publish.stream());
    pending
        .computeIfAbsent(key, k -> new Pending(k.assignment(), k.stream(), new ArrayList<>()))
        .publishes()
        .add(publish);
    urgent |= !publish.detections().isEmpty() || !publish.letters().isEmpty() || publish.ended();
  }

  void letter(SinkMessage.Letter letter) {
    if (positions.containsKey(letter.assignment())) {
      letters.add(letter);
      urgent = true;
    }
  }

  void forget(SinkMessage.Forget forget) {
    if (positions.containsKey(forget.assignment())) {
      forgotten.add(forget);
    }
  }

  /** Whether something waits that somebody waits for. */
  boolean urgent() {
    return urgent;
  }

  /** Publishes, letters and the rest that wait. */
  int size() {
    int size = letters.size() + forgotten.size();
    for (Pending p : pending.values()) {
      size += p.publishes().size();
    }
    return size;
  }

  /** All that waits. It stays until {@link #written}. */
  Batch batch() {
    Map<Assignment, Long> offsets = new HashMap<>(newPositions);
    pending.keySet().forEach(key -> include(key.assignment(), offsets));
    letters.forEach(l -> include(l.assignment(), offsets));
    forgotten.forEach(f -> include(f.assignment(), offsets));
    return new Batch(
        List.copyOf(pending.values()),
        List.copyOf(letters),
        List.copyOf(forgotten),
        offsets,
        group);
  }

  /**
   * An offset is part of every transaction, though it has not moved: whoever has the partition next
   * waits for a transaction that is under way only if that holds an offset of it.
   */
  private void include(Assignment assignment, Map<Assignment, Long> offsets) {
    Long at = positions.get(assignment);
    if (at != null) {
      offsets.put(assignment, at);
    }
  }

  /** The batch is durable; nothing has come since it was made. */
  KafkaSource.Settled written() {
    List<KafkaSource.Progressed> progressed = new ArrayList<>();
    pending.forEach(
        (key, its) ->
            progressed.add(
                new KafkaSource.Progressed(key.assignment(), key.stream(), its.progress())));
    List<KafkaSource.WrittenLetter> written = new ArrayList<>();
    letters.forEach(
        l -> written.add(new KafkaSource.WrittenLetter(l.assignment(), l.record().offset())));
    pending.clear();
    letters.clear();
    forgotten.clear();
    newPositions.clear();
    urgent = false;
    return new KafkaSource.Settled(progressed, written);
  }
}
