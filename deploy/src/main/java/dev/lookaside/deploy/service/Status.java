package dev.lookaside.deploy.service;

import dev.lookaside.classifier.infer.AdapterEvent;
import dev.lookaside.ingest.Assignment;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service's health; logs each change of it. Thread-safe. */
final class Status {
  private static final Logger LOG = LoggerFactory.getLogger(Service.class);

  /** What windows wait for whose decision may not have been read yet. */
  private static final String UNDECIDED =
      "the ledger (it is not read to its end, or capture times are ahead of this machine's clock)";

  /** A broker that is away is reported again after this, and then whenever that has doubled. */
  private static final long AWAY_LOGGED_AFTER_MILLIS = 60_000;

  private final Set<Assignment> assigned = new HashSet<>();
  private @Nullable String trouble = "waiting for Kafka";
  private @Nullable String device;
  private @Nullable String holding;
  private boolean away;
  private long awayLoggedMillis;

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
    away = false;
    LOG.info("{} partitions of audio assigned", assigned.size());
  }

  synchronized void revoked(Set<Assignment> removed) {
    assigned.removeAll(removed);
    LOG.info("{} partitions revoked, {} assigned", removed.size(), assigned.size());
  }

  /** Source and sink both report it, every few seconds; the log has it whenever it has doubled. */
  synchronized void unreachable(String servers, long forMillis) {
    trouble =
        forMillis < 1_000
            ? "Kafka at " + servers + " does not answer"
            : "Kafka at " + servers + " has not answered for " + forMillis / 1000 + " s";
    if (!away || forMillis >= 2 * awayLoggedMillis) {
      awayLoggedMillis = Math.max(forMillis, AWAY_LOGGED_AFTER_MILLIS / 2);
      LOG.warn("{}; retrying", trouble);
    }
    away = true;
  }

  /** The group has a member of this worker's static name. */
  synchronized void placeTaken(String group, String instance, long forMillis) {
    trouble =
        ("source.instance \"%s\": group %s has a member of this name for %d s now, either another"
                + " worker or this one before it ended without leaving, until its session is over")
            .formatted(instance, group, forMillis / 1000);
    LOG.warn("{}; waiting for its place", trouble);
  }

  synchronized void reachable() {
    if (away) {
      away = false;
      trouble = null;
      LOG.info("Kafka answers again");
    }
  }

  /** A sender's clock differs from the broker's; negative: it is behind, zero: right again. */
  void clock(String stream, Duration ahead) {
    if (ahead.isZero()) {
      LOG.info("The clock of stream \"{}\" agrees with the broker's again", stream);
    } else {
      LOG.warn(
          "The clock of stream \"{}\" is {} s {} the broker's{}",
          stream,
          String.format(Locale.ROOT, "%.1f", Math.abs(ahead.toMillis()) / 1e3),
          ahead.isNegative() ? "behind" : "ahead of",
          ahead.isNegative()
              ? ""
              : "; its adapter is chosen by the time at which the broker appended the record");
    }
  }

  /** A record went to the dead letters because its stream failed on it. */
  void quarantined(String stream, long recordOffset) {
    LOG.warn(
        "Stream \"{}\" goes on without record {}, which is in the dead letters",
        stream,
        recordOffset);
  }

  /** Windows wait for their adapters; an alarm once some have waited for longer than the bound. */
  synchronized void held(AdapterEvent.Holds holds) {
    boolean alarmed = holding != null;
    if (holds.overdue() > 0) {
      holding =
          "%d windows wait for %s since %d s, %d of them for longer than the bound"
              .formatted(
                  holds.windows(),
                  holds.decision().isEmpty() ? UNDECIDED : "the adapter of " + holds.decision(),
                  holds.oldest().toSeconds(),
                  holds.overdue());
      if (!alarmed) {
        LOG.warn("{}; they stay held, their streams are parked", holding);
      }
    } else if (alarmed) {
      holding = null;
      LOG.info("No window waits too long for its adapter any more");
    }
  }

  /** A pipeline has failed or is not there yet; nothing is assigned any more. */
  synchronized void down(String why) {
    assigned.clear();
    away = false;
    holding = null;
    trouble = why;
  }

  synchronized MetricsServer.Health health() {
    String wrong = trouble == null && device == null ? "opening the scorer" : trouble;
    wrong = wrong == null ? holding : wrong;
    return wrong == null
        ? new MetricsServer.Health(true, "ok, " + assigned.size() + " partitions")
        : new MetricsServer.Health(false, wrong);
  }
}
