package dev.lookaside.deploy.replay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.classifier.detect.CurrentDetections;
import dev.lookaside.classifier.detect.DetectException;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.Detection.Extent;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.TopicReader;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Processes an interval of a stream's retained audio once more. Blocks; writes nothing.
 *
 * <p>A pass begins before the stretch, at a moment when no event was open, and goes on behind it
 * until what begins in it has ended. With the ledger as it was, the records are those of a live
 * worker, byte for byte, except for windows that it shed and decisions written too late.
 */
public final class Replay {
  /**
   * What to process.
   *
   * @param from capture time; detections that begin at or after it count
   * @param to capture time; detections that begin before it count
   */
  public record Stretch(StreamId stream, Instant from, Instant to) {
    public Stretch {
      if (!from.isBefore(to)) {
        throw new DeployException("to \"%s\": must be after from, %s".formatted(to, from));
      }
    }
  }

  /**
   * What was found.
   *
   * @param decidedUntil capture time up to which the stretch could be processed; at most its end
   * @param windows that were scored
   * @param found all records of detections that begin in the stretch and before {@code
   *     decidedUntil}
   * @param published the same as they are on the topic
   * @param differences between the two
   */
  public record Result(
      Instant decidedUntil,
      long windows,
      List<Detection> found,
      List<Detection> published,
      List<ReplayDifference> differences) {
    public Result {
      found = List.copyOf(found);
      published = List.copyOf(published);
      differences = List.copyOf(differences);
    }
  }

  /**
   * Records are written after the audio was captured; senders' clocks are off by less than this.
   */
  /** An event that began before the stretch is found whole if it is not longer than this. */
  private static final Duration CONTEXT = Duration.ofSeconds(60);

  private static final Duration SLACK = Duration.ofMinutes(10);

  /**
   * Beyond what a window sees: decisions lag behind by minimum length and gap, chunks by a few s.
   */
  private static final Duration MARGIN = Duration.ofSeconds(5);

  private final ReplayModel model;
  private final Settings settings;
  private final DetectionCodec codec = new DetectionCodec();

  public Replay(ReplayModel model) {
    this.model = model;
    this.settings = model.settings();
  }

  /**
   * Processes the interval.
   *
   * @param plan which adapter scores which window
   * @param windows sees every window that is done with, also before and behind the stretch
   */
  public Result run(Stretch stretch, AdapterPlan plan, Consumer<StreamDetector.Windowed> windows) {
    Duration reach =
        settings.detect().minLength().plus(settings.detect().minGap()).plus(MARGIN).plus(window());
    List<Detection> published;
    Instant start = stretch.from().minus(CONTEXT);
    Instant asked;
    do {
      asked = start;
      published = published(stretch.stream(), asked);
      start = quiet(published, asked, reach);
    } while (start.isBefore(asked));
    Pass pass = new Pass(stretch, start, reach, plan, windows);
    pass.process(published);
    Instant until = pass.decidedUntil(reach);
    List<Detection> found = within(stretch.from(), until, pass.found);
    List<Detection> before = within(stretch.from(), until, published);
    return new Result(until, pass.scored, found, before, ReplayDifference.between(before, found));
  }

  private Duration window() {
    return Duration.ofMillis(Math.round(1_000 * model.detector().spec().windowSeconds()));
  }

  private static List<Detection> within(Instant from, Instant to, Collection<Detection> all) {
    return all.stream()
        .filter(d -> !d.extent().onsetTime().isBefore(from) && d.extent().onsetTime().isBefore(to))
        .toList();
  }

  /** A moment, {@code start} or earlier, at which no published event was open. */
  private static Instant quiet(List<Detection> published, Instant start, Duration reach) {
    Instant quiet = start;
    for (Detection d : CurrentDetections.last(published).values()) {
      Extent extent = d.extent();
      Instant end = extent.offsetTime();
      boolean before = extent.onsetTime().minus(reach).isBefore(quiet);
      if (d.label() != null && before && (end == null || end.plus(reach).isAfter(start))) {
        quiet = extent.onsetTime().minus(reach);
      }
    }
    return quiet;
  }

  /** Records about the stream that were written since then. */
  private List<Detection> published(StreamId stream, Instant since) {
    List<Detection> published = new ArrayList<>();
    String topic = settings.ingest().topics().detections().name();
    try (TopicReader records = TopicReader.seeking(settings.ingest().clients(), "replay", topic)) {
      records.scanSince(
          records.partitionOf(stream.value().getBytes(UTF_8)),
          since.minus(SLACK),
          record -> {
            try {
              Detection d = codec.decode(record);
              if (d.stream().equals(stream)) {
                published.add(d);
              }
            } catch (DetectException e) {
              // Somebody else's record; consumers report it.
            }
            return true;
          });
    }
    return published;
  }

