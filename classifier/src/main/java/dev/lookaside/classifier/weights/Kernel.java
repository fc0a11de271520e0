package dev.lookaside.classifier.weights;

/** Kernel of an adapter convolution: {@code freq} rows by {@code time} columns of patches. */
public enum Kernel {
  /** The plain parallel adapter: no neighbour is seen. */
  POINT(1, 1),
  TIME(1, 3),
  FREQUENCY(3, 1),
  BOTH(3, 3);

  private final int freq;
  private final int time;

  Kernel(int freq, int time) {
    this.freq = freq;
    this.time = time;
  }

  public int freq() {
    return freq;
  }

  public int time() {
    return time;
  }

  /** Number of kernel taps. */
  public int taps() {
    return freq * time;
  }

  /** The word of the adapter file, {@code 1x3} for one along time. */
  public String word() {
    return freq + "x" + time;
  }

  /**
   * The kernel of a word such as {@code 1x3}.
   *
   * @throws IllegalArgumentException for any other word
   */
  public static Kernel of(String word) {
    for (Kernel k : values()) {
      if (k.word().equals(word)) {
        return k;
      }
    }
    throw new IllegalArgumentException("kernel \"" + word + "\": must be 1x1, 1x3, 3x1 or 3x3");
  }
}
