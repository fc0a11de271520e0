package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.deploy.page.PageEvents.Stage;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipt.State;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the page shows, as messages: those since the last {@link #drain} for pages that are open,
 * all that is kept for one that opens now. Thread-safe; times come in as arguments.
 *
 * <pre>
 *   {kind: window,     stream, until, outcome, label?, value?}     until: capture time, ms
 *   {kind: event,      stream, id, state: open|ended|retracted, label, onset, offset?, peak, adapter}
 *   {kind: hole,       stream, from, until, why: gap|shed}
 *   {kind: swap,       stream, at, adapter, first}                 at: of the first window it scored
 *   {kind: curve,      stream, labels, outcomes, columns}          windows of the past in a snapshot: per window
 *                      milliseconds since the one before (the first: until), outcome, label or -1, value / 1000
 *   {kind: stream,     stream, state: live|late|silent|ended, millis, clockAheadMillis}   how late, or how long without
 *                      a window; and how far its clock is off, negative: behind
 *   {kind: gone,       stream}                                     made way for another one
 *   {kind: correction, id, stream, verdict, label, onset, offset, detection?, author, stage, since,
 *                      standing?, because?,       how it stands to which other labels
 *                      adapter?, before?, after?, receipt?}   what adapters say there, in words
 *   {kind: trainer,    status}        of one in this process, or {elsewhere: true, last: outcome}
 * </pre>
 */
final class Board implements ReceiptWatch.Listener {
  static final int MAX_STREAMS = 64;

  /** The longest span that the page offers, and what windows every tenth of a second make of it. */
  private static final long CURVE_MILLIS = 300_000;

  private static final int MAX_WINDOWS = 3_000;
  private static final List<String> OUTCOMES =
      Arrays.stream(StreamDetector.Outcome.values())
          .map(outcome -> outcome.name().toLowerCase(Locale.ROOT))
          .toList();
  private static final int MAX_EVENTS = 300;
  private static final int MAX_MARKS = 100;
  static final int MAX_CORRECTIONS = 500;
  private static final int MAX_PENDING = 20_000;

  /** Streams without a row that are counted. */
  private static final int MAX_UNSEEN = 10_000;

  /** A stream without a window for so long is silent, and its place may be taken. */
  private static final long SILENT_MILLIS = 10_000;

  /** A window that is scored so long after its capture is late. */
  static final long LATE_MILLIS = 10_000;

  /** What a row shows of one window. */
  private record Column(long until, int outcome, @Nullable String label, int permille) {}

  /** How a stream is, see the messages. */
  private record StreamStatus(String state, long millis, long clockAheadMillis) {}

  /** One stream's newest messages, oldest first. */
  private static final class Row {
    final ArrayDeque<Column> windows = new ArrayDeque<>();
    final LinkedHashMap<String, ObjectNode> events = new LinkedHashMap<>();
    final LinkedHashMap<String, Detection> ended = new LinkedHashMap<>();
    final ArrayDeque<ObjectNode> marks = new ArrayDeque<>();
    String adapter = "";
    Instant seen = Instant.EPOCH;
    long lateMillis;
    long clockAheadMillis;
    boolean finished;
    StreamStatus lastTold = new StreamStatus("live", 0, 0);

    /** Also a stream of long windows is not silent between two of them. */
    StreamStatus status(Instant now) {
      long quiet = Math.max(0, Duration.between(seen, now).toMillis());
      if (finished) {
        return new StreamStatus("ended", quiet, clockAheadMillis);
      }
      if (quiet > SILENT_MILLIS + 2 * hopMillis()) {
        return new StreamStatus("silent", quiet, clockAheadMillis);
      }
      return new StreamStatus(
          lateMillis > LATE_MILLIS ? "late" : "live", lateMillis, clockAheadMillis);
    }

    private long hopMillis() {
      return windows.size() < 2
          ? 0
          : (windows.getLast().until() - windows.getFirst().until()) / (windows.size() - 1);
    }
  }

  private final LinkedHashMap<String, Row> rows = new LinkedHashMap<>();
  private final LinkedHashMap<String, ObjectNode> corrections = new LinkedHashMap<>();
  private final LinkedHashMap<String, Label> labels = new LinkedHashMap<>();
  private final Latencies latencies = new Latencies();
  private final Map<String, Long> outcomes = new HashMap<>();
  private ArrayNode pending = JsonNodeFactory.instance.arrayNode();
  private @Nullable ObjectNode trainer;
  private boolean trainerHere;
  private final Set<String> unseen = new LinkedHashSet<>();
  private boolean overflowed;

  /** Handles an event of a stream. */
  synchronized void observed(StreamDetector.Event event, Instant now) {
    String stream = event.stream().value();
    if (event instanceof StreamDetector.Windowed w) {
      outcomes.merge(OUTCOMES.get(w.outcome().ordinal()), 1L, Long::sum);
      if (w.outcome() == StreamDetector.Outcome.SCORED) {
        latencies.add(Duration.between(w.capturedUntil(), now).toMillis());
      }
      Row row = row(stream, now);
      if (row != null) {
        row.seen = now;
        row.finished = false;
        row.lateMillis = Math.max(0, Duration.between(w.capturedUntil(), now).toMillis());
        windowed(row, w);
      }
    } else if (event instanceof StreamDetector.Delivered delivered) {
      Row row = row(stream, now);
      if (row != null) {
        delivered.detections().forEach(d -> detected(row, d));
      }
    } else if (event instanceof StreamDetector.ClockOff off) {
      Row row = row(stream, now);
      if (row != null) {
        row.clockAheadMillis = off.ahead().toMillis();
        tellStatus(stream, row, now);
      }
    } else if (event instanceof StreamDetector.Finished) {
      unseen.remove(stream);
      Row row = rows.get(stream);
      if (row != null) {
        row.finished = true;
        tellStatus(stream, row, now);
      }
    }
  }

  private @Nullable Row row(String stream, Instant now) {
    Row row = rows.get(stream);
    if (row == null) {
      if (rows.size() >= MAX_STREAMS && !madeWay(now)) {
        if (unseen.size() < MAX_UNSEEN) {
          unseen.add(stream);
        }
        return null;
      }
      row = new Row();
      row.seen = now;
      rows.put(stream, row);
      unseen.remove(stream);
    }
    return row;
  }

  /**
   * One that has ended before one that is silent; of those the one that has been so for longest.
   */
  private boolean madeWay(Instant now) {
    Optional<Map.Entry<String, Row>> idle =
        rows.entrySet().stream()
            .filter(e -> !isActive(e.getValue().status(now)))
            .min(
                Comparator.comparing((Map.Entry<String, Row> e) -> !e.getValue().finished)
                    .thenComparing(e -> e.getValue().seen));
    idle.ifPresent(
        e -> {
          rows.remove(e.getKey());
          tell(message("gone").put("stream", e.getKey()));
        });
    return idle.isPresent();
  }

  private static boolean isActive(StreamStatus status) {
    return status.state().equals("live") || status.state().equals("late");
  }

  /** Tells which streams have become late, silent or live, and how late those are that are. */
  synchronized void look(Instant now) {
    rows.forEach(
        (stream, row) -> {
          StreamStatus next = row.status(now);
          boolean other = !next.state().equals(row.lastTold.state());
          if (other || (next.state().equals("late") && next.millis() != row.lastTold.millis())) {
            tellStatus(stream, row, now);
          }
        });
  }

  private void tellStatus(String stream, Row row, Instant now) {
    row.lastTold = row.status(now);
    tell(status(stream, row.lastTold));
  }

  private static ObjectNode status(String stream, StreamStatus status) {
    return message("stream")
        .put("stream", stream)
        .put("state", status.state())
        .put("millis", status.millis())
        .put("clockAheadMillis", status.clockAheadMillis());
  }

  private void windowed(Row row, StreamDetector.Windowed w) {
    AdapterFacts adapter = w.adapter();
    String stream = w.stream().value();
    if (adapter != null && !adapter.digest().equals(row.adapter)) {
      ObjectNode swap =
          message("swap")
              .put("stream", stream)
              .put("at", w.captureTime().toEpochMilli())
              .put("adapter", adapter.digest())
              .put("first", row.adapter.isEmpty());
      adapter.labels().forEach(swap.putArray("labels")::add);
      row.adapter = adapter.digest();
      keep(row.marks, swap, MAX_MARKS);
      tell(swap);
    }
    Column column = new Column(w.capturedUntil().toEpochMilli(), w.outcome().ordinal(), null, 0);
    float[] posteriors = w.posteriors();
    if (posteriors != null && adapter != null) {
      int classes = adapter.labels().size();
      int from = posteriors.length - classes;
      int best = 0;
      for (int c = 1; c < classes; c++) {
        best = posteriors[from + c] > posteriors[from + best] ? c : best;
      }
      column =
          new Column(
              column.until(),
              column.outcome(),
              adapter.labels().get(best),
              Math.round(posteriors[from + best] * 1000));
    }
    row.windows.addLast(column);
    while (row.windows.size() > MAX_WINDOWS
        || row.windows.getFirst().until() < column.until() - CURVE_MILLIS) {
      row.windows.removeFirst();
    }
    ObjectNode window =
        message("window")
            .put("stream", stream)
            .put("until", column.until())
            .put("outcome", OUTCOMES.get(column.outcome()));
    if (column.label() != null) {
      window.put("label", column.label()).put("value", column.permille() / 1000.0);
    }
    tell(window);
  }

  private static ObjectNode curve(String stream, Row row) {
    ObjectNode curve = message("curve").put("stream", stream);
    ArrayNode columns = curve.putArray("columns");
    List<String> labels = new ArrayList<>();
    long before = 0;
    for (Column c : row.windows) {
      if (c.label() != null && !labels.contains(c.label())) {
        labels.add(c.label());
      }
      columns.add(c.until() - before).add(c.outcome());
      columns.add(c.label() == null ? -1 : labels.indexOf(c.label())).add(c.permille());
      before = c.until();
    }
    labels.forEach(curve.putArray("labels")::add);
    OUTCOMES.forEach(curve.putArray("outcomes")::add);
    return curve;
  }

  private void detected(Row row, Detection d) {
    Instant offset = d.extent().offsetTime();
    if (d.kind() == Detection.Kind.GAP || d.kind() == Detection.Kind.SHED) {
      ObjectNode hole =
          message("hole")
              .put("stream", d.stream().value())
              .put("from", d.extent().onsetTime().toEpochMilli())
              .put("until", offset == null ? null : offset.toEpochMilli())
              .put("why", d.kind().word());
      keep(row.marks, hole, MAX_MARKS);
      tell(hole);
      return;
    }
    ObjectNode event =
        message("event")
            .put("stream", d.stream().value())
            .put("id", d.id())
            .put("state", d.kind() == Detection.Kind.STARTED ? "open" : d.kind().word())
            .put("label", d.label())
            .put("onset", d.extent().onsetTime().toEpochMilli())
            .put("offset", offset == null ? null : offset.toEpochMilli())
            .put("peak", d.peak())
            .put("adapter", d.origin().adapterDigest());
    row.events.put(d.id(), event);
    if (d.kind() == Detection.Kind.ENDED) {
      row.ended.put(d.id(), d);
    }
    trim(row.events, MAX_EVENTS);
    trim(row.ended, MAX_EVENTS);
    tell(event);
  }

  /** A label is on its topic. One that is shown already stays as it stands. */
  synchronized void corrected(Label label) {
    if (corrections.containsKey(label.id())) {
      return;
    }
    ObjectNode correction =
        message("correction")
            .put("id", label.id())
            .put("stream", label.stream().value())
            .put("verdict", label.kind().word())
            .put("label", label.label())
            .put("onset", label.onset().toEpochMilli())
            .put("offset", label.offset().toEpochMilli())
            .put("detection", label.detection().orElse(null))
            .put("author", label.author())
            .put("stage", PageEvents.Stage.SENT.word())
            .put("since", label.time().toEpochMilli());
    corrections.put(label.id(), correction);
    labels.put(label.id(), label);
    trim(corrections, MAX_CORRECTIONS);
    trim(labels, MAX_CORRECTIONS);
    tell(correction);
  }

  synchronized boolean shows(String stream) {
    return rows.containsKey(stream);
  }

  /** A label that is shown. */
  synchronized Optional<Label> label(String id) {
    return Optional.ofNullable(labels.get(id));
  }

  /** One of a stream that is not shown here is passed over. */
  @Override
  public synchronized void receipt(Receipt receipt, boolean used) {
    Label label = receipt.label();
    if (!corrections.containsKey(label.id())) {
      if (!rows.containsKey(label.stream().value())) {
        return;
      }
      corrected(label);
    }
    // What was told is never written again: it may be on its way to a page.
    ObjectNode known = corrections.getOrDefault(label.id(), message("correction"));
    ObjectNode next = ReceiptMessage.of(known, receipt, used);
    if (!next.equals(known)) {
      corrections.put(label.id(), next);
      tell(next);
    }
  }

  /** A trainer in this process says more than its outcomes do. */
  @Override
  public synchronized void round(JsonNode outcome) {
    if (!trainerHere) {
      ObjectNode status = JsonNodeFactory.instance.objectNode().put("elsewhere", true);
      show(status.set("last", outcome));
    }
  }

  /** As {@link PageEvents#trainer}. */
  synchronized void trainer(JsonNode status) {
    trainerHere = true;
    show(status);
  }

  private void show(JsonNode status) {
    trainer = message("trainer");
    trainer.set("status", status.deepCopy());
    tell(trainer);
  }

  /** An event that has ended and is still kept here. */
  synchronized Optional<Detection> ended(String id) {
    return rows.values().stream()
        .filter(row -> row.ended.containsKey(id))
        .findFirst()
        .map(row -> row.ended.get(id));
  }

  /**
   * One moment: what was told until then, and all that is kept.
   *
   * @param told as {@link #drain}
   */
  record View(Optional<ArrayNode> told, ArrayNode all) {}

  /** For a page that opens: what is told after this it does not know yet. */
  synchronized View view(Instant now) {
    return new View(drain(), snapshot(now));
  }

  private ArrayNode snapshot(Instant now) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    rows.forEach(
        (stream, row) -> {
          row.marks.forEach(all::add);
          all.add(curve(stream, row));
          row.events.values().forEach(all::add);
          all.add(status(stream, row.status(now)));
        });
    corrections.values().forEach(all::add);
    if (trainer != null) {
      all.add(trainer);
    }
    return all;
  }

  /**
   * What was told since the last call; empty if it was too much to keep, and pages must open anew.
   */
  synchronized Optional<ArrayNode> drain() {
    ArrayNode told = pending;
    pending = JsonNodeFactory.instance.arrayNode();
    boolean whole = !overflowed;
    overflowed = false;
    return whole ? Optional.of(told) : Optional.empty();
  }

  /** Counts and latencies. */
  synchronized ObjectNode figures() {
    ObjectNode figures = JsonNodeFactory.instance.objectNode();
    outcomes.forEach(figures::put);
    latencies.quantile(0.5).ifPresent(ms -> figures.put("p50", ms));
    latencies.quantile(0.99).ifPresent(ms -> figures.put("p99", ms));
    return figures.put("streams", rows.size()).put("unseenStreams", unseen.size());
  }

  /** How many streams are late, and how late the latest is; empty if none is. */
  synchronized Optional<String> lateness(Instant now) {
    List<Long> late =
        rows.values().stream()
            .map(row -> row.status(now))
            .filter(status -> status.state().equals("late"))
            .map(StreamStatus::millis)
            .toList();
    return late.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%d of %d streams late, by up to %d s"
                .formatted(late.size(), rows.size(), Collections.max(late) / 1000));
  }

  private void tell(ObjectNode message) {
    if (pending.size() < MAX_PENDING) {
      pending.add(message);
    } else {
      overflowed = true;
    }
  }

  private static ObjectNode message(String kind) {
    return JsonNodeFactory.instance.objectNode().put("kind", kind);
  }

  private static void keep(ArrayDeque<ObjectNode> queue, ObjectNode message, int most) {
    queue.addLast(message);
    if (queue.size() > most) {
      queue.removeFirst();
    }
  }

  private static <V> void trim(LinkedHashMap<String, V> map, int most) {
    if (map.size() > most) {
      map.remove(map.keySet().iterator().next());
    }
  }

  /** Quantiles of the newest latencies. Not thread-safe. */
  static final class Latencies {
    private static final int KEPT = 1_000;

    private final long[] millis = new long[KEPT];
    private long count;

    void add(long latencyMillis) {
      millis[(int) (count++ % KEPT)] = Math.max(0, latencyMillis);
    }

    /** The smallest latency that at least the share {@code part} does not exceed. */
    OptionalLong quantile(double part) {
      int n = (int) Math.min(count, KEPT);
      if (n == 0) {
        return OptionalLong.empty();
      }
      long[] sorted = Arrays.copyOf(millis, n);
      Arrays.sort(sorted);
      return OptionalLong.of(sorted[Math.max((int) Math.ceil(part * n) - 1, 0)]);
    }
  }

  /** What a receipt changes in what is shown of a correction. */
  static final class ReceiptMessage {
    private ReceiptMessage() {}

    /**
     * The correction as it is shown from now on; equal to {@code known} if nothing has changed.
     *
     * @param known stays as it is
     * @param used whether a round was fitted to it or judged on it
     */
    static ObjectNode of(ObjectNode known, Receipt receipt, boolean used) {
      ObjectNode next = known.deepCopy();
      String judged = receipt.label().label();
      LabelStanding stands = receipt.stands();
      Receipt.Decision first = receipt.first().orElse(null);
      boolean learned = receipt.state() == State.IN_FORCE;
      if (first != null && (learned || receipt.state() == State.TAKEN_BACK)) {
        next.put("stage", (learned ? Stage.IN_FORCE : Stage.TAKEN_BACK).word())
            .put("adapter", first.adapter())
            .put("since", first.since().toEpochMilli())
            .put("before", receipt.firstReported().flatMap(d -> d.before(judged)).orElse(null))
            .put("after", receipt.newest().flatMap(d -> d.after(judged)).orElse(null));
      } else {
        next.put("stage", notLearned(stands, used).word());
      }
      next.put("standing", stands.retracted() ? "retracted" : stands.standing().word());
      stands.because().forEach(next.putArray("because")::add);
      return next.put("receipt", receipt.sentence());
    }

    private static Stage notLearned(LabelStanding stands, boolean used) {
      return switch (stands.standing()) {
        case SUPERSEDED -> stands.retracted() ? Stage.RETRACTED : Stage.SUPERSEDED;
        case CONFLICT -> Stage.DISPUTED;
        case USABLE, DUPLICATE, RETRACTION -> used ? Stage.STORED : Stage.SENT;
      };
    }
  }
}
