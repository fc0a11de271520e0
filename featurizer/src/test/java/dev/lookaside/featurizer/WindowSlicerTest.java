package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.ChunkSequencer;
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
    WindowSlicer slicer = slicer(Segment.Before.SILENCE, 0);
    int reach = Resampler.of(RATE_HZ, 16_000).reachSamples();
    long from = 0;
    for (int i = 0; i < 40; i++) {
      append(slicer, from, i % 7 == 0 ? 20_000 : 100);
      from = slicer.untilSample();
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
    WindowSlicer slicer = slicer(Segment.Before.SILENCE, 0);
    for (int i = 0; i < 4; i++) {
      append(slicer, 2_400L * i, 2_400); // 50 ms each; a window sees 115 ms
    }
    MelWindow first = slicer.next();
    assertThat(first.span()).isEqualTo(new SampleSpan(0, 5_520));
    assertThat(first.captureTime()).isEqualTo(Scene.EPOCH);
    assertThat(first.capturedUntil()).isEqualTo(Scene.EPOCH.plusMillis(115));
    assertThat(first.firstRecordOffset()).isZero();
    assertThat(first.lastRecordOffset()).isEqualTo(2);
    assertThat(first.logTimeMillis()).as("of its last record").isEqualTo(70_002);
    assertThat(first.freshSamples()).isEqualTo(5_520);
    MelWindow second = slicer.next();
    assertThat(second.span()).isEqualTo(new SampleSpan(2_400, 7_920));
    assertThat(second.freshSamples()).isEqualTo(2_400);
    assertThat(second.firstRecordOffset()).isEqualTo(1);
    assertThat(slicer.segment().neededSample()).as("as window 2 begins at 4800").isEqualTo(2_400);
    assertThat(second.segmentStart()).isFalse();
  }

  @Test
  void afterAGapTheFirstWindowIsTheFirstOnTheGridThatIsWhollyKnown() {
    WindowSlicer slicer = slicer(Segment.Before.GAP, 100_000);
    append(slicer, 100_000, 20_000);
    MelWindow first = slicer.next();
    assertThat(first.index()).isEqualTo(42); // sample 33,600 of 16 kHz; 33,600 * 3 > 100,000
    assertThat(first.segmentStart()).isTrue();
  }

  @Test
  void piecesMustFollowEachOther() {
    WindowSlicer slicer = slicer(Segment.Before.SILENCE, 0);
    append(slicer, 0, 100);
    assertThatThrownBy(() -> append(slicer, 101, 100)).hasMessageContaining("goes on at 100");
    slicer.finish();
    assertThatThrownBy(() -> append(slicer, 100, 100)).hasMessageContaining("has ended");
    List<MelWindow> left = new ArrayList<>();
    while (slicer.hasNext()) {
      left.add(slicer.next());
    }
    assertThat(left).as("shorter than a frame").isEmpty();
    assertThat(slicer.segment().uncoveredSamples(slicer.untilSample())).isEqualTo(100);
  }

  private static WindowSlicer slicer(Segment.Before before, long fromSample) {
    return new WindowSlicer(
        Scene.STREAM,
        Segment.begin(Scene.EPOCH, RATE_HZ, fromSample, before, SPEC),
        SPEC,
        Double.NEGATIVE_INFINITY);
  }

  private static void append(WindowSlicer slicer, long from, int samples) {
    slicer.append(
        new WindowSlicer.Piece(
            new SampleSpan(from, from + samples),
            AudioChunk.timeOf(Scene.EPOCH, from, RATE_HZ),
            70_000 + from / 2_400,
            from / 2_400,
            ChunkSequencer.State.NEW),
        new float[samples]);
  }
}
