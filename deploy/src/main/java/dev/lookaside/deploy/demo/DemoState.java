package dev.lookaside.deploy.demo;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.demo.DemoView.Detected;
import dev.lookaside.deploy.demo.DemoView.EventLine;
import dev.lookaside.deploy.demo.DemoView.Picture;
import dev.lookaside.deploy.demo.DemoView.StreamLine;
import dev.lookaside.trainer.metric.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What is known of the demo while it runs, from the pipeline's observer and the topic's consumer.
 * Thread-safe.
 */
final class DemoState {
  static final double ONSET_COLLAR_SECONDS = 0.2;
  private static final int CLASSES_SHOWN = 2;
  private static final int RECENT_SHOWN = 2;
  private static final double WORTH_SHOWING = 0.1;

  /** A stream's newest window. */
  @SuppressWarnings("ArrayRecordComponent") // Never written again.
  private record Scored(float[] posteriors, AdapterFacts adapter) {}

  private final DetectorModel model;
  private final @Nullable DemoStory story;
  private final WindowLedger windows = new WindowLedger();
  private final Histogram windowMillis = LatencyBook.histogram();
  private final LatencyBook latencies = new LatencyBook();
  private final SwapLatencies swapLatencies = new SwapLatencies();
  private final Map<String, Scored> scored = new HashMap<>();
  private final Map<String, Detection> openById = new LinkedHashMap<>();
  private final Map<String, Detection> endedById = new LinkedHashMap<>();
  private final Set<String> read = new HashSet<>();
  private final List<EventLine> lines = new ArrayList<>();
  private final Map<String, List<String>> recent = new HashMap<>();
  private List<StreamPlan> plans;
  private boolean endKnown;
  private long records;
  private Instant lastProgress = Instant.now();

  /**
   * @param endKnown whether streams will be as long as planned
   * @param story null: none is shown
   */
  DemoState(
      List<StreamPlan> plans, DetectorModel model, boolean endKnown, @Nullable DemoStory story) {
    this.plans = List.copyOf(plans);
    this.model = model;
    this.endKnown = endKnown;
    this.story = story;
    expect();
  }

  private void expect() {
    for (StreamPlan plan : plans) {
      windows.expect(plan.name(), plan.windows(model.spec()));
    }
  }

  /** The streams end earlier than planned. */
  synchronized void endAt(double second) {
    plans = plans.stream().map(plan -> plan.until(second)).toList();
    endKnown = true;
    expect();
  }

  /** What was sent, or will have been. */
  synchronized List<StreamPlan> plans() {
    return plans;
  }

  /** From the pipeline's observer. */
  synchronized void observed(StreamDetector.Event event, Instant now) {
    lastProgress = now;
    if (event instanceof StreamDetector.Windowed w) {
      float[] values = w.posteriors();
      if (w.outcome() == StreamDetector.Outcome.SCORED && values != null) {
        windows.scored(w.stream().value(), w.index());
        AdapterFacts adapter = w.adapter();
        if (adapter != null) {
          swapped(w, adapter, now);
          scored.put(w.stream().value(), new Scored(values, adapter));
        }
        Duration latency = Duration.between(w.capturedUntil(), now);
        LatencyBook.record(windowMillis, latency);
        swapLatencies.add(w.capturedUntil(), latency);
      }
    } else if (event instanceof StreamDetector.Delivered delivered) {
      for (Detection d : delivered.detections()) {
        latencies.delivered(d, delivered.capturedUntil());
      }
    }
  }

  /** Marks where another adapter takes over, in the story and in the stream's line. */
  private void swapped(StreamDetector.Windowed w, AdapterFacts adapter, Instant now) {
    if (story != null) {
      story.scored(adapter.digest(), w.captureTime(), now);
    }
    Scored before = scored.get(w.stream().value());
    if (before != null && !before.adapter().digest().equals(adapter.digest())) {
      double second = Duration.between(w.epoch(), w.captureTime()).toMillis() / 1000.0;
      recent(w.stream().value(), second, "| adapter " + DemoStory.shortened(adapter.digest()));
    }
  }

  private void recent(String stream, double second, String text) {
    recent.computeIfAbsent(stream, s -> new ArrayList<>()).add(DemoView.clock(second) + " " + text);
  }

  /**
   * From the consumer of {@code audio.detections}.
   *
   * @return a line worth printing, or null
   */
  synchronized @Nullable EventLine read(Detection d, Instant now) {
    records++;
    lastProgress = now;
    latencies.seen(d, now);
    if (!read.add(d.kind() + d.id()) || d.label() == null) {
      return null;
    }
    if (d.kind() == Detection.Kind.STARTED) {
      openById.put(d.id(), d);
      return null;
    }
    openById.remove(d.id());
    if (d.kind() != Detection.Kind.ENDED) {
      endedById.remove(d.id());
      return null;
    }
    endedById.put(d.id(), d);
    recent(d.stream().value(), d.extent().onsetSeconds(), d.eventLabel());
    EventLine line = describe(d);
    lines.add(line);
    return line;
  }

