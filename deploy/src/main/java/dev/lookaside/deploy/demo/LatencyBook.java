package dev.lookaside.deploy.demo;

import dev.lookaside.classifier.detect.Detection;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.HdrHistogram.Histogram;

/**
 * How long detections take: from the capture of the newest audio that decided one to the moment a
 * consumer of the topic has it. The two ends come from two threads in either order. Not
 * thread-safe.
 */
final class LatencyBook {
  private static final long MAX_MILLIS = Duration.ofHours(1).toMillis();

  private final Histogram millis = new Histogram(MAX_MILLIS, 3);
  private final Map<String, Instant> captured = new HashMap<>();
  private final Map<String, Instant> seen = new HashMap<>();

  /** The pipeline wrote {@code d}, decided by audio up to {@code capturedUntil}. */
  void delivered(Detection d, Instant capturedUntil) {
    Instant at = seen.remove(key(d));
    if (at == null) {
      captured.put(key(d), capturedUntil);
    } else {
      record(millis, Duration.between(capturedUntil, at));
    }
  }

  /** The consumer has read {@code d}. */
  void seen(Detection d, Instant at) {
    Instant from = captured.remove(key(d));
    if (from == null) {
      seen.put(key(d), at);
    } else {
      record(millis, Duration.between(from, at));
    }
  }

  /** Detections written that no consumer has read yet. */
  int underWay() {
    return captured.size();
  }

  Histogram millis() {
    return millis;
  }

  /** Clamped to what the histogram holds: clocks of one machine may step back by a little. */
  static void record(Histogram millis, Duration latency) {
    millis.recordValue(Math.max(0, Math.min(MAX_MILLIS, latency.toMillis())));
  }

  static Histogram histogram() {
    return new Histogram(MAX_MILLIS, 3);
  }

  private static String key(Detection d) {
    return d.kind() + d.id();
  }
}
