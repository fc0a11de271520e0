package dev.lookaside.deploy.demo;

import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

/** Which windows of which stream were scored, against those that had to be. Not thread-safe. */
public final class WindowLedger {
  private final Map<String, BitSet> scoredByStream = new HashMap<>();
  private final Map<String, Long> expectedByStream = new HashMap<>();
  private long scored;
  private long doubled;

  /**
   * The windows 0 to {@code windows} - 1 of {@code stream} must be scored, each once.
   *
   * @param windows 0 or more
   */
  public void expect(String stream, long windows) {
    expectedByStream.put(stream, windows);
  }

  /** Window {@code index} of {@code stream} was scored. */
  public void scored(String stream, long index) {
    BitSet seen = scoredByStream.computeIfAbsent(stream, s -> new BitSet());
    int bit = Math.toIntExact(index);
    scored++;
    if (seen.get(bit)) {
      doubled++;
    }
    seen.set(bit);
  }

  /** Scorings, doubles included. */
  public long scored() {
    return scored;
  }

  /** Scorings of a window that had been scored before or that no sent sample asks for. */
  public long doubled() {
    long surplus = 0;
    for (Map.Entry<String, BitSet> e : scoredByStream.entrySet()) {
      int expected = Math.toIntExact(expectedByStream.getOrDefault(e.getKey(), 0L));
      surplus += e.getValue().cardinality() - e.getValue().get(0, expected).cardinality();
    }
    return doubled + surplus;
  }

  /** Windows that had to be scored. */
  public long expected() {
    return expectedByStream.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Windows that had to be scored and were not. */
  public long lost() {
    long found = 0;
    for (Map.Entry<String, Long> e : expectedByStream.entrySet()) {
      BitSet seen = scoredByStream.getOrDefault(e.getKey(), new BitSet());
      found += seen.get(0, Math.toIntExact(e.getValue())).cardinality();
    }
    return expected() - found;
  }

  /** True when every expected window was scored. */
  public boolean complete() {
    return lost() == 0;
  }
}
