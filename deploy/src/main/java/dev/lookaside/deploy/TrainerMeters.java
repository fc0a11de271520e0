package dev.lookaside.deploy;

import dev.lookaside.trainer.loop.TrainerStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What is counted of one trainer. */
final class TrainerMeters {
  private final MeterRegistry registry;
  private final String prefix;
  private final String scope;
  private final Map<String, AtomicInteger> phases = new HashMap<>();
  private final AtomicInteger freshLabels;
  private String phase = "";
  private long sinceNanos = System.nanoTime();

  TrainerMeters(MeterRegistry registry, String prefix, String scope) {
    this.registry = registry;
    this.prefix = prefix;
    this.scope = scope;
    this.freshLabels =
        registry.gauge(
            prefix + "trainer.fresh.labels", Tags.of("scope", scope), new AtomicInteger());
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
