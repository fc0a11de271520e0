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
 * @param ledger as far as it was read
 * @param refused ids of records that do not count here
 * @param ready ids of records whose adapters were checked against them
 * @param loaded by digest
 * @param configured scores where the ledger says nothing
 */
record Roster(
    Ledger ledger,
    Set<String> refused,
    Set<String> ready,
    Map<String, LoadedAdapter> loaded,
    LoadedAdapter configured)
    implements AdapterPlan {
  Roster {
    refused = Set.copyOf(refused);
    ready = Set.copyOf(ready);
    loaded = Map.copyOf(loaded);
  }

  @Override
  public Choice choose(StreamId stream, Instant start) {
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
