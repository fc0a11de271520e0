package dev.lookaside.deploy.service;

import dev.lookaside.classifier.infer.AdapterEvent;
import dev.lookaside.featurizer.Counts;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.TrainerStatus;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the process counts, with names after the pattern of Vector's internal metrics: {@code
 * component_received_events_total}, {@code component_discarded_events_total{reason}}, each with the
 * tag {@code component_id}. Thread-safe.
 *
 * <pre>
 *   lookaside_component_received_events_total{component_id="source"}            chunks
 *   lookaside_component_received_event_bytes_total{component_id="source"}       their payload
 *   lookaside_component_sent_events_total{component_id="classifier|sink"}       windows scored, detections written
 *   lookaside_component_discarded_events_total{component_id, reason}            dead letters, repeats, shed windows
 *   lookaside_component_errors_total{component_id, error_type}                  faults
 *   lookaside_audio_seconds_total{outcome="received|scored|skipped|gap|shed|rejected|uncovered"}
 *   lookaside_detections_total{label, type}
 *   lookaside_adapters_total{state="prepared|applied|refused", reason}         what became of ledger records here
 *   lookaside_windows_held                                                      wait for an adapter that is not ready here, now
 *   lookaside_windows_held_oldest_seconds                                       how long the first of them has
 *   lookaside_windows_held_overdue_total                                        waited longer than hold-bound-seconds
 *   lookaside_window_latency_seconds                                            capture of the last sample to its scores
 *   lookaside_streams                                                           open now
 *   lookaside_streams_parked                                                    of these, waiting for room
 *   lookaside_streams_clock_off                                                 of these, with a clock ahead or behind
 *   lookaside_clock_ahead_max_seconds, lookaside_clock_behind_max_seconds       of the worst of them
 *   lookaside_records_deleted_total                                             deleted on Kafka before they were read
 *   lookaside_trainer_phase{scope, phase}                                       1 for a trainer's phase, else 0
 *   lookaside_trainer_phase_seconds_total{scope, phase}                         how long it has been in it
 *   lookaside_trainer_fresh_labels{scope}                                       usable labels that no full fit has seen
 *   lookaside_trainer_drift_streams{scope}                                      compared with the sounds of the fit
 *   lookaside_trainer_drift_alarms{scope}                                       of these, unlike them
 *   lookaside_trainer_drift_ratio{scope, stream, measure="embedding|posterior"} value over bound, of the worst streams
 *   lookaside_send_reconnects_total{stream}                                     times that send connected to a URL again
 *   lookaside_send_missing_seconds_total{stream}                                of sound that its URL did not deliver meanwhile
 *   lookaside_trainer_rounds_total{scope, fit="head|full", outcome}             how rounds have ended
 * </pre>
 */
public final class Metrics implements AutoCloseable {
  private static final String PREFIX = "lookaside.";
  private static final String COMPONENT = "component_id";

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics gc = new JvmGcMetrics();
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicInteger parked = new AtomicInteger();

  /** By stream, of those whose clock is off. */
  private final Map<String, Duration> clocks = new ConcurrentHashMap<>();

  private final Counter deleted = registry.counter(PREFIX + "records.deleted");
  private final Map<String, TrainerMeters> trainers = new ConcurrentHashMap<>();
  private final AtomicInteger windowsHeld = new AtomicInteger();
  private final AtomicLong heldOldestMillis = new AtomicLong();
  private final Counter heldOverdue = registry.counter(PREFIX + "windows.held.overdue");
  private final Counter chunks = events("received", "source");
  private final Counter chunkBytes =
      registry.counter(PREFIX + "component.received.event.bytes", COMPONENT, "source");
  private final Counter windows = events("sent", "classifier");
  private final Counter detections = events("sent", "sink");
  private final Timer windowLatency =
      Timer.builder(PREFIX + "window.latency")
          .description("Capture of a window's last sample to its scores")
          .serviceLevelObjectives(
              Duration.ofMillis(50),
              Duration.ofMillis(100),
              Duration.ofMillis(250),
              Duration.ofMillis(500),
              Duration.ofSeconds(1),
              Duration.ofMillis(2500),
              Duration.ofSeconds(5),
              Duration.ofSeconds(10))
          .register(registry);

  /** A sender's source came back after it had ended or fallen silent. */
  public void reconnected(StreamId stream, double missingSeconds) {
    registry.counter(PREFIX + "send.reconnects", "stream", stream.value()).increment();
    registry
        .counter(PREFIX + "send.missing.seconds", "stream", stream.value())
        .increment(missingSeconds);
  }

