package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The plan that workers followed, from the whole ledger: adapters are fetched, checked as a worker
 * checks them and loaded when a window first needs them. Blocks then; for one thread.
 *
 * <p>An adapter that is no longer on the topic is an error, not a reason to score by another one;
 * unless its record was refused at the time and never prepared, so that windows passed it over.
 */
public final class PastPlan implements AdapterPlan {
  private final RegistryView view;
  private final Preparation preparation;
  private final LoadedAdapter configured;
  private final long maxBytes;
  private final Map<String, LoadedAdapter> loaded = new HashMap<>();

  /** Per ledger record: the adapter, or empty if the record does not count. */
  private final Map<String, Optional<Use>> judged = new HashMap<>();

  /**
   * @param view stays the caller's to close, after this was last used
   * @param configured scores where the ledger has no decision, as in the workers' configuration
   * @param maxBytes of an adapter file
   */
  public PastPlan(
      RegistryView view, Preparation preparation, LoadedAdapter configured, long maxBytes) {
    this.view = view;
    this.preparation = preparation;
    this.configured = configured;
    this.maxBytes = maxBytes;
    loaded.put(configured.digest(), configured);
  }

  /**
   * Never to wait.
   *
   * @throws RegistryException if an adapter that was in force is no longer on the topic
   */
  @Override
  public Choice choose(StreamId stream, Instant start) {
    return view.ledger()
        .inForce(stream, start, c -> c.adapter() == null || judged(c).isPresent())
        .flatMap(this::judged)
        .orElseGet(() -> new Use(configured, ""));
  }

  private Optional<Use> judged(Cutover cutover) {
    Optional<Use> known = judged.get(cutover.id());
    if (known == null) {
      known = judge(cutover, String.valueOf(cutover.adapter()));
      judged.put(cutover.id(), known);
    }
    return known;
  }

  private Optional<Use> judge(Cutover cutover, String digest) {
    LoadedAdapter already = loaded.get(digest);
    if (already == configured) {
      return Optional.of(new Use(configured, cutover.id()));
    }
    if (already == null && view.refused(cutover)) {
      return Optional.empty();
    }
    Preparation.Result result =
        already != null
            ? preparation.prepare(cutover, already)
            : preparation.prepare(cutover, file(cutover, digest));
    if (result instanceof Preparation.Loaded ready) {
      loaded.put(digest, ready.adapter());
      return Optional.of(new Use(ready.adapter(), cutover.id()));
    }
    return Optional.empty();
  }

  private byte[] file(Cutover cutover, String digest) {
    try {
      return view.file(digest, maxBytes);
    } catch (RegistryException e) {
      throw new RegistryException(
          "adapter %s of ledger record %s: %s".formatted(digest, cutover.id(), e.getMessage()), e);
    }
  }
}
