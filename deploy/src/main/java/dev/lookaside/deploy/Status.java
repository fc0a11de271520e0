package dev.lookaside.deploy;

import dev.lookaside.ingest.Assignment;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What can be said of the service's health; also says it in the log when it changes. Thread-safe.
 */
final class Status {
  private static final Logger LOG = LoggerFactory.getLogger(Service.class);

  private final Set<Assignment> assigned = new HashSet<>();
  private @Nullable String trouble = "waiting for Kafka";
  private @Nullable String device;

  /** A scorer is open and warm. */
  synchronized void scoring(String deviceDescription) {
    if (!deviceDescription.equals(device)) {
      LOG.info("Scoring on {}", deviceDescription);
    }
    device = deviceDescription;
  }

  synchronized String device() {
    return device == null ? "" : device;
  }

  synchronized void assigned(Set<Assignment> added) {
    assigned.addAll(added);
    trouble = null;
    LOG.info("Listening to {} partitions of audio", assigned.size());
  }

  synchronized void revoked(Set<Assignment> removed) {
    assigned.removeAll(removed);
    LOG.info("Gave {} partitions away, {} left", removed.size(), assigned.size());
  }

  synchronized void unreachable(String servers, long forMillis) {
    trouble = "Kafka at " + servers + " has not answered for " + forMillis / 1000 + " s";
    LOG.warn("{}, still trying", trouble);
  }

  synchronized void reachable() {
    trouble = null;
    LOG.info("Kafka answers again");
  }

  /** A pipeline has failed or is not there yet; nothing is assigned any more. */
  synchronized void down(String why) {
    assigned.clear();
    trouble = why;
  }

  synchronized MetricsServer.Health health() {
    String wrong = trouble == null && device == null ? "opening the scorer" : trouble;
    return wrong == null
        ? new MetricsServer.Health(true, "ok, " + assigned.size() + " partitions")
        : new MetricsServer.Health(false, wrong);
  }
}
