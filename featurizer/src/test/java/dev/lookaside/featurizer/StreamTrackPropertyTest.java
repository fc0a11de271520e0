package dev.lookaside.featurizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class StreamTrackPropertyTest {
  private static final double NO_GATE = Double.NEGATIVE_INFINITY;

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

  /** The promise that settling rests on: nothing older than resumeOffset is needed, ever. */
  @Test
  void readingAgainFromAResumeOffsetGivesThatWindowAndExactlyTheLaterOnes() {
    forAll(
        60,
        scene -> {
          scene.cut(true);
          List<MelWindow> all = Scene.windows(scene.readFrom(0, NO_GATE));
          for (int i = 0; i < all.size(); i += 1 + all.size() / 8) {
            List<MelWindow> again =
                Scene.windows(scene.readFrom(all.get(i).resumeOffset(), NO_GATE));
            int from = 0;
            while (!key(again.get(from)).equals(key(all.get(i)))) {
              from++;
            }
            assertSameFeatures(again.subList(from, again.size()), all.subList(i, all.size()));
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
  void accountingClosesToZeroUnderLossRepeatsAndPoison() {
    forAll(
        100,
        scene -> {
          scene.cut(true);
          double gateDbfs = -30;
          Counts counts = Counts.NONE;
          long gaps = 0;
          long unheard = 0;
          long segments = 0;
          long fresh = 0;
          for (StreamFeaturizer.Event event : scene.readFrom(0, gateDbfs)) {
            if (event instanceof StreamFeaturizer.Counted counted) {
              counts = counts.plus(counted.delta());
            } else if (event instanceof StreamFeaturizer.Gap gap) {
              gaps += gap.span().lengthSamples();
              assertThat(gap.until()).isAfterOrEqualTo(gap.from());
            } else if (event instanceof StreamFeaturizer.SegmentEnded ended) {
              unheard += ended.unheardSamples();
              segments += ended.span().lengthSamples();
            } else if (event instanceof StreamFeaturizer.WindowReady ready) {
              fresh += ready.window().freshSamples();
            }
          }
          assertThat(counts.pendingSamples()).isZero();
          assertThat(counts.windowedSamples()).isEqualTo(fresh);
          assertThat(counts.unheardSamples()).isEqualTo(unheard);
          assertThat(counts.gapSamples() + counts.rejectedSamples()).isEqualTo(gaps);
          assertThat(counts.receivedSamples()).isEqualTo(segments + counts.rejectedSamples());
          assertThat(counts.receivedSamples() + counts.gapSamples())
              .isLessThanOrEqualTo(scene.signal.length);
        });
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
