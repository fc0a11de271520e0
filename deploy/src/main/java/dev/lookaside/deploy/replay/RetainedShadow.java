package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.shadow.ShadowComparison;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowRun;
import dev.lookaside.trainer.shadow.ShadowSummary;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Lets live audio pass, then scores with the candidate what is retained of it, and compares with
 * what the incumbent has written meanwhile. Scores on this machine's scorer, writes nothing.
 */
public final class RetainedShadow implements ShadowRun {
  private static final Duration SLACK = Duration.ofMinutes(10);

  /** Between two looks whether to give up. */
  private static final Duration LOOK = Duration.ofMillis(100);

  private final ReplayModel model;
  private final RegistryView view;
  private final Clock clock;
  private final Duration settle;

  /**
   * @param model stays the caller's to close
   * @param view stays the caller's to close
   * @param settle after the audio, until the incumbent has decided and written what it detects
   */
  public RetainedShadow(ReplayModel model, RegistryView view, Clock clock, Duration settle) {
    this.model = model;
    this.view = view;
    this.clock = clock;
    this.settle = settle;
  }

  @Override
  public ShadowSummary run(ShadowRequest request, BooleanSupplier stopped) {
    Instant from = clock.instant();
    Instant end = from.plus(request.duration()).plus(settle);
    boolean interrupted = false;
    while (clock.instant().isBefore(end) && !interrupted) {
      goOn(stopped);
      Duration rest = Duration.between(clock.instant(), end);
      LockSupport.parkNanos(Math.min(LOOK.toNanos(), rest.toNanos()));
      interrupted = Thread.interrupted();
    }
    Instant replayed = clock.instant().minus(settle);
    return compare(request, from, replayed.isAfter(from) ? replayed : from.plusMillis(1), stopped);
  }

  private static void goOn(BooleanSupplier stopped) {
    if (stopped.getAsBoolean()) {
      throw new TrainerException("shadow: stopped");
    }
  }

  /**
   * The same over retained audio.
   *
   * @param from capture time of the first events that count
   * @param to capture time before which events must begin to count
   */
  public ShadowSummary compare(ShadowRequest request, Instant from, Instant to) {
    return compare(request, from, to, () -> false);
  }

  private ShadowSummary compare(
      ShadowRequest request, Instant from, Instant to, BooleanSupplier stopped) {
    view.refresh();
    long maxBytes = model.settings().registry().maxBytes();
    AdapterPlan plan = AdapterPlan.always(model.loaded(view.file(request.candidate(), maxBytes)));
    List<String> streams = new ArrayList<>();
    List<Detection> incumbent = new ArrayList<>();
    List<Detection> candidate = new ArrayList<>();
    long windows = 0;
    double seconds = 0;
    for (String stream : streams(request, from, to)) {
      goOn(stopped);
      Replay.Stretch stretch = new Replay.Stretch(new StreamId(stream), from, to);
      double[] scored = new double[1];
      Replay.Result replayed =
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
      incumbent.addAll(replayed.published());
      candidate.addAll(replayed.found());
      windows += replayed.windows();
      seconds += scored[0];
    }
    return new ShadowSummary(
        request, from, to, streams, windows, seconds, ShadowComparison.of(incumbent, candidate));
  }

  /**
   * The share of the streams that the scope decides for and of which there is audio in the stretch.
   */
  private SortedSet<String> streams(ShadowRequest request, Instant from, Instant to) {
    Set<StreamId> streams = new HashSet<>();
    Settings settings = model.settings();
    AudioChunkCodec codec = settings.ingest().codec();
    String topic = settings.ingest().topics().chunks().name();
    try (TopicReader records = TopicReader.seeking(settings.ingest().clients(), "replay", topic)) {
      for (int p = 0; p < records.partitions(); p++) {
        records.scanSince(
            p,
            from.minus(SLACK),
            record -> {
              if (codec.decode(record) instanceof AudioChunkCodec.Chunk c
                  && view.ledger().leavesTo(request.scope(), c.chunk().stream(), to)
                  && !c.chunk().captureTime().isBefore(from)
                  && c.chunk().captureTime().isBefore(to)) {
                streams.add(c.chunk().stream());
              }
              return true;
            });
      }
    }
    return request.chosen(streams);
  }
}
