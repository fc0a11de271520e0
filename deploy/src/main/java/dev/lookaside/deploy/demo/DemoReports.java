package dev.lookaside.deploy.demo;

import dev.lookaside.deploy.Service;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.EventF1;
import dev.lookaside.trainer.metric.EventScore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.HdrHistogram.Histogram;

/** Judges what the demo found. */
final class DemoReports {
  private DemoReports() {}

  static DemoReport of(
      DemoOptions options,
      List<StreamPlan> plans,
      DemoState.Findings findings,
      Instant epoch,
      long firstChunkMillis,
      Service service) {
    List<Event> truth = plans.stream().flatMap(plan -> plan.truth().stream()).toList();
    EventScore score = EventF1.of(truth, findings.found(), DemoState.ONSET_COLLAR_SECONDS);
    double wall = Duration.between(epoch, findings.finished()).toMillis() / 1000.0;
    double audio = plans.stream().mapToDouble(StreamPlan::seconds).sum();
    WindowLedger windows = findings.windows();
    return new DemoReport(
        plans.size(),
        options.seconds(),
        options.seed(),
        truth.size(),
        score.matches().size(),
        score.missed().size(),
        score.falseAlarms().size(),
        truth.isEmpty() && findings.found().isEmpty() ? 0 : score.microF1(),
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
        service.model().adapterDigest());
  }

  private static double percentile(Histogram millis, double percent) {
    return millis.getTotalCount() == 0 ? 0 : millis.getValueAtPercentile(percent);
  }
}
