package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.Map;
import java.util.Set;

/**
 * The ledger with what is loaded here, at one moment.
 *
 * <p>Windows from {@code knownUntil} on wait, since a decision that is not read yet may apply to
 * them.
 *
 * @param ledger as far as it was read
 * @param refused ids of records that do not count here
 * @param ready ids of records whose adapters were checked against them
 * @param loaded by digest
 * @param configured scores where the ledger has no decision
 * @param knownUntil capture time; windows that start then or later wait
 */
record LedgerAdapterPlan(
    Ledger ledger,
    Set<String> refused,
    Set<String> ready,
    Map<String, LoadedAdapter> loaded,
    LoadedAdapter configured,
    Instant knownUntil)
    implements AdapterPlan {
  LedgerAdapterPlan {
    refused = Set.copyOf(refused);
    ready = Set.copyOf(ready);
    loaded = Map.copyOf(loaded);
  }

  /** The same, known for longer; shares what it holds. */
  LedgerAdapterPlan until(Instant later) {
    return new LedgerAdapterPlan(ledger, refused, ready, loaded, configured, later);
  }

  @Override
  public Choice choose(StreamId stream, Instant start) {
    if (!start.isBefore(knownUntil)) {
      return new Wait("");
    }
    Cutover decides = ledger.inForce(stream, start, c -> !refused.contains(c.id())).orElse(null);
    if (decides == null || decides.adapter() == null) {
      return new Use(configured, "");
    }
    LoadedAdapter adapter = loaded.get(decides.adapter());
    return adapter != null && ready.contains(decides.id())
        ? new Use(adapter, decides.id())
        : new Wait(decides.id());
  }
}
