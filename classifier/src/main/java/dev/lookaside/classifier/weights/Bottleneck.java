package dev.lookaside.classifier.weights;

/** One adapter: {@code down} from the width to {@code rank} channels and {@code up} back again. */
public record Bottleneck(Kernel kernel, int rank) {
  public Bottleneck {
    if (rank < 1 || rank > 4096) {
      throw new IllegalArgumentException("rank " + rank + ": must be 1 to 4096");
    }
  }
}
