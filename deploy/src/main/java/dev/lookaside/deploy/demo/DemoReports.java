package dev.lookaside.deploy.demo;

import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.demo.DemoStory.Swap;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.EventF1;
import dev.lookaside.trainer.metric.EventScore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/** Judges what the demo found. */
final class DemoReports {
  private DemoReports() {}

  static DemoReport of(
      DemoOptions options,
      List<StreamPlan> plans,
      DemoState.Findings findings,
      @Nullable DemoStory story,
      Instant epoch,
      long firstChunkMillis,
      Service service) {
    List<String> known = service.model().labels();
    List<Event> all = plans.stream().flatMap(plan -> plan.truth().stream()).toList();
    List<Event> truth = all.stream().filter(e -> known.contains(e.label())).toList();
    List<Event> found = findings.found().stream().filter(e -> known.contains(e.label())).toList();
    EventScore score = EventF1.of(truth, found, DemoState.ONSET_COLLAR_SECONDS);
    double wall = Duration.between(epoch, findings.finished()).toMillis() / 1000.0;
    double audio = plans.stream().mapToDouble(StreamPlan::seconds).sum();
    WindowLedger windows = findings.windows();
    return new DemoReport(
        plans.size(),
        plans.stream().mapToDouble(StreamPlan::seconds).max().orElse(0),
        options.seed(),
        truth.size(),
        score.matches().size(),
        score.missed().size(),
        score.falseAlarms().size(),
        truth.isEmpty() && found.isEmpty() ? 0 : score.microF1(),
        DemoState.ONSET_COLLAR_SECONDS,
        windows.expected(),
        windows.scored(),
        windows.lost(),
        windows.doubled(),
        windows.scored() / wall,
        audio / wall,
        percentile(findings.latencyMillis(), 50),
        percentile(findings.latencyMillis(), 99),
        percentile(findings.latencyMillis(), 100),
        percentile(findings.windowLatencyMillis(), 50),
        percentile(findings.windowLatencyMillis(), 99),
        findings.records(),
        firstChunkMillis,
        wall,
        service.device(),
        service.model().backboneDigest(),
        story == null
            ? plain(service.model().adapterDigest())
            : adapter(service.model().adapterDigest(), plans, all, findings, story, epoch));
  }

  private static AdapterReport plain(String digest) {
    return new AdapterReport(
        digest, digest, null, 0, 0, null, null, null, null, 0, null, 0, null, 0, null, null, 0,
        null, null, null, List.of());
  }

  private static AdapterReport adapter(
      String digest,
      List<StreamPlan> plans,
      List<Event> truth,
      DemoState.Findings findings,
      DemoStory story,
      Instant epoch) {
    List<Swap> swaps = story.swaps();
    double first = swaps.isEmpty() ? Double.MAX_VALUE : second(epoch, swaps.get(0));
    double last = swaps.isEmpty() ? Double.MAX_VALUE : second(epoch, swaps.get(swaps.size() - 1));
    List<Event> own = truth.stream().filter(e -> e.label().equals(BundledClips.NEW_CLASS)).toList();
    List<Event> named =
        findings.found().stream().filter(e -> e.label().equals(BundledClips.NEW_CLASS)).toList();
    List<Event> before = own.stream().filter(e -> e.onsetSeconds() < first).toList();
    List<Event> after = own.stream().filter(e -> e.onsetSeconds() >= last).toList();
    Set<String> recurring =
        plans.stream()
            .filter(StreamPlan::recurring)
            .map(StreamPlan::name)
            .collect(Collectors.toSet());
    List<Event> same = after.stream().filter(e -> recurring.contains(e.stream())).toList();
    List<Event> other = after.stream().filter(e -> !recurring.contains(e.stream())).toList();
    int wrong =
        (int) named.stream().filter(n -> own.stream().noneMatch(e -> overlap(e, n))).count();
    SwapLatencies.P99 latencies = findings.swapLatencies().p99(swaps);
    return new AdapterReport(
        digest,
        swaps.isEmpty() ? digest : swaps.get(swaps.size() - 1).adapter(),
        BundledClips.NEW_CLASS,
        story.corrections(),
        swaps.size(),
        story.labelToLiveSeconds(Round.Kind.HEAD).orElse(null),
        story.labelToLiveSeconds(Round.Kind.FULL).orElse(null),
        outcome(story, Round.Kind.HEAD),
        outcome(story, Round.Kind.FULL),
        before.size(),
        recall(before, named),
        after.size(),
        recall(after, named),
        same.size(),
        recall(same, named),
        recall(other, named),
        wrong,
        finite(latencies.beforeMillis()),
        finite(latencies.aroundMillis()),
        finite(latencies.ratio()),
        notReached(story));
  }

  private static double second(Instant epoch, Swap swap) {
    return Duration.between(epoch, swap.from()).toMillis() / 1000.0;
  }

  private static boolean overlap(Event a, Event b) {
    return a.stream().equals(b.stream())
        && a.onsetSeconds() < b.offsetSeconds()
        && b.onsetSeconds() < a.offsetSeconds();
  }

  private static @Nullable Double recall(List<Event> events, List<Event> named) {
    if (events.isEmpty()) {
      return null;
    }
    long found = events.stream().filter(e -> named.stream().anyMatch(n -> overlap(e, n))).count();
    return (double) found / events.size();
  }

  private static @Nullable String outcome(DemoStory story, Round.Kind kind) {
    return story.ended(kind).map(e -> e.outcome().kind().word()).orElse(null);
  }

  private static @Nullable Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }

  private static List<String> notReached(DemoStory story) {
    List<String> missing = new ArrayList<>();
    if (story.corrections() == 0) {
      missing.add("corrections: the streams ended before");
    } else {
      notReached("the head alone in force", story, Round.Kind.HEAD, missing);
      if (story.last() == Round.Kind.FULL) {
        notReached("the whole adapter in force", story, Round.Kind.FULL, missing);
      }
    }
    return missing;
  }

  private static void notReached(
      String what, DemoStory story, Round.Kind kind, List<String> missing) {
    RoundOutcome ended = story.ended(kind).map(DemoStory.Ended::outcome).orElse(null);
    if (ended == null) {
      missing.add(what + ": the streams ended before");
    } else if (ended.kind() != RoundOutcome.Kind.PUBLISHED) {
      missing.add(what + ": " + ended.kind().word() + ", " + ended.reason());
    } else if (story.labelToLiveSeconds(kind).isEmpty()) {
      missing.add(what + ": decided, the streams ended before");
    }
  }

  private static double percentile(Histogram millis, double percent) {
    return millis.getTotalCount() == 0 ? 0 : millis.getValueAtPercentile(percent);
  }
}
