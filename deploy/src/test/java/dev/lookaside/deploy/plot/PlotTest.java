package dev.lookaside.deploy.plot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SeededRandom;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlotTest {
  private static final List<String> LABELS =
      List.of("water", "footstep", "metal / ceramic collision", "speech", "engine");

  @TempDir private Path folder;

  @Test
  void writesAPngOfTheAskedWidth() throws Exception {
    Path file = folder.resolve("scene.png");
    Plot.write(scene(20, List.of(new Scene.Event("water", 2, 9.5, 0.93))), 1600, file);
    BufferedImage image = ImageIO.read(file.toFile());
    assertThat(image.getWidth()).isEqualTo(1600);
    assertThat(image.getHeight()).isBetween(700, 1200);
  }

  @Test
  void theSameSceneGivesTheSamePixels() {
    Scene scene = scene(4, List.of(new Scene.Event("speech", 1, 2, 0.8)));
    assertThat(pixels(Plot.draw(scene, 1000))).isEqualTo(pixels(Plot.draw(scene, 1000)));
  }

  @Test
  void anEventIsDrawnInItsClassColourAtItsTime() {
    BufferedImage with = Plot.draw(scene(20, List.of(new Scene.Event("engine", 5, 10, 0.9))), 1600);
    BufferedImage without = Plot.draw(scene(20, List.of()), 1600);
    // Width 1600: 20 s lie between the pixels 104 and 1276, the only row of events near the bottom.
    int row = with.getHeight() - 62 - 13;
    int bar = with.getRGB(104 + (int) (9.8 / 20 * 1172), row);
    assertThat(bar).isEqualTo(Palette.ofClass(0).getRGB());
    assertThat(without.getRGB(104 + (int) (9.8 / 20 * 1172), row)).isNotEqualTo(bar);
    assertThat(with.getRGB(104 + (int) (11.0 / 20 * 1172), row)).isNotEqualTo(bar);
  }

  @Test
  void noFrameNoEventAndUnheardTimeAreDrawnToo() {
    Scene empty =
        new Scene(
            "short.wav",
            "",
            0.01,
            FrontEnd.AST_FBANK,
            new float[0][],
            LABELS,
            thresholds(),
            new Scene.Curve(0, 0.16, new float[0][]),
            List.of());
    assertThat(Plot.draw(empty, 800).getWidth()).isEqualTo(800);
    float[][] unreadable = new float[12][LABELS.size()];
    Arrays.fill(unreadable[3], Float.NaN);
    Scene gap =
        new Scene(
            "gap.wav",
            "",
            2,
            FrontEnd.EPIC_LOGMEL,
            new float[1][128],
            LABELS,
            thresholds(),
            new Scene.Curve(0, 0.16, unreadable),
            List.of());
    assertThat(Plot.draw(gap, 800).getWidth()).isEqualTo(800);
  }

  @Test
  void tooNarrowIsRefusedByName() {
    assertThatThrownBy(() -> Plot.draw(scene(1, List.of()), 10))
        .hasMessage("width \"10\": must be in 800..16000");
  }

  @Test
  void ticksNeverCrowdWhateverTheLength() {
    for (double seconds : new double[] {0.05, 0.7, 3, 12.4, 61, 119, 600, 5000, 90_000, 900_000}) {
      TimeAxis axis = new TimeAxis(100, 1300, seconds);
      Set<String> labels = new HashSet<>();
      axis.ticks().forEach(tick -> labels.add(axis.label(tick)));
      assertThat(labels).as("labels for %s s", seconds).hasSize(axis.ticks().size());
      assertThat(axis.ticks().size()).as("ticks for %s s", seconds).isBetween(2, 15);
    }
  }

  @Test
  void theColourMapGrowsLighter() {
    double before = -1;
    for (int i = 0; i <= 100; i++) {
      int rgb = Palette.level(i / 100.0);
      double light = 0.2126 * (rgb >> 16 & 255) + 0.7152 * (rgb >> 8 & 255) + 0.0722 * (rgb & 255);
      assertThat(light).isGreaterThan(before);
      before = light;
    }
  }

  private static Scene scene(double seconds, List<Scene.Event> events) {
    RandomGenerator random = SeededRandom.of(7);
    int frames = (int) (seconds * 100) - 2;
    float[][] mel = new float[frames][128];
    for (int t = 0; t < frames; t++) {
      for (int f = 0; f < 128; f++) {
        double tone = 9 * Math.exp(-Math.pow((f - 40 - 25 * Math.sin(t / 60.0)) / 4, 2));
        mel[t][f] = (float) (-11 + tone + random.nextGaussian() - f / 40.0);
      }
    }
    List<float[]> values = new ArrayList<>();
    for (int i = 0; i < seconds / 0.16; i++) {
      float[] point = new float[LABELS.size()];
      for (int c = 0; c < point.length; c++) {
        point[c] = (float) Math.pow(0.5 + 0.5 * Math.sin(i / (7.0 + 3 * c) + c), 2 + c);
      }
      values.add(point);
    }
    return new Scene(
        "kitchen.wav",
        "20.0 s at 16000 Hz, ast-fbank, windows of 128 frames every 16, adapter 3f2a91c0d7",
        seconds,
        FrontEnd.AST_FBANK,
        mel,
        LABELS,
        thresholds(),
        new Scene.Curve(0.08, 0.16, values.toArray(float[][]::new)),
        events);
  }

  private static float[] thresholds() {
    return new float[] {0.5f, 0.6f, 0.45f, 0.5f, 0.7f};
  }

  private static int[] pixels(BufferedImage image) {
    return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
  }
}
