package dev.lookaside.deploy.service;

import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.drift.StreamDrift;
import dev.lookaside.trainer.loop.TrainerStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What is counted of one trainer. */
final class TrainerMeters {
  private final MeterRegistry registry;
  private final String prefix;
  private final String scope;
  private final Map<String, AtomicInteger> phases = new HashMap<>();
  private final AtomicInteger freshLabels;
  private final AtomicInteger driftStreams;
  private final AtomicInteger driftAlarms;
  private final MultiGauge driftRatios;
  private String phase = "";
  private long sinceNanos = System.nanoTime();

  TrainerMeters(MeterRegistry registry, String prefix, String scope) {
    this.registry = registry;
    this.prefix = prefix;
    this.scope = scope;
    this.freshLabels = ofScope("trainer.fresh.labels");
    this.driftStreams = ofScope("trainer.drift.streams");
    this.driftAlarms = ofScope("trainer.drift.alarms");
    this.driftRatios =
        MultiGauge.builder(prefix + "trainer.drift.ratio")
            .description("Distance from the sounds of the fit, over its bound")
            .tag("scope", scope)
            .register(registry);
  }

  private AtomicInteger ofScope(String name) {
    return registry.gauge(prefix + name, Tags.of("scope", scope), new AtomicInteger());
  }

  synchronized void at(TrainerStatus status) {
    freshLabels.set(status.freshLabels());
    long now = System.nanoTime();
    if (!phase.isEmpty()) {
      registry
          .counter(prefix + "trainer.phase.seconds", "scope", scope, "phase", phase)
          .increment((now - sinceNanos) * 1e-9);
    }
    sinceNanos = now;
    if (!phase.equals(status.phase())) {
      gauge(phase, 0);
      phase = status.phase();
      gauge(phase, 1);
    }
    DriftReport drift = status.drift();
    if (drift != null) {
      at(drift);
    }
  }

  /** Only the streams that the report names have a series; those it no longer names lose theirs. */
  private void at(DriftReport drift) {
    driftStreams.set(drift.measured());
    driftAlarms.set(drift.alarmed());
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (StreamDrift s : drift.streams()) {
      rows.add(row(s.stream(), "embedding", s.measured().embedding().ratio()));
      rows.add(row(s.stream(), "posterior", s.measured().posterior().ratio()));
    }
    driftRatios.register(rows, true);
  }

  private static MultiGauge.Row<?> row(String stream, String measure, double ratio) {
    return MultiGauge.Row.of(Tags.of("stream", stream, "measure", measure), ratio);
  }

  private void gauge(String name, int value) {
    if (!name.isEmpty()) {
      phases.computeIfAbsent(name, this::newGauge).set(value);
    }
  }

  private AtomicInteger newGauge(String name) {
    return registry.gauge(
        prefix + "trainer.phase", Tags.of("scope", scope, "phase", name), new AtomicInteger());
  }
}
