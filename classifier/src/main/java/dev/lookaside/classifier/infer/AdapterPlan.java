package dev.lookaside.classifier.infer;

import dev.lookaside.ingest.StreamId;
import java.time.Instant;

/**
 * Which adapter scores which window. Immutable, and a pure function of stream and capture time;
 * when more is known, {@link GpuClassifier} is given another one.
 */
public interface AdapterPlan {
  /** What to do with a window. */
  sealed interface Choice {}

  /**
   * Score it.
   *
   * @param decision names the ledger record that says so; empty for the configured adapter
   */
  record Use(LoadedAdapter adapter, String decision) implements Choice {}

  /**
   * Keep it until another plan comes.
   *
   * @param decision names the ledger record whose adapter is not ready yet; empty if it is not
   *     known yet which one decides
   */
  record Wait(String decision) implements Choice {}

  /** Nothing is known yet: every window waits. */
  AdapterPlan UNKNOWN = (stream, start) -> new Wait("");

  /**
   * @param start capture time of the window's first sample
   */
  Choice choose(StreamId stream, Instant start);

  /** One adapter for all windows. */
  static AdapterPlan always(LoadedAdapter adapter) {
    Use use = new Use(adapter, "");
    return (stream, start) -> use;
  }
}
