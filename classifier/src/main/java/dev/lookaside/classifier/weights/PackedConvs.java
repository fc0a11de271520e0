package dev.lookaside.classifier.weights;

/**
 * Conv2d weights packed for matrix products and back. Taps are counted {@code f * kT + t}.
 *
 * <p>Packing only moves values: entry {@code i} of the packed tensor is entry {@code sources[i]} of
 * the file's.
 */
public final class PackedConvs {
  private PackedConvs() {}

  /** {@code [rank, width, kF, kT]} to {@code [width, taps * rank]}. */
  public static FloatTensor down(FloatTensor conv) {
    int[] s = conv.shape();
    int taps = s[2] * s[3];
    return packed(conv, downSources(s[1], taps, s[0]), s[1], taps * s[0]);
  }

  /** {@code [width, rank, kF, kT]} to {@code [taps * rank, width]}. */
  public static FloatTensor up(FloatTensor conv) {
    int[] s = conv.shape();
    int taps = s[2] * s[3];
    return packed(conv, upSources(s[0], taps, s[1]), taps * s[1], s[0]);
  }

  private static FloatTensor packed(FloatTensor conv, int[] sources, int... shape) {
    float[] from = conv.toArray();
    float[] to = new float[from.length];
    for (int i = 0; i < to.length; i++) {
      to[i] = from[sources[i]];
    }
    return FloatTensor.of(shape, to);
  }

  /** The place of each value of a packed down convolution in the file's tensor. */
  public static int[] downSources(int width, int taps, int rank) {
    int[] sources = new int[width * taps * rank];
    for (int c = 0; c < width; c++) {
      for (int k = 0; k < taps; k++) {
        for (int r = 0; r < rank; r++) {
          sources[(c * taps + k) * rank + r] = (r * width + c) * taps + k;
        }
      }
    }
    return sources;
  }

  /** The place of each value of a packed up convolution in the file's tensor. */
  public static int[] upSources(int width, int taps, int rank) {
    int[] sources = new int[taps * rank * width];
    for (int k = 0; k < taps; k++) {
      for (int r = 0; r < rank; r++) {
        for (int c = 0; c < width; c++) {
          sources[(k * rank + r) * width + c] = (c * rank + r) * taps + k;
        }
      }
    }
    return sources;
  }
}
