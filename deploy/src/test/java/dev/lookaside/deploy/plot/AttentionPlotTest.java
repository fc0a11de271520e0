package dev.lookaside.deploy.plot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.infer.AttentionMap;
import dev.lookaside.featurizer.FrontEnd;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

class AttentionPlotTest {
  /** One quiet window of 8 x 8 patches; all of the attention is on one patch. */
  @Test
  void thePatchThatIsLookedAtIsTinted() {
    BufferedImage image = AttentionPlot.draw(scene(1, 6), 1000);
    // Width 1000: the map lies between the pixels 104 and 876, its upper edge at 374, 330 high.
    assertThat(image.getRGB(x(6), y(1)) & 0xffffff).isEqualTo(Palette.tinted(1, 1));
    assertThat(image.getRGB(x(5), y(1)) & 0xffffff).isEqualTo(0xffffff);
    assertThat(image.getRGB(x(6), y(2)) & 0xffffff).isEqualTo(0xffffff);
  }

  @Test
  void aTintOnlyTakesAwayLight() {
    for (int shift = 16; shift >= 0; shift -= 8) {
      int none = Palette.tinted(0.8, 0) >> shift & 0xff;
      assertThat(none).isEqualTo(204);
      assertThat(Palette.tinted(0.8, 1) >> shift & 0xff).isLessThan(none);
    }
  }

  private static int x(int column) {
    return 104 + (int) ((column + 0.5) / 8 * 772);
  }

  private static int y(int row) {
    return 374 + (int) ((7 - row + 0.5) / 8 * 330);
  }

  private static AttentionScene scene(int row, int column) {
    float[][] mel = new float[128][128];
    float[][][] heads = new float[1][8][8];
    heads[0][row][column] = 0.5f;
    Scene clip =
        new Scene(
            "a.wav",
            "",
            1.3,
            FrontEnd.AST_FBANK,
            mel,
            List.of(),
            new float[0],
            new Scene.Curve(0, 1, new float[0][]),
            List.of());
    AttentionScene.View view =
        new AttentionScene.View(
            "adapter",
            "",
            0.0075,
            FrontEnd.AST_FBANK,
            mel,
            16,
            new AttentionMap(heads, new float[] {0.5f}),
            new AttentionScene.Query(2, -1));
    return new AttentionScene(clip, 0.4, List.of(view), false);
  }
}
