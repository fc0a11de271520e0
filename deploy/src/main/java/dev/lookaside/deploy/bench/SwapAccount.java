package dev.lookaside.deploy.bench;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.detect.StreamDetector.Windowed;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Ledger;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What became of each window while adapters were swapped, against the ledger. Thread-safe. */
final class SwapAccount {
  private record Window(StreamId stream, long index) {}

  private record Scored(StreamId stream, Instant start, String adapter) {}

  /**
   * Counts of windows.
   *
   * @param expected that lie in what was sent
   * @param lost that were neither scored nor shed
   * @param doubled answers beyond a window's first
   * @param shed that were answered, but not scored
   * @param mistaken scored by another adapter than the ledger's
   * @param swapped scored by an adapter that the ledger names
   * @param decisions of the ledger by which at least one window was scored
   */
  record Totals(
      long expected,
      long lost,
      long doubled,
      long shed,
      long mistaken,
      long swapped,
      long decisions) {}

  private final Map<Window, Scored> scored = new HashMap<>();
  private final Set<Window> shed = new HashSet<>();
  private Ledger ledger = Ledger.EMPTY;
  private long doubled;

  /** A decision was written. */
  synchronized void decided(Cutover next) {
    ledger = ledger.with(next);
  }

  /** A window is done with. */
  synchronized void windowed(Windowed w) {
    Window window = new Window(w.stream(), w.index());
    if (scored.containsKey(window) || shed.contains(window)) {
      doubled++;
    } else if (w.outcome() == Outcome.SHED || w.adapter() == null) {
      shed.add(window);
    } else {
      // The digest is one string per adapter, shared by all its windows.
      scored.put(window, new Scored(w.stream(), w.captureTime(), w.adapter().digest()));
    }
  }

  /** Windows that were scored or shed. */
  synchronized long answered() {
    return scored.size() + shed.size();
  }

  /**
   * The account, once nothing more comes.
   *
   * @param expected windows of all streams
   * @param configured digest that scores where the ledger has no decision
   */
  synchronized Totals totals(long expected, String configured) {
    long mistaken = 0;
    long swapped = 0;
    Set<String> decisions = new HashSet<>();
    for (Scored s : scored.values()) {
      Optional<Cutover> decides = ledger.inForce(s.stream(), s.start(), c -> true);
      mistaken += decides.map(Cutover::adapter).orElse(configured).equals(s.adapter()) ? 0 : 1;
      if (decides.isPresent()) {
        swapped++;
        decisions.add(decides.get().id());
      }
    }
    return new Totals(
        expected,
        expected - scored.size() - shed.size(),
        doubled,
        shed.size(),
        mistaken,
        swapped,
        decisions.size());
  }
}
