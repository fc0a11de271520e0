package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.detect.ClipDetections.DetectedEvent;
import dev.lookaside.classifier.infer.Scores;
import dev.lookaside.classifier.infer.WindowScorer;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClipDetectorTest {
  private static final int CLASSES = 3;

  @Test
  void aClipIsDecodedAsAStreamWithThatClip() {
    SeededRandom.forAll(
        ClipDetectorTest.class,
        40,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(60));
          DetectorModel model = SimulatedStream.model(Combination.MEAN, CLASSES);
          List<MelWindow> windows = firstSegment(stream);
          int batch = 1 + random.nextInt(9);
          ClipDetections found = new ClipDetector(model, new Fake(stream), batch).detect(windows);

          List<DetectedEvent> live = new ArrayList<>();
          StreamDecoder decoder =
              new StreamDecoder(SimulatedStream.STREAM, 0, model, SimulatedStream.settings(4));
          List<Detection> detections = new ArrayList<>();
          for (MelWindow w : windows) {
            WindowMark mark = WindowMark.of(w);
            decoder.begin(mark, w.epoch(), w.segmentStart(), null, detections);
            decoder.scored(mark, stream.posteriors(w.index(), CLASSES), detections);
          }
          decoder.segmentEnded(detections);
          for (Detection d : detections) {
            if (d.kind() == Detection.Kind.ENDED) {
              live.add(
                  new DetectedEvent(
                      d.eventLabel(),
                      d.extent().onsetSeconds(),
                      d.extent().offsetSeconds(),
                      d.peak(),
                      d.mean()));
            }
          }
          live.sort(
              Comparator.comparingDouble(DetectedEvent::onsetSeconds)
                  .thenComparing(DetectedEvent::label));
          assertThat(found.events())
              .usingElementComparator(
                  Comparator.comparing(DetectedEvent::label)
                      .thenComparing(DetectedEvent::onsetSeconds)
                      .thenComparing(DetectedEvent::offsetSeconds)
                      .thenComparing(e -> Math.round(e.peak() * 1e6))
                      .thenComparing(e -> Math.round(e.mean() * 1e6)))
              .isEqualTo(live);
          assertThat(found.posteriors()).hasNumberOfRows(windows.size());
        });
  }

  @Test
  void aClipWithoutAFrameHasNoEvents() {
    DetectorModel model = SimulatedStream.model(Combination.MEAN, CLASSES);
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(1), 1);
    ClipDetections found = new ClipDetector(model, new Fake(stream), 8).detect(List.of());
    assertThat(found.events()).isEmpty();
    assertThat(found.curve()).isEmpty();
    assertThat(found.cellSeconds()).isEqualTo(.02);
    assertThat(found.windowSeconds()).isEqualTo(.08);
  }

  @Test
  void curveBeginsWithTheClipAndHasOneCellPerHop() {
    DetectorModel model = SimulatedStream.model(Combination.CENTRE, CLASSES);
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(2), 8);
    List<MelWindow> windows = firstSegment(stream);
    ClipDetections found = new ClipDetector(model, new Fake(stream), 8).detect(windows);
    MelWindow last = windows.get(windows.size() - 1);
    long frames = last.index() * SimulatedStream.HOP_FRAMES + last.validFrames();
    assertThat(found.curve()).hasNumberOfRows((int) CurveGrid.ceilDiv(frames, 2));
    assertThat(found.curve()[0]).hasSize(CLASSES);
  }

  @Test
  void onsetsOfSamplesAtAnyRateAreSecondsOfTheClip() {
    DetectorModel model = SimulatedStream.model(Combination.CENTRE, CLASSES);
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(2), 8);
    Pcm clip = new Pcm(44_100, new float[44_100]);
    ClipDetections found = new ClipDetector(model, new Fake(stream), 8).detect(clip);
    assertThat(found.events()).isNotEmpty();
    for (DetectedEvent e : found.events()) {
      // Cells are 20 ms; only the clip's end lies elsewhere.
      assertThat(e.onsetSeconds() / .02).isCloseTo(Math.rint(e.onsetSeconds() / .02), within(.01));
      assertThat(e.offsetSeconds()).isGreaterThan(e.onsetSeconds()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void settingsAreChecked() {
    DetectorModel model = SimulatedStream.model(Combination.MEAN, CLASSES);
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(1), 1);
    assertThatThrownBy(() -> new ClipDetector(model, new Fake(stream), 0))
        .hasMessage("max-batch \"0\": must be 1 to 65536");
  }

  private static List<MelWindow> firstSegment(SimulatedStream stream) {
    List<MelWindow> windows = new ArrayList<>();
    for (StreamTrack.Event event : stream.events()) {
      if (event instanceof StreamTrack.Window w) {
        windows.add(w.window());
      } else if (((StreamTrack.Boundary) event).segmentEnded()) {
        break;
      }
    }
    return windows;
  }

  private record Fake(SimulatedStream stream) implements WindowScorer {
    @Override
    public Scores score(List<MelWindow> windows) {
      float[][] p = new float[windows.size()][];
      for (int i = 0; i < p.length; i++) {
        p[i] = stream.posteriors(windows.get(i).index(), CLASSES);
      }
      return new Scores(1, CLASSES, p);
    }

    @Override
    public String adapterDigest() {
      return "adapter";
    }

    @Override
    public String deviceDescription() {
      return "fake";
    }

    @Override
    public void close() {}
  }
}
