package dev.lookaside.trainer.drift;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The streams of a scope and their alarms. Pure; for one thread. */
public final class StreamsDrift {
  /** What a look has changed. */
  public enum Change {
    NONE,
    /** There is an alarm that was not there before. */
    RAISED,
    /** There was an alarm. */
    OVER
  }

  /** A stream that was not there in so many turns is forgotten, and its alarm with it. */
  private static final int MISSED_MAX = 3;

  private final int looks;
  private final Map<String, StreamDrift> streams = new TreeMap<>();
  private final Map<String, Integer> missed = new TreeMap<>();

  /**
   * @param looks in a row that raise an alarm, or end it
   */
  public StreamsDrift(int looks) {
    this.looks = looks;
  }

  /** Restores the state of the trainer before this one. */
  public void restore(DriftReport report) {
    report.streams().forEach(s -> streams.put(s.stream(), s));
  }

  /**
   * A turn begins.
   *
   * @param active streams that send audio
   * @return whether an alarm has ended with its stream
   */
  public boolean turn(Set<String> active) {
    boolean over = false;
    for (String stream : new HashSet<>(streams.keySet())) {
      int turns = active.contains(stream) ? 0 : missed.getOrDefault(stream, 0) + 1;
      missed.put(stream, turns);
      if (turns >= MISSED_MAX) {
        StreamDrift gone = streams.remove(stream);
        missed.remove(stream);
        over |= gone != null && gone.alarmed();
      }
    }
    return over;
  }

  /**
   * A stream was measured.
   *
   * @param adapter digest; with another one than before, all begins anew
   * @param until capture time up to which it was measured
   */
  public Change measured(String stream, String adapter, Instant until, Measured measured) {
    StreamDrift before = streams.get(stream);
    StreamDrift now =
        before != null && before.adapter().equals(adapter)
            ? before.after(until, measured, looks)
            : StreamDrift.first(stream, adapter, until, measured, looks);
    streams.put(stream, now);
    boolean was = before != null && before.alarmed();
    if (was == now.alarmed()) {
      return Change.NONE;
    }
    return was ? Change.OVER : Change.RAISED;
  }

  /** A stream's state; null if it was not measured yet. */
  public @Nullable StreamDrift of(String stream) {
    return streams.get(stream);
  }

  /** Streams with an alarm, by id. */
  public List<StreamDrift> alarmed() {
    return streams.values().stream().filter(StreamDrift::alarmed).toList();
  }

  /**
   * All streams.
   *
   * @param most that the report names
   * @param trouble why streams are not compared now
   */
  public DriftReport report(Instant time, int most, @Nullable String trouble) {
    return DriftReport.of(time, new ArrayList<>(streams.values()), most, trouble);
  }
}
