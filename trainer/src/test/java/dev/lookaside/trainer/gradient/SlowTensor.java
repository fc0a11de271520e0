package dev.lookaside.trainer.gradient;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.ToDoubleFunction;

/** A dense tensor in double precision; every access goes by its full index. */
record SlowTensor(int[] shape, double[] data) {
  SlowTensor {
    int n = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (data.length != n) {
      throw new IllegalArgumentException(Arrays.toString(shape) + " with " + data.length);
    }
  }

  static SlowTensor of(int[] shape, ToDoubleFunction<int[]> values) {
    double[] data = new double[Arrays.stream(shape).reduce(1, Math::multiplyExact)];
    int[] at = new int[shape.length];
    for (int i = 0; i < data.length; i++) {
      data[i] = values.applyAsDouble(at);
      for (int a = shape.length - 1; a >= 0 && ++at[a] == shape[a]; a--) {
        at[a] = 0;
      }
    }
    return new SlowTensor(shape, data);
  }

  static int[] moved(int[] at, int axis, int by) {
    int[] from = at.clone();
    from[axis] += by;
    return from;
  }

  double at(int... index) {
    int i = 0;
    for (int a = 0; a < shape.length; a++) {
      i = i * shape[a] + index[a];
    }
    return data[i];
  }

  SlowTensor map(DoubleUnaryOperator f) {
    return new SlowTensor(shape, Arrays.stream(data).map(f).toArray());
  }

  /** Value by value; axes that {@code b} lacks, or has with size 1, repeat it. */
  SlowTensor with(SlowTensor b, DoubleBinaryOperator f) {
    int lead = shape.length - b.shape.length;
    return of(
        shape,
        at -> {
          int[] from = Arrays.copyOfRange(at, lead, at.length);
          for (int a = 0; a < from.length; a++) {
            from[a] = b.shape[a] == 1 ? 0 : from[a];
          }
          return f.applyAsDouble(at(at), b.at(from));
        });
  }

  /** One value per entry of all axes but the last, which keeps size 1. */
  SlowTensor perRow(ToDoubleFunction<double[]> f) {
    int width = shape[shape.length - 1];
    int[] to = shape.clone();
    to[to.length - 1] = 1;
    double[] values = new double[data.length / width];
    for (int i = 0; i < values.length; i++) {
      values[i] = f.applyAsDouble(Arrays.copyOfRange(data, i * width, (i + 1) * width));
    }
    return new SlowTensor(to, values);
  }

  SlowTensor transposed(int... order) {
    int[] to = new int[order.length];
    for (int a = 0; a < order.length; a++) {
      to[a] = shape[order[a]];
    }
    return of(
        to,
        at -> {
          int[] from = new int[at.length];
          for (int a = 0; a < at.length; a++) {
            from[order[a]] = at[a];
          }
          return at(from);
        });
  }

  /** Products of the last two axes; a single matrix meets every entry of {@code b}. */
  SlowTensor times(SlowTensor b) {
    int rank = b.shape.length;
    int[] to = b.shape.clone();
    to[rank - 2] = shape[shape.length - 2];
    return of(
        to,
        at -> {
          int[] left = Arrays.copyOfRange(at, rank - shape.length, rank);
          int[] right = at.clone();
          double sum = 0;
          for (int k = 0; k < shape[shape.length - 1]; k++) {
            left[left.length - 1] = k;
            right[rank - 2] = k;
            sum += at(left) * b.at(right);
          }
          return sum;
        });
  }

  SlowTensor summed(int axis) {
    int[] to = new int[shape.length - 1];
    System.arraycopy(shape, 0, to, 0, axis);
    System.arraycopy(shape, axis + 1, to, axis, to.length - axis);
    return of(
        to,
        at -> {
          int[] from = new int[shape.length];
          System.arraycopy(at, 0, from, 0, axis);
          System.arraycopy(at, axis, from, axis + 1, to.length - axis);
          double sum = 0;
          for (from[axis] = 0; from[axis] < shape[axis]; from[axis]++) {
            sum += at(from);
          }
          return sum;
        });
  }
}
