package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.infer.AdaptedWindow;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.AdapterScorer;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.Assignment;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One stream from chunks to detections without actors, threads and time: the track, the core and
 * the decoder that serve live streams, with a scorer that is called at once. The same chunks and
 * the same plan give the very detections that a live worker writes. Not thread-safe.
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
      DetectSettings.between("max-batch", maxBatch, 1, 65_536);
    }
  }

  private record Question(long ticket, MelWindow window, AdapterPlan.Use use) {}

  private final StreamId stream;
  private final StreamTrack track;
  private final Scoring scoring;
  private final Consumer<StreamDetector.Windowed> windows;
  private final DetectorCore core;
  private final List<Question> questions = new ArrayList<>();
  private final ArrayDeque<Long> published = new ArrayDeque<>();
  private final List<Detection> found = new ArrayList<>();
  private boolean done;
  private Instant decidedUntil = Instant.MIN;

  /**
   * A replay before its first chunk.
   *
   * @param model of the configured adapter, as a live detector has
   * @param windows sees each window that is done with, in order
   */
  public StreamReplay(
      StreamId stream,
      StreamTrack track,
      DetectorModel model,
      DetectSettings settings,
      Scoring scoring,
      Consumer<StreamDetector.Windowed> windows) {
    this.stream = stream;
    this.track = track;
    this.scoring = scoring;
    this.windows = windows;
    this.core = new DetectorCore(stream, model, settings, new Answers());
    core.start();
  }

  /** The next chunk of the stream. */
  public void accept(Assignment assignment, AudioChunk chunk) {
    track.accept(assignment, chunk);
    hear();
  }

  /** A record of the stream that holds no chunk. */
  public void refused(StreamFeaturizer.Refused refused) {
    track.refused(refused);
    hear();
  }

  /** The stream has fallen idle: what is open is ended. */
  public void end() {
    track.end();
    hear();
    score();
  }

  /** Scores what waits for its batch to fill. */
  public void flush() {
    score();
  }

  /** True after {@link #end}. */
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

  private void hear() {
    for (StreamFeaturizer.Event event = track.next(true); event != null; event = track.next(true)) {
      core.heard(event);
      settle();
      if (questions.size() >= scoring.maxBatch()) {
        score();
      }
    }
  }

  private void score() {
    if (questions.isEmpty()) {
      return;
    }
    List<Question> batch = List.copyOf(questions);
    questions.clear();
    List<AdaptedWindow> adapted = new ArrayList<>(batch.size());
    batch.forEach(q -> adapted.add(new AdaptedWindow(q.window(), q.use().adapter())));
    float[][] posteriors = scoring.scorer().score(adapted);
    for (int i = 0; i < batch.size(); i++) {
      core.scored(batch.get(i).ticket(), posteriors[i], batch.get(i).use().adapter().facts());
    }
    settle();
  }

  /** Publishes are durable at once, but not before the core is done with its own turn. */
  private void settle() {
    for (Long number = published.poll(); number != null; number = published.poll()) {
      core.durable(number, Instant.EPOCH);
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

  private final class Answers implements DetectorCore.Outbox {
    @Override
    public void score(long ticket, MelWindow window) {
      questions.add(new Question(ticket, window, adapter(window.captureTime())));
    }

    @Override
    public void resolve(long ticket, Instant at) {
      core.resolved(ticket, adapter(at).adapter().facts());
    }

    @Override
    public void demand(int windows) {
      // Each is scored as it comes.
    }

    @Override
    public void publish(long number, List<Detection> detections) {
      found.addAll(detections);
      published.add(number);
    }

    @Override
    public void settle(Assignment assignment, long resumeOffset) {
      // Nothing is consumed.
    }

    @Override
    public void tell(StreamDetector.Event event) {
      if (event instanceof StreamDetector.Windowed windowed) {
        decidedUntil = windowed.capturedUntil();
        windows.accept(windowed);
      }
    }

    @Override
    public void done() {
      done = true;
    }
  }
}
