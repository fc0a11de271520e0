package dev.lookaside.classifier.graph;

import java.util.Arrays;

/**
 * Sizes of a value, known when the graph is built, except for one factor: in a batched shape the
 * first size counts per window, and the run multiplies it by its number of windows. So one graph
 * serves every batch size, tokens of all windows can be one tall matrix {@code [B * N, width]}, and
 * no rule has to reason about unknown sizes: rules see the shape of one window.
 *
 * @param batched whether the first size is per window
 * @param sizes per axis, at least 1 each
 */
public record Shape(boolean batched, int... sizes) {
  public Shape {
    sizes = sizes.clone();
    for (int s : sizes) {
      if (s < 1) {
        throw new ShapeException("shape " + Arrays.toString(sizes) + ": sizes must be at least 1");
      }
    }
    if (batched && sizes.length == 0) {
      throw new ShapeException("a scalar cannot be batched");
    }
  }

  /** A shape whose first size is per window. */
  public static Shape perWindow(int... sizes) {
    return new Shape(true, sizes);
  }

  /** A shape that is the same for every batch. */
  public static Shape fixed(int... sizes) {
    return new Shape(false, sizes);
  }

  @Override
  public int[] sizes() {
    return sizes.clone();
  }

  public int rank() {
    return sizes.length;
  }

  /** Size of an axis; negative axes count from the end. */
  public int size(int axis) {
    return sizes[axis(axis)];
  }

  /** A negative axis made positive, checked. */
  int axis(int axis) {
    int a = axis < 0 ? axis + sizes.length : axis;
    if (a < 0 || a >= sizes.length) {
      throw new ShapeException("axis " + axis + ": " + this + " has " + sizes.length + " axes");
    }
    return a;
  }

  /** Values per window, or in all if not batched. */
  public long elements() {
    long n = 1;
    for (int s : sizes) {
      n = Math.multiplyExact(n, (long) s);
    }
    return n;
  }

  /** This shape with another size on one axis. */
  Shape with(int axis, int size) {
    int[] s = sizes.clone();
    s[axis(axis)] = size;
    return new Shape(batched, s);
  }

  /** This shape without an axis. */
  Shape without(int axis) {
    int gone = axis(axis);
    int[] s = new int[sizes.length - 1];
    System.arraycopy(sizes, 0, s, 0, gone);
    System.arraycopy(sizes, gone + 1, s, gone, s.length - gone);
    return new Shape(batched, s);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape s && s.batched == batched && Arrays.equals(s.sizes, sizes);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(sizes) + Boolean.hashCode(batched);
  }

  @Override
  public String toString() {
    return (batched ? "B*" : "") + Arrays.toString(sizes);
  }
}
