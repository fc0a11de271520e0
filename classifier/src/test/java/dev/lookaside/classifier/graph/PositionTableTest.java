package dev.lookaside.classifier.graph;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PositionTableTest {
  /** The cuts of AST's recipes: a 24 x 24 picture table to 8 x 8 cells takes 8..15 of each axis. */
  @Test
  void anAxisThatShrinksIsCutAroundItsCentre() {
    float[] cut = PositionTable.resize(numbered(24, 24), 24, 24, 1, 8, 8);
    assertThat(cut[0]).isEqualTo(8 * 24 + 8);
    assertThat(cut[63]).isEqualTo(15 * 24 + 15);
    float[] odd = PositionTable.resize(numbered(12, 101), 12, 101, 1, 12, 50);
    assertThat(odd[0]).isEqualTo(25);
    assertThat(odd[49]).isEqualTo(74);
  }

  /** torch.nn.functional.interpolate([0, 10, 20], size=5, mode="bilinear") along one axis. */
  @Test
  void anAxisThatGrowsIsStretchedAsTorchDoes() {
    float[] wide = PositionTable.resize(new float[] {0, 10, 20}, 1, 3, 1, 1, 5);
    assertThat(wide).containsExactly(new float[] {0, 4, 10, 16, 20}, within());
    float[] tall = PositionTable.resize(new float[] {0, 10, 20}, 3, 1, 1, 5, 1);
    assertThat(tall).containsExactly(new float[] {0, 4, 10, 16, 20}, within());
  }

  @Test
  void theSameGridIsTheSameTable() {
    float[] table = numbered(8, 8);
    assertThat(PositionTable.resize(table, 8, 8, 1, 8, 8)).containsExactly(table);
  }

  private static org.assertj.core.data.Offset<Float> within() {
    return org.assertj.core.data.Offset.offset(1e-5f);
  }

  private static float[] numbered(int rows, int columns) {
    float[] t = new float[rows * columns];
    for (int i = 0; i < t.length; i++) {
      t[i] = i;
    }
    return t;
  }
}