  private EventLine describe(Detection d) {
    Event found = event(d);
    double off = Double.NaN;
    for (StreamPlan plan : plans) {
      for (Event truth : plan.truth()) {
        double error = found.onsetSeconds() - truth.onsetSeconds();
        boolean same = truth.stream().equals(found.stream()) && truth.label().equals(found.label());
        if (same && !(Math.abs(error) >= Math.abs(off))) {
          off = error;
        }
      }
    }
    boolean right = Math.abs(off) <= ONSET_COLLAR_SECONDS;
    String judged =
        right
            ? String.format(Locale.ROOT, "right, onset %+.2f s", off)
            : Double.isNaN(off) || Math.abs(off) > 2
                ? "not in the scene"
                : String.format(Locale.ROOT, "onset %+.2f s off", off);
    return new EventLine(
        String.format(
            Locale.ROOT,
            " %s  %-10s %-11s %5.2f s  peak %.2f   %s",
            DemoView.clock(found.onsetSeconds()),
            found.stream(),
            found.label(),
            found.lengthSeconds(),
            d.peak(),
            judged),
        right);
  }

  private static Event event(Detection d) {
    return new Event(
        d.stream().value(), d.eventLabel(), d.extent().onsetSeconds(), d.extent().offsetSeconds());
  }

  /** The moment as a picture; {@code second} is the position in the audio that is being sent. */
  synchronized Picture picture(String title, double second, double total) {
    List<StreamLine> streams = new ArrayList<>();
    for (StreamPlan plan : plans) {
      List<String> past = recent.getOrDefault(plan.name(), List.of());
      streams.add(
          new StreamLine(
              plan.name(),
              second < plan.seconds() ? plan.levelDb(second) : Double.NEGATIVE_INFINITY,
              classes(plan.name()),
              past.subList(Math.max(0, past.size() - RECENT_SHOWN), past.size())));
    }
    String footer =
        String.format(
            Locale.ROOT,
            " %s   %d events   latency p50 %d ms, p99 %d ms",
            progress(second, total),
            endedById.size(),
            latencies.millis().getValueAtPercentile(50),
            latencies.millis().getValueAtPercentile(99));
    return new Picture(title, streams, storyRows(second), List.copyOf(lines), footer);
  }

  private String progress(double second, double total) {
    return endKnown
        ? "%s of %s   %d of %d windows"
            .formatted(
                DemoView.clock(Math.min(second, total)),
                DemoView.clock(total),
                windows.scored(),
                windows.expected())
        : "%s   %d windows".formatted(DemoView.clock(second), windows.scored());
  }

  private List<String> storyRows(double second) {
    if (story == null) {
      return List.of();
    }
    List<String> rows = new ArrayList<>();
    int sounded = 0;
    int named = 0;
    for (StreamPlan plan : plans) {
      for (Event e : plan.truth()) {
        if (e.label().equals(BundledClips.NEW_CLASS) && e.offsetSeconds() < second) {
          sounded++;
          named += isNamed(e) ? 1 : 0;
        }
      }
    }
    rows.add(
        " %-12s %s"
            .formatted(
                BundledClips.NEW_CLASS,
                "%d sounded, %d named; the adapter at the start knows no such class"
                    .formatted(sounded, named)));
    rows.addAll(story.rows());
    return rows;
  }

  private boolean isNamed(Event e) {
    return endedById.values().stream()
        .map(DemoState::event)
        .anyMatch(
            d ->
                d.label().equals(e.label())
                    && d.stream().equals(e.stream())
                    && d.onsetSeconds() < e.offsetSeconds()
                    && e.onsetSeconds() < d.offsetSeconds());
  }

  private List<Detected> classes(String stream) {
    Scored newest = scored.get(stream);
    if (newest == null) {
      return List.of();
    }
    float[] values = newest.posteriors();
    List<String> labels = newest.adapter().labels();
    Set<String> open = new HashSet<>();
    for (Detection d : openById.values()) {
      if (d.stream().value().equals(stream)) {
        open.add(d.eventLabel());
      }
    }
    // The last row: for a columns head the newest column, for a clip head the only one.
    int classes = labels.size();
    int row = values.length - classes;
    List<Detected> found = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      String label = labels.get(c);
      if (values[row + c] >= WORTH_SHOWING || open.contains(label)) {
        found.add(new Detected(label, values[row + c], open.contains(label)));
      }
    }
    found.sort(Comparator.comparingDouble(Detected::posterior).reversed());
    return List.copyOf(found.subList(0, Math.min(CLASSES_SHOWN, found.size())));
  }

  /** True when every window is scored and every detection written has been read back. */
  synchronized boolean complete() {
    return windows.complete() && latencies.underWay() == 0 && openById.isEmpty();
  }

  /** When something last moved. */
  synchronized Instant lastProgress() {
    return lastProgress;
  }

  synchronized Findings findings() {
    return new Findings(
        endedById.values().stream().map(DemoState::event).toList(),
        windows,
        latencies.millis().copy(),
        windowMillis.copy(),
        swapLatencies,
        records,
        lastProgress);
  }

  /**
   * What there is to judge.
   *
   * @param found ended events as read from the topic, each once
   * @param finished when the last window was scored or the last detection read
   */
  record Findings(
      List<Event> found,
      WindowLedger windows,
      Histogram latencyMillis,
      Histogram windowLatencyMillis,
      SwapLatencies swapLatencies,
      long records,
      Instant finished) {}
}
