package dev.lookaside.ingest.send;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.audio.Pcm;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class SceneComposerTest {
  private static final int RATE_HZ = 8000;

  private static LabelledClip clip(String label, int samples, float level) {
    float[] out = new float[samples];
    for (int i = 0; i < samples; i++) {
      out[i] = i % 2 == 0 ? level : -level;
    }
    return new LabelledClip(label, new Pcm(RATE_HZ, out));
  }

  private static List<LabelledClip> clips() {
    return List.of(
        clip("drum", 800, 0.5f),
        clip("drum", 1200, 0.1f),
        clip("fire", 6000, 0.3f),
        clip("water", 3000, 0.9f));
  }

  private static Pcm ramp() {
    float[] bed = new float[5000];
    for (int i = 0; i < bed.length; i++) {
      bed[i] = (i - 2500) / 5000f;
    }
    return new Pcm(RATE_HZ, bed);
  }

  private static SceneSettings settings(double seconds, double overlap) {
    return new SceneSettings(seconds, 0.2, 1.0, 10, 20, overlap, 0.01);
  }

  @Test
  void digitalSilenceThatFillsAClipUpIsNoPartOfTheSound() {
    float[] filled = new float[8000];
    for (int i = 1000; i < 5000; i++) {
      filled[i] = i % 2 == 0 ? 0.1f : -0.1f;
    }
    filled[3000] = 0;
    LabelledClip cut = LabelledClip.sounding("drum", new Pcm(RATE_HZ, filled));
    assertThat(cut.pcm().samples()).isEqualTo(Arrays.copyOfRange(filled, 1000, 5000));
    // Shorter than 0.1 s it may be the sound's own.
    float[] nearly = Arrays.copyOfRange(filled, 201, 5799);
    assertThat(LabelledClip.sounding("drum", new Pcm(RATE_HZ, nearly)).pcm().samples())
        .isEqualTo(nearly);
    float[] silent = new float[900];
    assertThat(LabelledClip.sounding("drum", new Pcm(RATE_HZ, silent)).pcm().samples())
        .isEqualTo(silent);
  }

  @Test
  void sameSeedGivesTheSameBytesAndAnotherSeedOthers() {
    SceneComposer composer = new SceneComposer(settings(20, 0.5), clips(), null);
    Scene first = composer.compose(7);
    Scene again = new SceneComposer(settings(20, 0.5), clips(), null).compose(7);
    assertThat(again.audio().samples()).isEqualTo(first.audio().samples());
    assertThat(again.events()).isEqualTo(first.events());
    assertThat(composer.compose(8).audio().samples()).isNotEqualTo(first.audio().samples());
  }

  @Test
  void theBytesOfASeedAreFixedForEver() {
    Scene scene = new SceneComposer(settings(5, 0.5), clips(), null).compose(42);
    ByteBuffer bytes = ByteBuffer.allocate(4 * scene.audio().lengthSamples());
    for (float x : scene.audio().samples()) {
      bytes.putFloat(x);
    }
    CRC32 crc = new CRC32();
    crc.update(bytes.array());
    assertThat(Long.toHexString(crc.getValue())).isEqualTo("c88c6a4c");
  }

  @Test
  void noEventIsCutAndEventsOfOneLabelStayApart() {
    SeededRandom.forAll(
        SceneComposerTest.class,
        100,
        random -> {
          double seconds = 1 + random.nextInt(30);
          double overlap = random.nextDouble();
          Scene scene =
              new SceneComposer(settings(seconds, overlap), clips(), ramp())
                  .compose(random.nextLong());
          assertThat(scene.audio().lengthSamples()).isEqualTo((int) (seconds * RATE_HZ));
          List<LabelledEvent> seen = new ArrayList<>();
          for (LabelledEvent e : scene.events()) {
            assertThat(e.offsetSeconds()).isLessThanOrEqualTo(seconds);
            assertThat((e.offsetSeconds() - e.onsetSeconds()) * RATE_HZ)
                .isCloseTo(
                    Math.round((e.offsetSeconds() - e.onsetSeconds()) * RATE_HZ),
                    org.assertj.core.data.Offset.offset(1e-6));
            for (LabelledEvent earlier : seen) {
              if (earlier.label().equals(e.label())) {
                assertThat(e.onsetSeconds())
                    .isGreaterThanOrEqualTo(earlier.offsetSeconds() + 0.2 - 1.0 / RATE_HZ);
              }
            }
            seen.add(e);
          }
        });
  }

  @Test
  void withoutOverlapEventsComeOneAfterTheOtherAndEveryLabelIsHeard() {
    Scene scene = new SceneComposer(settings(60, 0), clips(), null).compose(3);
    double end = 0;
    for (LabelledEvent e : scene.events()) {
      assertThat(e.onsetSeconds()).isGreaterThanOrEqualTo(end + 0.2 - 1.0 / RATE_HZ);
      end = e.offsetSeconds();
    }
    assertThat(scene.events()).extracting(LabelledEvent::label).contains("drum", "fire", "water");
    assertThat(scene.events()).hasSizeGreaterThan(20);
  }

  @Test
  void overlapHappensWhenAskedFor() {
    Scene scene = new SceneComposer(settings(60, 0.9), clips(), null).compose(3);
    boolean overlaps = false;
    double end = 0;
    for (LabelledEvent e : scene.events()) {
      overlaps |= e.onsetSeconds() < end;
      end = Math.max(end, e.offsetSeconds());
    }
    assertThat(overlaps).isTrue();
  }

  @Test
  void onsetsAreExactAndLoudnessIsTheAskedOne() {
    SceneSettings fixed = new SceneSettings(10, 0.5, 0.5, 20, 20, 0, 0.01);
    Pcm quiet = new Pcm(RATE_HZ, filled(4000, 0.5f));
    Scene scene = new SceneComposer(fixed, List.of(clip("drum", 1600, 0.25f)), quiet).compose(1);
    float[] x = scene.audio().samples();
    for (LabelledEvent e : scene.events()) {
      int on = (int) Math.round(e.onsetSeconds() * RATE_HZ);
      int off = (int) Math.round(e.offsetSeconds() * RATE_HZ);
      assertThat(x[on - 1]).isBetween(0.0099f, 0.0142f);
      assertThat((x[on] - x[on + 1]) / 2).isBetween(0.097f, 0.103f);
      assertThat((x[off - 2] - x[off - 1]) / 2).isBetween(0.097f, 0.103f);
      assertThat(x[off]).isBetween(0.0099f, 0.0142f);
    }
  }

  private static float[] filled(int samples, float value) {
    float[] out = new float[samples];
    Arrays.fill(out, value);
    return out;
  }

  @Test
  void loudScenesStayWithinFullScale() {
    SceneSettings loud = new SceneSettings(20, 0, 0.1, 40, 40, 1, 0.1);
    for (float x : new SceneComposer(loud, clips(), null).compose(5).audio().samples()) {
      assertThat(Math.abs(x)).isLessThanOrEqualTo(0.991f);
    }
  }

  @Test
  void theMadeUpBackgroundFallsWithFrequencyAndKeepsItsLevel() {
    Pcm noise = BackgroundNoise.pink(11, 16_000, 10);
    float[] x = noise.samples();
    double low = 0;
    double high = 0;
    for (int i = 1; i < x.length; i++) {
      low += Math.pow(x[i] + x[i - 1], 2);
      high += Math.pow(x[i] - x[i - 1], 2);
    }
    assertThat(low / high).as("power below over above 4 kHz").isGreaterThan(3);
    assertThat(BackgroundNoise.pink(11, 16_000, 10).samples()).isEqualTo(x);
  }

  @Test
  void badArgumentsAreNamed() {
    assertThatThrownBy(() -> new SceneComposer(settings(1, 0), List.of(), null))
        .isInstanceOf(IngestException.class)
        .hasMessage("clips \"0\": must be 1 or more");
    LabelledClip other = new LabelledClip("bell", new Pcm(16_000, new float[] {1}));
    List<LabelledClip> mixed = List.of(clip("drum", 10, 1), other);
    assertThatThrownBy(() -> new SceneComposer(settings(1, 0), mixed, null))
        .hasMessage("rate of clip bell \"16000\": must be 8000 like the other sounds'");
    List<LabelledClip> silent = List.of(clip("drum", 10, 0));
    assertThatThrownBy(() -> new SceneComposer(settings(1, 0), silent, null))
        .hasMessage("clip \"drum\": must not be silent");
    assertThatThrownBy(() -> settings(Double.NaN, 0)).hasMessageStartingWith("seconds \"NaN\"");
    assertThatThrownBy(() -> settings(1, 1.5))
        .hasMessage("overlapProbability \"1.5\": must be 0.0 to 1.0");
    assertThatThrownBy(() -> new LabelledClip(" ", new Pcm(1, new float[1])))
        .hasMessage("label \" \": must not be blank");
    assertThatThrownBy(() -> new LabelledEvent("x", 2, 1)).hasMessageContaining("before offset");
  }

  /** They are as loud as events, and no event says so. */
  @Test
  void distractorsSoundWithoutBeingEvents() {
    Pcm distractor = clip("none", 2000, 0.4f).pcm();
    SceneSettings settings = new SceneSettings(20, 0.5, 1.0, 30, 30, 0, 0.001);
    SeededRandom.forAll(
        SceneComposerTest.class,
        50,
        random -> {
          long seed = random.nextLong();
          Scene scene =
              new SceneComposer(settings, clips(), ramp(), List.of(distractor), 0.5).compose(seed);
          int events = 0;
          for (LabelledEvent e : scene.events()) {
            events += (int) Math.round((e.offsetSeconds() - e.onsetSeconds()) * RATE_HZ);
          }
          int loud = 0;
          for (float x : scene.audio().samples()) {
            loud += Math.abs(x) > 0.01 ? 1 : 0;
          }
          assertThat(loud - events).isPositive();
          assertThat((loud - events) % 2000).isZero();
        });
  }

  @Test
  void withoutDistractorsTheBytesAreThoseOfAComposerThatKnowsNone() {
    Scene scene = new SceneComposer(settings(5, 0.5), clips(), null, List.of(), 0.5).compose(42);
    assertThat(scene.audio().samples())
        .isEqualTo(
            new SceneComposer(settings(5, 0.5), clips(), null).compose(42).audio().samples());
  }

  @Test
  void distractorsAreCheckedAsClipsAre() {
    Pcm slow = new Pcm(RATE_HZ / 2, new float[] {1, -1});
    assertThatThrownBy(() -> new SceneComposer(settings(5, 0), clips(), null, List.of(slow), 0.5))
        .isInstanceOf(IngestException.class)
        .hasMessage("rate of distractor \"4000\": must be 8000 like the other sounds'");
    Pcm silent = new Pcm(RATE_HZ, new float[10]);
    assertThatThrownBy(() -> new SceneComposer(settings(5, 0), clips(), null, List.of(silent), 0.5))
        .hasMessage("distractor: must not be silent");
    assertThatThrownBy(() -> new SceneComposer(settings(5, 0), clips(), null, List.of(), 1))
        .hasMessageContaining("distractorShare \"1.0\"");
  }
}