  /** One way through the partitions that hold the stream. */
  private final class Pass {
    private final Stretch stretch;
    private final Instant start;
    private final Instant beyond;
    private final AdapterPlan plan;
    private final Consumer<StreamDetector.Windowed> windows;
    private final List<Detection> found = new ArrayList<>();
    private long scored;
    private boolean processed;
    private boolean ended;
    private boolean whole;
    private Instant decided = Instant.MIN;

    Pass(
        Stretch stretch,
        Instant start,
        Duration reach,
        AdapterPlan plan,
        Consumer<StreamDetector.Windowed> windows) {
      this.stretch = stretch;
      this.start = start;
      this.beyond = stretch.to().plus(reach);
      this.plan = plan;
      this.windows = windows;
    }

    void process(List<Detection> published) {
      String topic = settings.ingest().topics().chunks().name();
      try (TopicReader records =
          TopicReader.seeking(settings.ingest().clients(), "replay", topic)) {
        Set<Integer> likely = new LinkedHashSet<>();
        likely.add(records.partitionOf(stretch.stream().value().getBytes(UTF_8)));
        published.forEach(d -> likely.add(d.origin().partition()));
        likely.removeIf(p -> p >= records.partitions());
        likely.forEach(partition -> process(records, partition));
        for (int p = 0; p < records.partitions() && !processed; p++) {
          if (!likely.contains(p)) {
            process(records, p);
          }
        }
      }
    }

    private void process(TopicReader records, int partition) {
      if (!process(records, partition, start.minus(SLACK))) {
        process(records, partition, Instant.MIN);
      }
    }

    /** False if the stream began earlier than was read, and must be read from there. */
    private boolean process(TopicReader records, int partition, Instant since) {
      PartitionReplay replay =
          new PartitionReplay(
              settings.ingest().codec(),
              this::wanted,
              stream -> model.replay(stream, partition, plan, this::done),
              settings.deploy().streamIdle());
      boolean[] tooLate = new boolean[1];
      boolean[] any = new boolean[1];
      int before = found.size();
      records.scanSince(
          partition,
          since,
          record -> {
            AudioChunk chunk = replay.accept(record, found);
            if (chunk == null) {
              return true;
            }
            if (!any[0]) {
              any[0] = true;
              tooLate[0] = !since.equals(Instant.MIN) && joins(chunk);
            }
            processed = true;
            ended = chunk.last();
            return !tooLate[0] && more(replay, chunk);
          });
      if (tooLate[0]) {
        found.subList(before, found.size()).clear();
        scored = 0;
        return false;
      }
      replay.flush(found);
      return true;
    }

    private boolean wanted(AudioChunk chunk) {
      boolean known = chunk.sampleOffset() >= 0;
      return chunk.stream().equals(stretch.stream())
          && (processed || !known || !chunk.captureTime().isBefore(start));
    }

    /** Whether audio that is needed lies before the first chunk read, if it is retained. */
    private boolean joins(AudioChunk first) {
      boolean known = first.sampleOffset() >= 0;
      return !known || first.sampleOffset() > 0 && first.captureTime().isAfter(start.plus(SLACK));
    }

    private boolean more(PartitionReplay replay, AudioChunk chunk) {
      if (chunk.captureTime().isBefore(beyond)) {
        return true;
      }
      replay.flush(found);
      whole = whole || !open();
      return !whole;
    }

    /** Whether an event that began in the stretch lasts. */
    private boolean open() {
      Set<String> open = new HashSet<>();
      for (Detection d : found) {
        if (d.kind() == Detection.Kind.STARTED && d.extent().onsetTime().isBefore(stretch.to())) {
          open.add(d.id());
        } else if (d.kind() == Detection.Kind.ENDED) {
          open.remove(d.id());
        }
      }
      return !open.isEmpty();
    }

    private void done(StreamDetector.Windowed window) {
      scored += window.outcome() == StreamDetector.Outcome.SCORED ? 1 : 0;
      decided = window.capturedUntil().isAfter(decided) ? window.capturedUntil() : decided;
      windows.accept(window);
    }

    Instant decidedUntil(Duration reach) {
      if (!processed) {
        throw new DeployException(
            "stream \"%s\": no audio of it is retained from %s on"
                .formatted(stretch.stream().value(), start));
      }
      if (whole || ended) {
        return stretch.to();
      }
      Instant sure = decided.equals(Instant.MIN) ? stretch.from() : decided.minus(reach);
      return sure.isBefore(stretch.to()) ? sure : stretch.to();
    }
  }
}
