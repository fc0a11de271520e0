package dev.lookaside.classifier.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.weights.FloatTensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpsTest {
  private static final Shape ROWS = Shape.perWindow(6, 4);
  private static final Shape CUBE = Shape.perWindow(1, 6, 4);

  @Test
  void shapesFollowTheOperation() {
    gives(ROWS, new Ops.Add(), ROWS, ROWS);
    gives(ROWS, new Ops.Add(), ROWS, Shape.fixed(4));
    gives(CUBE, new Ops.Mul(), CUBE, Shape.fixed(1));
    gives(CUBE, new Ops.Add(), CUBE, Shape.fixed(6, 4));
    gives(ROWS, new Ops.Gelu(), ROWS);
    gives(ROWS, new Ops.Softmax(), ROWS);
    gives(ROWS, new Ops.LayerNorm(1e-6f), ROWS, Shape.fixed(4), Shape.fixed(4));
    gives(Shape.perWindow(6, 9), new Ops.Gemm(false), ROWS, Shape.fixed(4, 9));
    gives(Shape.perWindow(6, 9), new Ops.Gemm(true), ROWS, Shape.fixed(9, 4), Shape.fixed(9));
    gives(
        Shape.perWindow(1, 2, 6, 6),
        new Ops.MatMul(),
        Shape.perWindow(1, 2, 6, 4),
        Shape.perWindow(1, 2, 4, 6));
    gives(Shape.perWindow(1, 3, 4), new Ops.MatMul(), Shape.fixed(3, 6), CUBE);
    gives(CUBE, new Ops.Reshape(CUBE), ROWS);
    gives(Shape.perWindow(1, 4, 6), new Ops.Transpose(0, 2, 1), CUBE);
    gives(Shape.perWindow(1, 6, 8), new Ops.Concat(2), CUBE, CUBE);
    gives(Shape.perWindow(1, 2, 4), new Ops.Slice(1, 3, 5), CUBE);
    gives(Shape.perWindow(1, 2, 1, 4), new Ops.Gather(1, new int[] {2, 1}, new int[] {5, 0}), CUBE);
    gives(Shape.perWindow(1, 9, 4), new Ops.Pad(1, 1, 2), CUBE);
    gives(Shape.perWindow(1, 4), new Ops.ReduceSum(1), CUBE);
    gives(ROWS, new Ops.Mul(), ROWS, Shape.perWindow(6, 1));
  }

  @Test
  void sumsOverWindowsAreOfAFixedShape() {
    gives(Shape.fixed(4), new ReverseOps.SumOver(0), ROWS);
    gives(Shape.fixed(6), new ReverseOps.SumOver(0, 2), CUBE);
    gives(Shape.perWindow(1, 4), new ReverseOps.SumOver(1), CUBE);
    gives(Shape.fixed(4, 9), new ReverseOps.OuterSum(), ROWS, Shape.perWindow(6, 9));
    gives(Shape.perWindow(6, 1), new ReverseOps.Mean(), ROWS);
    refuses(new ReverseOps.SumOver(), CUBE);
    refuses(new ReverseOps.SumOver(1, 1), CUBE);
    refuses(new ReverseOps.OuterSum(), ROWS, Shape.fixed(6, 9));
    refuses(new ReverseOps.Mean(), Shape.perWindow(3));
  }

  @Test
  void whatCannotBeTakenIsRefused() {
    refuses(new Ops.Add(), ROWS, Shape.fixed(5));
    refuses(new Ops.Add(), ROWS, Shape.fixed(6, 4));
    refuses(new Ops.Add(), Shape.fixed(6, 4), ROWS);
    refuses(new Ops.Add(), ROWS, Shape.perWindow(1, 4));
    refuses(new Ops.Add(), CUBE, Shape.perWindow(6, 4));
    refuses(new Ops.LayerNorm(1e-6f), ROWS, Shape.fixed(4), Shape.fixed(6));
    refuses(new Ops.Gemm(false), ROWS, Shape.fixed(9, 4));
    refuses(new Ops.Gemm(false), ROWS, Shape.fixed(4, 9), Shape.fixed(4));
    refuses(new Ops.MatMul(), CUBE, CUBE);
    refuses(new Ops.Reshape(Shape.perWindow(5, 4)), ROWS);
    refuses(new Ops.Reshape(Shape.fixed(6, 4)), ROWS);
    refuses(new Ops.Transpose(1, 0, 2), CUBE);
    refuses(new Ops.Transpose(0, 1, 1), CUBE);
    refuses(new Ops.Concat(0), ROWS, ROWS);
    refuses(new Ops.Slice(0, 0, 1), ROWS);
    refuses(new Ops.Slice(1, 2, 5), ROWS);
    refuses(new Ops.Gather(1, new int[] {1}, new int[] {6}), CUBE);
    refuses(new Ops.Pad(0, 1, 0), ROWS);
    refuses(new Ops.ReduceSum(0), ROWS);
    assertThatThrownBy(() -> Shape.fixed(0)).isInstanceOf(ShapeException.class);
  }

  @Test
  void aGraphTakesOnlyItsOwnValuesAndEachNameOnce() {
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Shape.perWindow(1, 4));
    Value stranger = new GraphBuilder().input("x", Shape.perWindow(1, 4));
    assertThatThrownBy(() -> g.apply("y", new Ops.Gelu(), stranger))
        .hasMessageContaining("x is no value of this graph");
    assertThatThrownBy(() -> g.input("x", Shape.fixed(1))).hasMessageContaining("name is taken");
    assertThatThrownBy(() -> g.input("z", Shape.perWindow(2, 1)))
        .hasMessageContaining("first size must be 1");
    FloatTensor w = FloatTensor.of(new int[] {4}, new float[4]);
    assertThat(g.weight("w", w)).isSameAs(g.weight("w", w));
    assertThatThrownBy(g::build).hasMessageContaining("needs an output");
    g.output(g.apply("y", new Ops.Add(), x, g.weight("w", w)));
    assertThat(g.build().nodes()).hasSize(1);
  }

  private static void gives(Shape expected, Op op, Shape... in) {
    assertThat(op.shapeOf(List.of(in))).as(op.onnxName()).isEqualTo(expected);
  }

  private static void refuses(Op op, Shape... in) {
    assertThatThrownBy(() -> op.shapeOf(List.of(in)))
        .as(op.onnxName())
        .isInstanceOf(ShapeException.class);
  }
}
