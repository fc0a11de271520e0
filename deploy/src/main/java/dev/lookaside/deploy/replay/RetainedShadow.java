package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.Settings;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.shadow.ShadowComparison;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowRun;
import dev.lookaside.trainer.shadow.ShadowSummary;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;

/**
 * Lets live audio pass, then hears with the candidate what is retained of it, and compares with
 * what the incumbent has written meanwhile. Scores on this machine's scorer, writes nothing.
 */
public final class RetainedShadow implements ShadowRun {
  private static final Duration SLACK = Duration.ofMinutes(10);

  /** Until the incumbent has decided and written what it heard at the end. */
  private static final Duration SETTLE = Duration.ofSeconds(10);

  private final ReplayModel model;
  private final RegistryView view;
  private final Clock clock;

  /**
   * @param model stays the caller's to close
   * @param view stays the caller's to close
   */
  public RetainedShadow(ReplayModel model, RegistryView view, Clock clock) {
    this.model = model;
    this.view = view;
    this.clock = clock;
  }

  @Override
  public ShadowSummary run(ShadowRequest request) {
    Instant from = clock.instant();
    Instant end = from.plus(request.duration()).plus(SETTLE);
    boolean interrupted = false;
    while (clock.instant().isBefore(end) && !interrupted) {
      LockSupport.parkNanos(Duration.between(clock.instant(), end).toNanos());
      interrupted = Thread.interrupted();
    }
    Instant heard = clock.instant().minus(SETTLE);
    return compare(request, from, heard.isAfter(from) ? heard : from.plusMillis(1));
  }

  /**
   * The same over retained audio.
   *
   * @param from capture time of the first events that count
   * @param to capture time before which events must begin to count
   */
  public ShadowSummary compare(ShadowRequest request, Instant from, Instant to) {
    view.refresh();
    long maxBytes = model.settings().registry().maxBytes();
    AdapterPlan plan = AdapterPlan.always(model.loaded(view.file(request.candidate(), maxBytes)));
    List<String> streams = new ArrayList<>();
    List<Detection> incumbent = new ArrayList<>();
    List<Detection> candidate = new ArrayList<>();
    long windows = 0;
    double seconds = 0;
    for (String stream : streams(request, from, to)) {
      Replay.Stretch stretch = new Replay.Stretch(new StreamId(stream), from, to);
      double[] scored = new double[1];
      Replay.Result heard =
          new Replay(model)
              .run(
                  stretch,
                  plan,
                  w -> {
                    boolean inside =
                        !w.captureTime().isBefore(from) && w.captureTime().isBefore(to);
                    scored[0] += inside ? (double) w.samples() / w.rateHz() : 0;
                  });
      streams.add(stream);
      incumbent.addAll(heard.standing());
      candidate.addAll(heard.found());
      windows += heard.windows();
      seconds += scored[0];
    }
    return new ShadowSummary(
        request, streams, windows, seconds, ShadowComparison.of(incumbent, candidate));
  }

  /** Streams of the share of which there is audio in the stretch. */
  private TreeSet<String> streams(ShadowRequest request, Instant from, Instant to) {
    TreeSet<String> streams = new TreeSet<>();
    Settings settings = model.settings();
    AudioChunkCodec codec = settings.ingest().codec();
    String topic = settings.ingest().topics().chunks().name();
    try (RetainedRecords records = new RetainedRecords(settings.ingest().kafkaClients(), topic)) {
      for (int p = 0; p < records.partitions(); p++) {
        records.read(
            p,
            from.minus(SLACK),
            record -> {
              if (codec.decode(record) instanceof AudioChunkCodec.Chunk c
                  && request.follows(c.chunk().stream())
                  && !c.chunk().captureTime().isBefore(from)
                  && c.chunk().captureTime().isBefore(to)) {
                streams.add(c.chunk().stream().value());
              }
              return true;
            });
      }
    }
    return streams;
  }
}
