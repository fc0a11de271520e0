package dev.lookaside.classifier.weights;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * A dense float32 tensor in row-major order. The numbers lie in a direct little-endian buffer,
 * often a mapped file, so that ONNX Runtime can use them in place; only those of a file that is
 * held in memory stay there, and ONNX Runtime would copy them.
 */
public final class FloatTensor {
  private final int[] shape;
  private final FloatBuffer data;

  private FloatTensor(int[] shape, FloatBuffer data) {
    this.shape = shape;
    this.data = data;
  }

  /** Copies {@code values}; their number must be the product of {@code shape}. */
  public static FloatTensor of(int[] shape, float[] values) {
    FloatBuffer buffer = allocate(values.length);
    buffer.put(0, values);
    return wrap(shape, buffer);
  }

  /** Takes a buffer over; nobody writes it afterwards. */
  static FloatTensor wrap(int[] shape, FloatBuffer data) {
    if (elements(shape) != data.capacity()) {
      throw new IllegalArgumentException(
          "shape %s needs %d values, not %d"
              .formatted(Arrays.toString(shape), elements(shape), data.capacity()));
    }
    return new FloatTensor(shape.clone(), data);
  }

  static FloatBuffer allocate(int values) {
    return ByteBuffer.allocateDirect(Math.multiplyExact(values, Float.BYTES))
        .order(ByteOrder.nativeOrder())
        .asFloatBuffer();
  }

  static long elements(int[] shape) {
    long n = 1;
    for (int d : shape) {
      n = Math.multiplyExact(n, (long) d);
    }
    return n;
  }

  /** Entries {@code [from, until)} of the first axis, in place. */
  public FloatTensor rows(int from, int until) {
    int row = data.capacity() / shape[0];
    int[] part = shape.clone();
    part[0] = until - from;
    return new FloatTensor(part, data.slice(from * row, part[0] * row));
  }

  public int[] shape() {
    return shape.clone();
  }

  public int size() {
    return data.capacity();
  }

  /** A read-only view of the numbers, position 0. */
  public FloatBuffer buffer() {
    return data.asReadOnlyBuffer();
  }

  /** A fresh copy of the numbers. */
  public float[] toArray() {
    float[] values = new float[data.capacity()];
    data.get(0, values);
    return values;
  }

  @Override
  public String toString() {
    return "FloatTensor" + Arrays.toString(shape);
  }
}