  /** Registers everything, also the JVM's memory, collections and processor time. */
  public Metrics() {
    registry.gauge(PREFIX + "streams", streams);
    registry.gauge(PREFIX + "streams.parked", parked);
    registry.gauge(PREFIX + "streams.clock.off", clocks, Map::size);
    registry.gauge(PREFIX + "clock.ahead.max.seconds", clocks, c -> farthest(c, 1));
    registry.gauge(PREFIX + "clock.behind.max.seconds", clocks, c -> farthest(c, -1));
    registry.gauge(PREFIX + "windows.held", windowsHeld);
    registry.gauge(
        PREFIX + "windows.held.oldest.seconds", heldOldestMillis, millis -> millis.get() / 1e3);
    new JvmMemoryMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    gc.bindTo(registry);
  }

  private Counter events(String verb, String component) {
    return registry.counter(PREFIX + "component." + verb + ".events", COMPONENT, component);
  }

  private static double farthest(Map<String, Duration> clocks, int sign) {
    double most = 0;
    for (Duration ahead : clocks.values()) {
      most = Math.max(most, sign * ahead.toMillis() / 1e3);
    }
    return most;
  }

  /** Chunks were given to streams; {@code bytes} of payload in all. */
  public void chunksReceived(int count, long bytes) {
    chunks.increment(count);
    chunkBytes.increment(bytes);
  }

  /** Records were deleted before they were read. */
  public void recordsDeleted(long count) {
    deleted.increment(count);
  }

  /** A sender's clock is ahead of the broker's, behind it if negative, or right again. */
  public void clock(String stream, Duration ahead) {
    if (ahead.isZero()) {
      clocks.remove(stream);
    } else {
      clocks.put(stream, ahead);
    }
  }

  /** A stream has ended. */
  public void streamClosed(String stream) {
    clocks.remove(stream);
  }

  /** {@code component} let {@code count} things go, {@code reason} says why. */
  public void discarded(String component, String reason, long count) {
    if (count > 0) {
      registry
          .counter(PREFIX + "component.discarded.events", COMPONENT, component, "reason", reason)
          .increment(count);
    }
  }

  /** A fault of {@code component}. */
  public void error(String component, String type) {
    registry
        .counter(PREFIX + "component.errors", COMPONENT, component, "error_type", type)
        .increment();
  }

  /** A window was scored {@code latency} after its last sample was captured. */
  public void windowScored(double seconds, Duration latency) {
    windows.increment();
    audioSeconds("scored", seconds);
    windowLatency.record(latency.isNegative() ? Duration.ZERO : latency);
  }

  /** A window was not scored. */
  public void windowShed(double seconds, String reason) {
    discarded("classifier", reason, 1);
    audioSeconds("shed", seconds);
  }

  /** The silence gate kept a window back. */
  public void windowSkipped(double seconds) {
    audioSeconds("skipped", seconds);
  }

  /** A detection is durable. */
  public void detection(String label, String type) {
    detections.increment();
    registry.counter(PREFIX + "detections", "label", label, "type", type).increment();
  }

  /** Something became of a ledger record; {@code reason} is empty unless it was refused. */
  public void adapter(String state, String reason) {
    registry.counter(PREFIX + "adapters", "state", state, "reason", reason).increment();
  }

  /** How windows wait for adapters now. */
  public void held(AdapterEvent.Holds holds) {
    windowsHeld.set(holds.windows());
    heldOldestMillis.set(holds.oldest().toMillis());
    heldOverdue.increment(holds.newlyOverdue());
  }

  /** Adds what changed in a stream's accounting. */
  public void counted(Counts delta, int rateHz) {
    double perSample = 1.0 / rateHz;
    audioSeconds("received", delta.receivedSamples() * perSample);
    audioSeconds("gap", delta.gapSamples() * perSample);
    audioSeconds("rejected", delta.rejectedSamples() * perSample);
    audioSeconds("uncovered", delta.uncoveredSamples() * perSample);
    discarded("featurizer", "repeat", delta.repeatedChunks());
    discarded("featurizer", "rejected", delta.rejectedChunks());
  }

  private void audioSeconds(String outcome, double seconds) {
    if (seconds > 0) {
      registry.counter(PREFIX + "audio.seconds", "outcome", outcome).increment(seconds);
    }
  }

  /**
   * Streams now.
   *
   * @param waiting of these, without room while records of theirs wait on Kafka
   */
  public void streams(int open, int waiting) {
    streams.set(open);
    parked.set(waiting);
  }

  /** The phase of a trainer; at each change. */
  public void trainer(TrainerStatus status) {
    String scope = status.scope().toString();
    trainers.computeIfAbsent(scope, s -> new TrainerMeters(registry, PREFIX, s)).at(status);
  }

  /** A round of a trainer has ended. */
  public void round(String scope, RoundOutcome outcome) {
    String fit = outcome.round().kind().word();
    registry
        .counter(
            PREFIX + "trainer.rounds", "scope", scope, "fit", fit, "outcome", outcome.kind().word())
        .increment();
  }

  /** All of it in Prometheus' text format. */
  public String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }
}
