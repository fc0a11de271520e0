package dev.lookaside.deploy.demo;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What became of the adapter while the demo ran; null where the run did not come so far.
 *
 * @param digest of the one that scored at the start
 * @param lastDigest of the one that scored at the end
 * @param newClass that the first one did not know; null in a run without refit
 * @param corrections of sounds of it
 * @param swaps that took place while streams ran
 * @param headOnlyLabelToLiveSeconds from the last correction to the first scores of an adapter
 *     whose head alone was fitted to it
 * @param labelToLiveSeconds the same, the whole adapter fitted
 * @param headOnlyOutcome {@code published}, {@code refused}, ...
 * @param outcome the same of the whole adapter
 * @param newClassEventsBefore sounds of the new class that began before the first swap
 * @param newClassRecallBefore share of them that were named
 * @param newClassEventsAfter sounds of it since the last swap
 * @param newClassRecallAfter share of them that were named
 * @param newClassEventsAfterSame those of recordings that sounded before the corrections, too
 * @param newClassRecallAfterSame share of them that were named
 * @param newClassRecallAfterOther share of the rest, recordings that nobody has corrected
 * @param newClassFalse detections of it where none sounds
 * @param latencyP99BeforeSwapMillis capture of a window's last sample to its scores, in the 10 s
 *     before swaps
 * @param latencyP99SwapMillis the same from 1 s before a swap to 2 s after it
 * @param latencyP99SwapRatio the second over the first
 * @param notReached what the run was too short for, in words
 */
@JsonPropertyOrder(alphabetic = false)
public record AdapterReport(
    String digest,
    String lastDigest,
    @Nullable String newClass,
    int corrections,
    int swaps,
    @Nullable Double headOnlyLabelToLiveSeconds,
    @Nullable Double labelToLiveSeconds,
    @Nullable String headOnlyOutcome,
    @Nullable String outcome,
    int newClassEventsBefore,
    @Nullable Double newClassRecallBefore,
    int newClassEventsAfter,
    @Nullable Double newClassRecallAfter,
    int newClassEventsAfterSame,
    @Nullable Double newClassRecallAfterSame,
    @Nullable Double newClassRecallAfterOther,
    int newClassFalse,
    @Nullable Double latencyP99BeforeSwapMillis,
    @Nullable Double latencyP99SwapMillis,
    @Nullable Double latencyP99SwapRatio,
    List<String> notReached) {
  public AdapterReport {
    notReached = List.copyOf(notReached);
  }

  /** The rows of the table at the end; none in a run without refit. */
  List<String> rows() {
    List<String> rows = new ArrayList<>();
    if (newClass == null) {
      return rows;
    }
    rows.add(
        "new class    %s: named %s times before the corrections were learned"
            .formatted(newClass, share(newClassRecallBefore, newClassEventsBefore)));
    rows.add(
        "             %s since the last swap in recordings that had been corrected, %s in others"
            .formatted(
                share(newClassRecallAfterSame, newClassEventsAfterSame),
                share(newClassRecallAfterOther, newClassEventsAfter - newClassEventsAfterSame)));
    rows.add(
        "             %d detections of it where there was no %s"
            .formatted(newClassFalse, newClass));
    rows.add(
        "learned in   %s by the head alone   %s by the whole adapter   (last label to first scores)"
            .formatted(
                seconds(headOnlyLabelToLiveSeconds, headOnlyOutcome),
                seconds(labelToLiveSeconds, outcome)));
    rows.add("swaps        " + swaps + swapText());
    notReached.forEach(what -> rows.add("not reached  " + what));
    return rows;
  }

  private String swapText() {
    return latencyP99SwapRatio == null
        ? ""
        : String.format(
            Locale.ROOT,
            "   p99 to scores %.0f ms around them, %.0f ms before (%.2f times)",
            latencyP99SwapMillis,
            latencyP99BeforeSwapMillis,
            latencyP99SwapRatio);
  }

  private static String share(@Nullable Double recall, int events) {
    return recall == null ? "-" : Math.round(recall * events) + " of " + events;
  }

  private static String seconds(@Nullable Double seconds, @Nullable String outcome) {
    return Optional.ofNullable(seconds)
        .map(s -> String.format(Locale.ROOT, "%.1f s", s))
        .orElse(outcome == null ? "-" : outcome);
  }
}
