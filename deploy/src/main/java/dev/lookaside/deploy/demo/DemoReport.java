package dev.lookaside.deploy.demo;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What the demo measured. Its JSON form has these names as keys, in this order.
 *
 * @param streams sent at the same time
 * @param secondsPerStream audio of each
 * @param seed that composes the same audio again
 * @param eventsExpected true events, those of a class that the adapter does not know at the start
 *     aside
 * @param eventsFound true events that a detection matches (same label, onset within {@code
 *     onsetCollarSeconds})
 * @param eventsMissed true events without one
 * @param eventsFalse detections of the known classes that match no true event
 * @param eventF1 over all events
 * @param onsetCollarSeconds for matching
 * @param windowsExpected what the sent samples must give
 * @param windowsScored scorings seen
 * @param windowsLost expected and never scored
 * @param windowsDoubled scored again, or never asked for
 * @param windowsPerSecond scored, over the time from the first chunk to the last detection
 * @param realTimeFactor seconds of audio processed per second, all streams together
 * @param latencyMillisP50 capture of a window's last sample to its detection read back from Kafka
 * @param latencyMillisP99 the same, 99th percentile
 * @param latencyMillisMax the same, the longest
 * @param windowLatencyMillisP50 capture of a window's last sample to its scores
 * @param windowLatencyMillisP99 the same, 99th percentile
 * @param detectionRecords records read from the topic
 * @param firstChunkMillis from the start of the command to the first chunk sent
 * @param wallSeconds first chunk to last detection
 * @param device what scored
 * @param backbone digest
 * @param adapter which scored, and what it learned
 */
@JsonPropertyOrder(alphabetic = false)
public record DemoReport(
    int streams,
    double secondsPerStream,
    long seed,
    long eventsExpected,
    long eventsFound,
    long eventsMissed,
    long eventsFalse,
    double eventF1,
    double onsetCollarSeconds,
    long windowsExpected,
    long windowsScored,
    long windowsLost,
    long windowsDoubled,
    double windowsPerSecond,
    double realTimeFactor,
    double latencyMillisP50,
    double latencyMillisP99,
    double latencyMillisMax,
    double windowLatencyMillisP50,
    double windowLatencyMillisP99,
    long detectionRecords,
    long firstChunkMillis,
    double wallSeconds,
    String device,
    String backbone,
    AdapterReport adapter) {

  /** The table shown at the end. */
  public List<String> table() {
    List<String> t = new ArrayList<>();
    t.add(row("streams", streams + " of " + number(secondsPerStream, 1) + " s, at the same time"));
    t.add(
        row(
            "events",
            String.format(
                Locale.ROOT,
                "%d expected   %d found   %d missed   %d false%s",
                eventsExpected,
                eventsFound,
                eventsMissed,
                eventsFalse,
                adapter.newClass() == null ? "" : "   (without the new class)")));
    t.add(
        row(
            "event F1",
            number(eventF1, 3) + "   (onset within " + number(onsetCollarSeconds, 1) + " s)"));
    t.add(
        row(
            "windows",
            String.format(
                Locale.ROOT,
                "%d expected   %d scored   %d lost   %d doubled",
                windowsExpected,
                windowsScored,
                windowsLost,
                windowsDoubled)));
    t.add(
        row(
            "throughput",
            number(windowsPerSecond, 1)
                + " windows/s   real-time factor "
                + number(realTimeFactor, 2)));
    t.add(
        row(
            "latency",
            String.format(
                Locale.ROOT,
                "p50 %.0f ms   p99 %.0f ms   (window's last sample to detection on Kafka)",
                latencyMillisP50,
                latencyMillisP99)));
    t.add(
        row(
            "",
            String.format(
                Locale.ROOT,
                "p50 %.0f ms   p99 %.0f ms   (window's last sample to its scores)",
                windowLatencyMillisP50,
                windowLatencyMillisP99)));
    adapter.rows().forEach(line -> t.add("  " + line));
    return t;
  }

  private static String row(String name, String value) {
    return String.format(Locale.ROOT, "  %-12s %s", name, value);
  }

  private static String number(double value, int decimals) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
