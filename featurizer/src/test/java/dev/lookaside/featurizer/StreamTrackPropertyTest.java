package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.ProgressBytes;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class StreamTrackPropertyTest {
  private static final double NO_GATE = Double.NEGATIVE_INFINITY;
  private static final float[][] NO_ROWS = {{}};

  @Test
  void anyChunkingGivesTheWindowsOfTheWholeClip() {
    forAll(
        60,
        scene -> {
          scene.cut(false);
          List<MelWindow> whole = ClipWindows.of(new Pcm(scene.rateHz, scene.signal), scene.spec);
          assertSameFeatures(Scene.windows(scene.readFrom(0, NO_GATE)), whole);
        });
  }

  @Test
  void windowsAreTheFramesOfTheWholeClip() {
    forAll(
        40,
        scene -> {
          FrontEnd frontEnd = scene.spec.frontEnd();
          LogMel logMel = LogMel.of(frontEnd);
          Resampler resampler = Resampler.of(scene.rateHz, frontEnd.rateHz());
          float[] frames = logMel.clip(resampler.clip(scene.signal));
          int count = frames.length / frontEnd.mels();
          List<MelWindow> windows = ClipWindows.of(new Pcm(scene.rateHz, scene.signal), scene.spec);
          int whole =
              Math.max(
                  0, Math.floorDiv(count - scene.spec.windowFrames(), scene.spec.hopFrames()) + 1);
          int covered =
              whole == 0 ? 0 : (whole - 1) * scene.spec.hopFrames() + scene.spec.windowFrames();
          assertThat(windows).hasSize(whole + (count > covered ? 1 : 0));
          for (MelWindow window : windows) {
            int first = (int) window.index() * scene.spec.hopFrames();
            assertThat(window.validFrames()).isEqualTo(Math.min(window.frames(), count - first));
            for (int i = 0; i < window.frames(); i++) {
              int at = (first + i) * frontEnd.mels();
              float[] expected =
                  i < window.validFrames()
                      ? Arrays.copyOfRange(frames, at, at + frontEnd.mels())
                      : new float[frontEnd.mels()];
              assertThat(window.rows()[i]).isEqualTo(expected);
            }
          }
        });
  }

  /** The promise that resuming rests on, for every state that a track is ever in. */
  @Test
  void goingOnFromAnyStateGivesTheVeryEventsThatFollowed() {
    forAll(
        80,
        scene -> {
          scene.cut(true);
          double gateDbfs = -30;
          List<StreamTrack.Event> all = scene.readFrom(0, gateDbfs);
          for (int i = 0; i < all.size(); i += 1 + all.size() / 12) {
            StreamTrack.State state = copy(all.get(i).after());
            assertThat(state.resumeOffset()).isLessThanOrEqualTo(state.throughOffset() + 1);
            List<StreamTrack.Event> rest = scene.read(state, gateDbfs, 0, 0);
            // Ends that were taken already are given again: they change nothing.
            int repeated = rest.size() - (all.size() - i - 1);
            for (StreamTrack.Event again : rest.subList(0, repeated)) {
              assertThat(((StreamTrack.Boundary) again).counts()).isEqualTo(Counts.NONE);
              assertThat(((StreamTrack.Boundary) again).segmentEnded()).isFalse();
            }
            for (int j = 0; j + repeated < rest.size(); j++) {
              assertSame(rest.get(j + repeated), all.get(i + 1 + j));
            }
          }
        });
  }

  @Test
  void recordsDeletedMeanwhileCostTheirSegmentItsRestAndNothingElse() {
    forAll(
        80,
        scene -> {
          scene.cut(true);
          List<StreamTrack.Event> all = scene.readFrom(0, NO_GATE);
          for (int i = 0; i < all.size(); i += 1 + all.size() / 12) {
            StreamTrack.State state = copy(all.get(i).after());
            long until = state.resumeOffset() + (i % 5) * 4L;
            Totals totals = new Totals();
            all.subList(0, i + 1).forEach(totals::add);
            scene.read(state, NO_GATE, state.resumeOffset(), until).forEach(totals::add);
            totals.assertClosed();
          }
        });
  }

  @Test
  void readingFromAnyRecordMakesNoWindowThatTheWholeStreamHasNot() {
    forAll(
        60,
        scene -> {
          scene.cut(false);
          List<MelWindow> all = Scene.windows(scene.readFrom(0, NO_GATE));
          Set<List<Object>> keys = new HashSet<>();
          all.forEach(window -> keys.add(key(window)));
          for (int i = 0; i < scene.entries.size(); i += 1 + scene.entries.size() / 6) {
            long recordOffset = scene.entries.get(i).recordOffset();
            List<MelWindow> part = Scene.windows(scene.readFrom(recordOffset, NO_GATE));
            assertThat(part).allSatisfy(window -> assertThat(keys).contains(key(window)));
            assertSameFeatures(part, all.subList(all.size() - part.size(), all.size()));
          }
        });
  }

  @Test
  void accountingClosesToZeroUnderLossRepeatsPoisonAndNewRates() {
    forAll(
        200,
        scene -> {
          scene.cut(true);
          Totals totals = new Totals();
          scene.readFrom(0, -30).forEach(totals::add);
          totals.assertClosed();
          assertThat(totals.gaps)
              .isEqualTo(totals.sum(Counts::gapSamples) + totals.sum(Counts::rejectedSamples));
          assertThat(totals.sum(Counts::receivedSamples) + totals.sum(Counts::gapSamples))
              .isLessThanOrEqualTo(scene.signal.length);
        });
  }

  /** The accounting of a stream, as whoever scores its windows keeps it. */
  private static final class Totals {
    private final TreeMap<Integer, Counts> byRate = new TreeMap<>();
    private long gaps;

    void add(StreamTrack.Event event) {
      if (event instanceof StreamTrack.Window w) {
        long fresh = w.window().freshSamples();
        add(w.window().rateHz(), w.silent() ? Counts.skipped(fresh) : Counts.windowed(fresh));
      } else if (event instanceof StreamTrack.Boundary b) {
        add(b.rateHz(), b.counts());
        for (StreamTrack.Gap gap : b.gaps()) {
          gaps += gap.span().lengthSamples();
          assertThat(gap.until()).isAfterOrEqualTo(gap.from());
        }
      }
    }

    private void add(int rateHz, Counts counts) {
      byRate.merge(rateHz, counts, Counts::plus);
    }

    long sum(ToLongFunction<Counts> what) {
      return byRate.values().stream().mapToLong(what).sum();
    }

    void assertClosed() {
      byRate.forEach(
          (rate, counts) -> assertThat(counts.pendingSamples()).as("at %d Hz", rate).isZero());
    }
  }

  /** Through bytes, as between two processes. */
  private static StreamTrack.State copy(StreamTrack.State state) {
    ProgressBytes.Writer out = new ProgressBytes.Writer();
    state.write(out);
    ProgressBytes.Reader in = new ProgressBytes.Reader(out.toByteArray());
    StreamTrack.State copy = StreamTrack.State.read(in);
    assertThat(in.atEnd()).isTrue();
    assertThat(copy).isEqualTo(state);
    return copy;
  }

  private static void assertSame(StreamTrack.Event found, StreamTrack.Event expected) {
    if (expected instanceof StreamTrack.Window e && found instanceof StreamTrack.Window f) {
      assertThat(f.silent()).isEqualTo(e.silent());
      assertThat(f.after()).isEqualTo(e.after());
      assertThat(withoutRows(f.window())).isEqualTo(withoutRows(e.window()));
      assertSameFeatures(List.of(f.window()), List.of(e.window()));
    } else {
      assertThat(found).isEqualTo(expected);
    }
  }

  private static MelWindow withoutRows(MelWindow w) {
    return new MelWindow(
        w.stream(),
        w.epoch(),
        w.index(),
        1,
        NO_ROWS,
        w.rateHz(),
        w.span(),
        w.freshSamples(),
        w.captureTime(),
        w.capturedUntil(),
        w.logTimeMillis(),
        w.firstRecordOffset(),
        w.lastRecordOffset(),
        w.segmentStart());
  }

  private static void forAll(int cases, Consumer<Scene> property) {
    SeededRandom.forAll(
        StreamTrackPropertyTest.class,
        cases,
        (RandomGenerator random) -> property.accept(new Scene(random)));
  }

  private static List<Object> key(MelWindow window) {
    return List.of(window.epoch(), window.index());
  }

  private static void assertSameFeatures(List<MelWindow> found, List<MelWindow> expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < found.size(); i++) {
      MelWindow f = found.get(i);
      MelWindow e = expected.get(i);
      assertThat(f.index()).isEqualTo(e.index());
      assertThat(f.validFrames()).isEqualTo(e.validFrames());
      assertThat(f.span()).isEqualTo(e.span());
      assertThat(Arrays.deepEquals(f.rows(), e.rows())).as("rows of window %d", f.index()).isTrue();
    }
  }
}
