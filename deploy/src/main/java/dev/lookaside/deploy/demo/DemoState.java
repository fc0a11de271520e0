package dev.lookaside.deploy.demo;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.demo.DemoView.EventLine;
import dev.lookaside.deploy.demo.DemoView.Heard;
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
 * What is known of the demo while it runs, told by the pipeline's observer and the topic's
 * consumer. Thread-safe.
 */
final class DemoState {
  static final double ONSET_COLLAR_SECONDS = 0.2;
  private static final int HEARD_SHOWN = 2;
  private static final int RECENT_SHOWN = 2;
  private static final double WORTH_SHOWING = 0.1;

  private final List<StreamPlan> plans;
  private final DetectorModel model;
  private final WindowLedger windows = new WindowLedger();
  private final Histogram windowMillis = LatencyBook.histogram();
  private final LatencyBook latencies = new LatencyBook();
  private final Map<String, float[]> posteriors = new HashMap<>();
  private final Map<String, Detection> openById = new LinkedHashMap<>();
  private final Map<String, Detection> endedById = new LinkedHashMap<>();
  private final Set<String> read = new HashSet<>();
  private final List<EventLine> lines = new ArrayList<>();
  private final Map<String, List<String>> recent = new HashMap<>();
  private long records;
  private Instant lastProgress = Instant.now();

  DemoState(List<StreamPlan> plans, DetectorModel model) {
    this.plans = List.copyOf(plans);
    this.model = model;
    for (StreamPlan plan : plans) {
      windows.expect(plan.name(), plan.windows(model.spec()));
    }
  }

  /** From the pipeline's observer. */
  synchronized void observed(StreamDetector.Event event, Instant now) {
    lastProgress = now;
    if (event instanceof StreamDetector.Windowed w) {
      float[] values = w.posteriors();
      if (w.outcome() == StreamDetector.Outcome.SCORED && values != null) {
        windows.scored(w.stream().value(), w.index());
        posteriors.put(w.stream().value(), values);
        LatencyBook.record(windowMillis, Duration.between(w.capturedUntil(), now));
      }
    } else if (event instanceof StreamDetector.Delivered delivered) {
      for (Detection d : delivered.detections()) {
        latencies.delivered(d, delivered.capturedUntil());
      }
    }
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
    recent
        .computeIfAbsent(d.stream().value(), s -> new ArrayList<>())
        .add(DemoView.clock(d.extent().onsetSeconds()) + " " + d.eventLabel());
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
              heard(plan.name()),
              past.subList(Math.max(0, past.size() - RECENT_SHOWN), past.size())));
    }
    String footer =
        String.format(
            Locale.ROOT,
            " %s of %s   %d of %d windows   %d events   latency p50 %d ms, p99 %d ms",
            DemoView.clock(Math.min(second, total)),
            DemoView.clock(total),
            windows.scored(),
            windows.expected(),
            endedById.size(),
            latencies.millis().getValueAtPercentile(50),
            latencies.millis().getValueAtPercentile(99));
    return new Picture(title, streams, List.copyOf(lines), footer);
  }

  private List<Heard> heard(String stream) {
    float[] values = posteriors.get(stream);
    if (values == null) {
      return List.of();
    }
    Set<String> open = new HashSet<>();
    for (Detection d : openById.values()) {
      if (d.stream().value().equals(stream)) {
        open.add(d.eventLabel());
      }
    }
    // The last row: for a columns head the newest column, for a clip head the only one.
    int classes = model.labels().size();
    int row = values.length - classes;
    List<Heard> heard = new ArrayList<>();
    for (int c = 0; c < classes; c++) {
      String label = model.labels().get(c);
      if (values[row + c] >= WORTH_SHOWING || open.contains(label)) {
        heard.add(new Heard(label, values[row + c], open.contains(label)));
      }
    }
    heard.sort(Comparator.comparingDouble(Heard::posterior).reversed());
    return List.copyOf(heard.subList(0, Math.min(HEARD_SHOWN, heard.size())));
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
      long records,
      Instant finished) {}
}
