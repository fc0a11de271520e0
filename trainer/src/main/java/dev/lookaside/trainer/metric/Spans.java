package dev.lookaside.trainer.metric;

import java.util.Comparator;
import java.util.List;

/** True events of one label in one stream, in whole microseconds, ready to be intersected. */
final class Spans {
  static final Spans NONE = new Spans(List.of());

  private final long[] fromMicros;
  private final long[] untilMicros;
  // Greatest end of all spans up to each: where looking from the right may stop.
  private final long[] latestUntilMicros;
  private final long totalMicros;

  /** Events shorter than half a microsecond are left out. */
  Spans(List<Event> events) {
    long[][] spans =
        events.stream()
            .map(event -> new long[] {micros(event.onsetSeconds()), micros(event.offsetSeconds())})
            .filter(span -> span[1] > span[0])
            .sorted(
                Comparator.comparingLong((long[] span) -> span[0]).thenComparing(span -> span[1]))
            .toArray(long[][]::new);
    fromMicros = new long[spans.length];
    untilMicros = new long[spans.length];
    latestUntilMicros = new long[spans.length];
    long latest = Long.MIN_VALUE;
    long total = 0;
    for (int i = 0; i < spans.length; i++) {
      fromMicros[i] = spans[i][0];
      untilMicros[i] = spans[i][1];
      latest = Math.max(latest, untilMicros[i]);
      latestUntilMicros[i] = latest;
      total += untilMicros[i] - fromMicros[i];
    }
    totalMicros = total;
  }

  /** Nearest whole microsecond. */
  static long micros(double seconds) {
    return (long) Math.rint(seconds * 1e6);
  }

  int count() {
    return fromMicros.length;
  }

  long lengthMicros(int span) {
    return untilMicros[span] - fromMicros[span];
  }

  /** Sum of all lengths. */
  long totalMicros() {
    return totalMicros;
  }

  /** First span that may end after {@code from}. */
  int firstEndingAfter(long from) {
    int low = 0;
    int high = latestUntilMicros.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (latestUntilMicros[middle] > from) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  boolean beginsBefore(int span, long until) {
    return span < fromMicros.length && fromMicros[span] < until;
  }

  long intersectionMicros(int span, long from, long until) {
    return Math.max(0, Math.min(until, untilMicros[span]) - Math.max(from, fromMicros[span]));
  }

  /** Sum over all spans. */
  long intersectionMicros(long from, long until) {
    long sum = 0;
    for (int i = firstEndingAfter(from); beginsBefore(i, until); i++) {
      sum += intersectionMicros(i, from, until);
    }
    return sum;
  }
}
