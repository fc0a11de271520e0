package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.AdapterScorer;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One stream from records to detections without actors, threads and time: the core that serves live
 * streams, with a scorer that is called at once. The same records and the same plan give the very
 * detections that a live worker writes. Not thread-safe.
 */
public final class StreamReplay {
  /**
   * What scores.
   *
   * @param plan must know every adapter: it may not ask to wait
   * @param scorer stays the caller's to close
   * @param maxBatch windows scored together
   */
  public record Scoring(AdapterPlan plan, AdapterScorer scorer, int maxBatch) {
    public Scoring {
      ClipDetector.checkBatch(maxBatch);
    }
  }

  private record Question(long ticket, @Nullable MelWindow window, AdapterPlan.Use use) {}

  private final StreamId stream;
  private final Scoring scoring;
  private final Consumer<StreamDetector.Windowed> windows;
  private final StreamCore core;
  private final List<Question> questions = new ArrayList<>();
  private final ArrayDeque<Question> resolved = new ArrayDeque<>();
  private final List<Detection> found = new ArrayList<>();
  private boolean done;
  private Instant decidedUntil = Instant.MIN;

  /**
   * A replay before its first record.
   *
   * @param model of the configured adapter, as a live detector has
   * @param settings every window is scored, whatever the {@code overload} policy
   * @param maxClockAhead as for {@link StreamDetector#create}
   * @param windows sees each window that is done with, in order
   */
  public StreamReplay(
      StreamId stream,
      int partition,
      StreamTrack.Factory tracks,
      DetectorModel model,
      DetectSettings settings,
      Duration maxClockAhead,
      Scoring scoring,
      Consumer<StreamDetector.Windowed> windows) {
    this.stream = stream;
    this.scoring = scoring;
    this.windows = windows;
    this.core =
        new StreamCore(
            new StreamCore.Parts(
                stream,
                partition,
                model,
                settings.processAll(),
                maxClockAhead,
                state -> tracks.create(stream, state)),
            new Answers(),
            null,
            0,
            0,
            Set.of());
  }

  /** The next record of the stream. */
  public void accept(StreamMessage.FromSource message) {
    core.accept(message);
    answer();
    if (message instanceof StreamMessage.End) {
      score();
      done = true;
    }
  }

  /** Scores what waits for its batch to fill. */
  public void flush() {
    score();
  }

  /** True after {@link StreamMessage.End}. */
  public boolean done() {
    return done;
  }

  /** Capture time up to which windows are done with; {@link Instant#MIN} before the first one. */
  public Instant decidedUntil() {
    return decidedUntil;
  }

  /** What was found and not taken yet, in the order in which a live worker writes it. */
  public List<Detection> take() {
    List<Detection> taken = List.copyOf(found);
    found.clear();
    return taken;
  }

  /**
   * Answers what the core has asked: adapters at once, windows when a batch is full or the core has
   * as many under way as it may.
   */
  private void answer() {
    while (!resolved.isEmpty() || questions.size() >= scoring.maxBatch()) {
      Question question = resolved.poll();
      if (question != null) {
        core.resolved(question.ticket(), question.use().adapter().facts());
      } else {
        scoreBatch();
      }
    }
    if (core.full()) {
      score();
    }
  }

  private void score() {
    while (!questions.isEmpty()) {
      scoreBatch();
      answer();
    }
  }

  private void scoreBatch() {
    List<Question> batch =
        List.copyOf(questions.subList(0, Math.min(scoring.maxBatch(), questions.size())));
    questions.subList(0, batch.size()).clear();
    List<AdapterScorer.AdaptedWindow> adapted = new ArrayList<>(batch.size());
    batch.forEach(
        q ->
            adapted.add(
                new AdapterScorer.AdaptedWindow(
                    Objects.requireNonNull(q.window()), q.use().adapter())));
    float[][] posteriors = scoring.scorer().score(adapted);
    for (int i = 0; i < batch.size(); i++) {
      core.scored(batch.get(i).ticket(), posteriors[i], batch.get(i).use().adapter().facts());
    }
  }

  private AdapterPlan.Use adapter(Instant start) {
    AdapterPlan.Choice choice = scoring.plan().choose(stream, start);
    if (choice instanceof AdapterPlan.Use use) {
      return use;
    }
    throw new DetectException(
        "%s at %s: the plan knows no adapter for it (%s)".formatted(stream, start, choice));
  }

  private final class Answers implements StreamCore.Outbox {
    @Override
    public void score(long ticket, MelWindow window, Instant at) {
      questions.add(new Question(ticket, window, adapter(at)));
    }

    @Override
    public void resolve(long ticket, Instant at) {
      resolved.add(new Question(ticket, null, adapter(at)));
    }

    @Override
    public void credit(int records, long bytes) {
      // Records are given as they are read.
    }

    @Override
    public void publish(
        List<Detection> detections,
        List<DetectionSink.RejectedRecord> letters,
        StreamProgress progress,
        boolean ended,
        Instant capturedUntil) {
      found.addAll(detections);
    }

    @Override
    public void observe(StreamDetector.Event event) {
      if (event instanceof StreamDetector.Windowed windowed) {
        decidedUntil = windowed.capturedUntil();
        windows.accept(windowed);
      }
    }

    @Override
    public long nowMillis() {
      return 0; // Nothing is late.
    }
  }
}
