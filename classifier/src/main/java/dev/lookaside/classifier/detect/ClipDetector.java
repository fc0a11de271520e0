package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.detect.SegmentDecoder.TimedEvent;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Detects events in a whole clip, without Kafka, by the very code that decodes streams: a clip is a
 * stream with one segment. One caller at a time, as its scorer.
 */
public final class ClipDetector {
  private static final int MAX_BATCH = 65_536;

  private final DetectorModel model;
  private final WindowScorer scorer;
  private final int maxBatch;

  /**
   * @param scorer of {@code model}; stays the caller's to close
   * @param maxBatch windows scored together
   */
  public ClipDetector(DetectorModel model, WindowScorer scorer, int maxBatch) {
    checkBatch(maxBatch);
    this.model = model;
    this.scorer = scorer;
    this.maxBatch = maxBatch;
  }

  /**
   * Events of a whole clip.
   *
   * @throws dev.lookaside.ingest.IngestException naming {@code rate} if it is not 1 kHz to 1 MHz
   */
  public ClipDetections detect(Pcm clip) {
    return detect(ClipWindows.of(clip, model.spec()));
  }

  /**
   * Scores and decodes the windows of one clip.
   *
   * @param windows of one segment that starts at sample 0, in order; none for a clip shorter than a
   *     frame
   */
  public ClipDetections detect(List<MelWindow> windows) {
    List<WindowMark> marks = new ArrayList<>(windows.size());
    List<float[]> posteriors = new ArrayList<>(windows.size());
    for (int from = 0; from < windows.size(); from += maxBatch) {
      List<MelWindow> batch = windows.subList(from, Math.min(windows.size(), from + maxBatch));
      Scores scores = scorer.score(batch);
      for (int i = 0; i < batch.size(); i++) {
        marks.add(WindowMark.of(batch.get(i)));
        posteriors.add(scores.of(i));
      }
    }
    return decoded(model, marks, posteriors);
  }

  /**
   * Decodes the windows of one clip that were scored already.
   *
   * @param windows of one segment that starts at sample 0, in order
   * @param posteriors of each window, row-major {@code [columns][labels]}; kept
   */
  public static ClipDetections decoded(
      DetectorModel model, List<WindowMark> windows, List<float[]> posteriors) {
    List<float[]> curve = new ArrayList<>();
    SegmentDecoder decoder =
        new SegmentDecoder(
            model, SegmentDecoder.Beginning.of(false), (cell, values) -> curve.add(values));
    List<DetectedEvent> events = new ArrayList<>();
    for (int i = 0; i < windows.size(); i++) {
      collect(model, decoder.scored(windows.get(i), posteriors.get(i)), events);
    }
    collect(model, decoder.finish(), events);
    events.sort(
        Comparator.comparingDouble(DetectedEvent::onsetSeconds)
            .thenComparing(e -> model.labels().indexOf(e.label())));
    FeatureSpec spec = model.spec();
    return new ClipDetections(
        model.labels(),
        events,
        posteriors.toArray(float[][]::new),
        model.columns(),
        spec.hopSeconds(),
        spec.windowSeconds(),
        curve.toArray(float[][]::new),
        model.grid().cellFrames() * spec.frontEnd().hopSeconds());
  }

  private static void collect(
      DetectorModel model, List<TimedEvent> found, List<DetectedEvent> events) {
    for (TimedEvent e : found) {
      if (e.kind() == HysteresisDecoder.Kind.ENDED) {
        events.add(
            new DetectedEvent(
                model.labels().get(e.classIndex()),
                (double) e.onsetSample() / e.rateHz(),
                (double) e.offsetSample() / e.rateHz(),
                e.peak(),
                e.mean()));
      }
    }
  }

  /** Windows scored together at most. */
  static void checkBatch(int maxBatch) {
    if (maxBatch < 1 || maxBatch > MAX_BATCH) {
      throw new DetectException("max-batch \"%d\": must be 1 to %d".formatted(maxBatch, MAX_BATCH));
    }
  }
}
