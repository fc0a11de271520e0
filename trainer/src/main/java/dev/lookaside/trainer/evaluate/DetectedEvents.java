package dev.lookaside.trainer.evaluate;

import dev.lookaside.classifier.detect.BoxDecoder;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.DetectionMap;
import dev.lookaside.trainer.metric.DetectionMapScore;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.EventF1;
import dev.lookaside.trainer.metric.EventScore;
import dev.lookaside.trainer.metric.Psds;
import dev.lookaside.trainer.metric.PsdsCriteria;
import dev.lookaside.trainer.metric.PsdsScore;
import dev.lookaside.trainer.metric.ScoreCurve;
import dev.lookaside.trainer.metric.ScoredEvent;
import dev.lookaside.trainer.metric.SegmentF1;
import dev.lookaside.trainer.metric.SegmentScore;
import dev.lookaside.trainer.metric.ThresholdCalibration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/** Recordings and the events found in them, gathered one recording after the other. */
public final class DetectedEvents {
  private static final double ONSET_COLLAR_SECONDS = 0.2;
  private static final double SEGMENT_SECONDS = 1;

  private final List<Event> truth;
  private final List<ScoredEvent> found = new ArrayList<>();
  private final List<ScoredEvent> ranked = new ArrayList<>();
  private final List<ScoreCurve> curves = new ArrayList<>();
  private final Set<String> unreadable = new HashSet<>();
  private double seconds;

  /**
   * What the events are worth.
   *
   * @param map mean average precision at the tIoU thresholds of EPIC-SOUNDS, background left out
   * @param events event F1 within an onset collar of 0.2 s
   * @param bothEnds event F1 within DCASE's collars: 0.2 s for the onset, 0.2 s or 20 % of the true
   *     length for the offset
   * @param segments F1 in segments of 1 s
   * @param seconds of the recordings
   */
  public record Score(
      DetectionMapScore map,
      EventScore events,
      EventScore bothEnds,
      SegmentScore segments,
      PsdsScore psds1,
      PsdsScore psds2,
      double seconds) {}

  /**
   * @param truth true events of all recordings to come
   */
  public DetectedEvents(List<Event> truth) {
    this.truth = List.copyOf(truth);
  }

  /** Takes what was found in a recording: its events, scored by their mean, and its curves. */
  public void add(String recording, ClipDetections detections, double recordingSeconds) {
    add(recording, detections, detections.events(), recordingSeconds);
  }

  /**
   * As above, with other events for the metrics that rank: mean average precision wants all down to
   * a low score, where F1 wants those that one threshold lets pass.
   */
  public void add(
      String recording,
      ClipDetections detections,
      List<ClipDetections.DetectedEvent> all,
      double recordingSeconds) {
    found.addAll(scored(recording, detections.events()));
    ranked.addAll(scored(recording, all));
    for (int c = 0; c < detections.labels().size(); c++) {
      float[] scores = detections.curveOf(c);
      if (scores.length > 0) {
        curves.add(
            ScoreCurve.evenly(
                recording, detections.labels().get(c), 0, detections.cellSeconds(), scores));
      }
    }
    seconds += recordingSeconds;
  }

  /** As above, with PSDS of what the decoder makes of the curves at falling thresholds. */
  public void add(
      String recording, ClipDetections detections, BoxDecoder decoder, double recordingSeconds) {
    found.addAll(scored(recording, detections.events()));
    ranked.addAll(scored(recording, detections.events()));
    for (int c = 0; c < detections.labels().size(); c++) {
      BoxDecoder.Pieces pieces = decoder.pieces(detections.curveOf(c), detections.cellSeconds());
      if (pieces.scores().length > 0) {
        curves.add(
            new ScoreCurve(
                recording, detections.labels().get(c), pieces.edgesSeconds(), pieces.scores()));
      }
    }
    seconds += recordingSeconds;
  }

  /** Leaves the true events of a recording out that cannot be read. */
  public void unreadable(String recording) {
    unreadable.add(recording);
  }

  private static List<ScoredEvent> scored(
      String recording, List<ClipDetections.DetectedEvent> events) {
    return events.stream()
        .map(
            e ->
                new ScoredEvent(
                    new Event(recording, e.label(), e.onsetSeconds(), e.offsetSeconds()), e.mean()))
        .toList();
  }

  /** All events found so far, down to a low score if they were given so. */
  public List<ScoredEvent> ranked() {
    return List.copyOf(ranked);
  }

  /** The metrics of what was found so far. */
  public Score score() {
    List<Event> judged = judged();
    List<Event> events = found.stream().map(ScoredEvent::event).toList();
    return new Score(
        DetectionMap.epicSounds(judged, ranked),
        EventF1.of(judged, events, ONSET_COLLAR_SECONDS),
        EventF1.of(judged, events, Collars.dcase()),
        SegmentF1.of(judged, events, SEGMENT_SECONDS),
        Psds.of(judged, curves, seconds, PsdsCriteria.psds1()),
        Psds.of(judged, curves, seconds, PsdsCriteria.psds2()),
        seconds);
  }

  private List<Event> judged() {
    return truth.stream().filter(e -> !unreadable.contains(e.stream())).toList();
  }

  /** Thresholds of greatest event F1 within 0.2 s of the onset; a class never found is absent. */
  public SortedMap<String, Threshold> calibrated() {
    return RecognizedClips.thresholds(
        ThresholdCalibration.ofCurves(judged(), curves, Collars.onset(ONSET_COLLAR_SECONDS)));
  }
}
