package dev.lookaside.classifier.weights;

/** Conv2d weights packed for matrix products and back. Taps are counted {@code f * kT + t}. */
public final class PackedConvs {
  private PackedConvs() {}

  /** {@code [rank, width, kF, kT]} to {@code [width, taps * rank]}. */
  public static FloatTensor down(FloatTensor conv) {
    int[] s = conv.shape();
    int rank = s[0];
    int width = s[1];
    int taps = s[2] * s[3];
    float[] from = conv.toArray();
    float[] to = new float[from.length];
    for (int r = 0; r < rank; r++) {
      for (int c = 0; c < width; c++) {
        for (int k = 0; k < taps; k++) {
          to[(c * taps + k) * rank + r] = from[(r * width + c) * taps + k];
        }
      }
    }
    return FloatTensor.of(new int[] {width, taps * rank}, to);
  }

  /** {@code [width, rank, kF, kT]} to {@code [taps * rank, width]}. */
  public static FloatTensor up(FloatTensor conv) {
    int[] s = conv.shape();
    int width = s[0];
    int rank = s[1];
    int taps = s[2] * s[3];
    float[] from = conv.toArray();
    float[] to = new float[from.length];
    for (int c = 0; c < width; c++) {
      for (int r = 0; r < rank; r++) {
        for (int k = 0; k < taps; k++) {
          to[(k * rank + r) * width + c] = from[(c * rank + r) * taps + k];
        }
      }
    }
    return FloatTensor.of(new int[] {taps * rank, width}, to);
  }

  /** Undoes {@link #down}. */
  public static FloatTensor unpackDown(float[] packed, int width, Bottleneck k) {
    int rank = k.rank();
    int taps = k.kernel().taps();
    float[] to = new float[packed.length];
    for (int r = 0; r < rank; r++) {
      for (int c = 0; c < width; c++) {
        for (int t = 0; t < taps; t++) {
          to[(r * width + c) * taps + t] = packed[(c * taps + t) * rank + r];
        }
      }
    }
    return FloatTensor.of(new int[] {rank, width, k.kernel().freq(), k.kernel().time()}, to);
  }

  /** Undoes {@link #up}. */
  public static FloatTensor unpackUp(float[] packed, int width, Bottleneck k) {
    int rank = k.rank();
    int taps = k.kernel().taps();
    float[] to = new float[packed.length];
    for (int c = 0; c < width; c++) {
      for (int r = 0; r < rank; r++) {
        for (int t = 0; t < taps; t++) {
          to[(c * rank + r) * taps + t] = packed[(t * rank + r) * width + c];
        }
      }
    }
    return FloatTensor.of(new int[] {width, rank, k.kernel().freq(), k.kernel().time()}, to);
  }
}
