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
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
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
 *   {kind: finished,   stream}
 *   {kind: correction, id, stream, verdict, label, onset, offset, detection?, author, stage, since,
 *                      standing?, because?,       how it stands to which other labels
 *                      adapter?, before?, after?, receipt?}   what adapters say there, in words
 *   {kind: trainer,    status}        of one in this process, or {elsewhere: true, last: outcome}
 * </pre>
 */
final class Board implements ReceiptWatch.Listener {
  static final int MAX_STREAMS = 64;
  private static final int MAX_WINDOWS = 240;
  private static final int MAX_EVENTS = 300;
  private static final int MAX_MARKS = 100;
  static final int MAX_CORRECTIONS = 500;
  private static final int MAX_PENDING = 20_000;

  /** One stream's newest messages, oldest first. */
  private static final class Row {
    final ArrayDeque<ObjectNode> windows = new ArrayDeque<>();
    final LinkedHashMap<String, ObjectNode> events = new LinkedHashMap<>();
    final LinkedHashMap<String, Detection> ended = new LinkedHashMap<>();
    final ArrayDeque<ObjectNode> marks = new ArrayDeque<>();
    String adapter = "";
  }

  private final LinkedHashMap<String, Row> rows = new LinkedHashMap<>();
  private final LinkedHashMap<String, ObjectNode> corrections = new LinkedHashMap<>();
  private final LinkedHashMap<String, Label> labels = new LinkedHashMap<>();
  private final Latencies latencies = new Latencies();
  private final Map<String, Long> outcomes = new HashMap<>();
  private ArrayNode pending = JsonNodeFactory.instance.arrayNode();
  private @Nullable ObjectNode trainer;
  private boolean trainerHere;
  private long unseenStreams;
  private boolean overflowed;

  /** Takes in what a stream tells. */
  synchronized void observed(StreamDetector.Event event, Instant now) {
    String stream = event.stream().value();
    if (event instanceof StreamDetector.Windowed w) {
      String outcome = w.outcome().name().toLowerCase(java.util.Locale.ROOT);
      outcomes.merge(outcome, 1L, Long::sum);
      if (w.outcome() == StreamDetector.Outcome.SCORED) {
        latencies.add(Duration.between(w.capturedUntil(), now).toMillis());
      }
      Row row = row(stream);
      if (row != null) {
        windowed(row, w, outcome);
      }
    } else if (event instanceof StreamDetector.Delivered delivered) {
      Row row = row(stream);
      if (row != null) {
        delivered.detections().forEach(d -> detected(row, d));
      }
    } else if (event instanceof StreamDetector.Finished && rows.containsKey(stream)) {
      tell(message("finished").put("stream", stream));
    }
  }

  private @Nullable Row row(String stream) {
    Row row = rows.get(stream);
    if (row == null) {
      if (rows.size() >= MAX_STREAMS) {
        unseenStreams++;
        return null;
      }
      row = new Row();
      rows.put(stream, row);
    }
    return row;
  }

  private void windowed(Row row, StreamDetector.Windowed w, String outcome) {
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
    ObjectNode window =
        message("window")
            .put("stream", stream)
            .put("until", w.capturedUntil().toEpochMilli())
            .put("outcome", outcome);
    float[] posteriors = w.posteriors();
    if (posteriors != null && adapter != null) {
      int classes = adapter.labels().size();
      int from = posteriors.length - classes;
      int best = 0;
      for (int c = 1; c < classes; c++) {
        best = posteriors[from + c] > posteriors[from + best] ? c : best;
      }
      window
          .put("label", adapter.labels().get(best))
          .put("value", Math.round(posteriors[from + best] * 1000) / 1000.0);
    }
    keep(row.windows, window, MAX_WINDOWS);
    tell(window);
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

  /** A label is on its topic. */
  synchronized void corrected(Label label) {
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

  /** A label that is shown. */
  synchronized Optional<Label> said(String id) {
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

  /** Everything that is kept; what is pending is part of it. */
  synchronized ArrayNode snapshot() {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    for (Row row : rows.values()) {
      row.marks.forEach(all::add);
      row.windows.forEach(all::add);
      row.events.values().forEach(all::add);
    }
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
    return figures.put("streams", rows.size()).put("unseenStreams", unseenStreams > 0);
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
