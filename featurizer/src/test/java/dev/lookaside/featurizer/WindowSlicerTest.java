package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowSlicerTest {
  private static final FeatureSpec SPEC = new FeatureSpec(FrontEnd.AST_FBANK, 10, 5);
  private static final int RATE_HZ = 48_000;

  @Test
  void holdsOnlyWhatTheNextFrameNeedsHoweverLongTheStream() {
    WindowSlicer slicer = slicer(SegmentStart.Before.SILENCE, 0);
    int reach = Resampler.of(RATE_HZ, 16_000).reachSamples();
    long from = 0;
    for (int i = 0; i < 40; i++) {
      slicer.append(piece(from, i % 7 == 0 ? 20_000 : 100));
      from = slicer.segment().untilSample();
      while (slicer.hasNext()) {
        slicer.next();
      }
      assertThat(slicer.heldSamples()).isLessThanOrEqualTo(400 + 2 * reach + 3);
    }
  }

  @Test
  void framesAreSharedByOverlappingWindows() {
    float[] signal = Scene.signal(SeededRandom.of(2), 8_000);
    List<MelWindow> windows = ClipWindows.of(new Pcm(16_000, signal), SPEC);
    assertThat(windows.get(1).rows()[0]).isSameAs(windows.get(0).rows()[5]);
  }

  @Test
  void timesAndRecordsAreThoseOfThePiecesUnderTheWindow() {
    WindowSlicer slicer = slicer(SegmentStart.Before.SILENCE, 0);
    for (int i = 0; i < 4; i++) {
      slicer.append(piece(2_400L * i, 2_400)); // 50 ms each; a window sees 115 ms
    }
    MelWindow first = slicer.next();
    assertThat(first.span()).isEqualTo(new SampleSpan(0, 5_520));
    assertThat(first.captureTime()).isEqualTo(Scene.EPOCH);
    assertThat(first.capturedUntil()).isEqualTo(Scene.EPOCH.plusMillis(115));
    assertThat(first.firstRecordOffset()).isZero();
    assertThat(first.lastRecordOffset()).isEqualTo(2);
    assertThat(first.freshSamples()).isEqualTo(5_520);
    MelWindow second = slicer.next();
    assertThat(second.span()).isEqualTo(new SampleSpan(2_400, 7_920));
    assertThat(second.freshSamples()).isEqualTo(2_400);
    assertThat(second.firstRecordOffset()).isEqualTo(1);
    assertThat(second.resumeOffset()).as("the resampler looks back into record 0").isZero();
    assertThat(second.segmentStart()).isFalse();
  }

  @Test
  void afterAGapTheFirstWindowIsTheFirstOnTheGridThatIsWhollyKnown() {
    WindowSlicer slicer = slicer(SegmentStart.Before.GAP, 100_000);
    slicer.append(piece(100_000, 20_000));
    MelWindow first = slicer.next();
    assertThat(first.index()).isEqualTo(42); // sample 33,600 of 16 kHz; 33,600 * 3 > 100,000
    assertThat(first.segmentStart()).isTrue();
    assertThat(first.resumeOffset()).as("shows the gap again").isEqualTo(-1);
  }

  @Test
  void piecesMustFollowEachOther() {
    WindowSlicer slicer = slicer(SegmentStart.Before.SILENCE, 0);
    slicer.append(piece(0, 100));
    assertThatThrownBy(() -> slicer.append(piece(101, 100))).hasMessageContaining("goes on at 100");
    slicer.finish();
    assertThatThrownBy(() -> slicer.append(piece(100, 100))).hasMessageContaining("has ended");
    List<MelWindow> left = new ArrayList<>();
    while (slicer.hasNext()) {
      left.add(slicer.next());
    }
    assertThat(left).as("shorter than a frame").isEmpty();
    assertThat(slicer.unheardSamples()).isEqualTo(100);
  }

  private static WindowSlicer slicer(SegmentStart.Before before, long fromSample) {
    return new WindowSlicer(
        new SegmentStart(Scene.STREAM, Scene.EPOCH, RATE_HZ, fromSample, before, -1),
        SPEC,
        Double.NEGATIVE_INFINITY);
  }

  private static Piece piece(long from, int samples) {
    return new Piece(
        new SampleSpan(from, from + samples),
        new float[samples],
        AudioChunk.timeOf(Scene.EPOCH, from, RATE_HZ),
        Scene.ASSIGNMENT,
        from / 2_400);
  }
}
