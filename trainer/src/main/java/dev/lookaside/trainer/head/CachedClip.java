package dev.lookaside.trainer.head;

import dev.lookaside.classifier.detect.WindowMark;
import dev.lookaside.classifier.infer.HeadProduct;
import java.util.List;

/**
 * What the frozen part of an adapter has made of a clip. Shared: nobody writes to it.
 *
 * @param hopFrames from one window to the next
 * @param windows in their order
 * @param embeddings of each, row-major {@code [columns][width]}
 */
public record CachedClip(int hopFrames, List<WindowMark> windows, List<float[]> embeddings) {
  public CachedClip {
    windows = List.copyOf(windows);
    embeddings = List.copyOf(embeddings);
  }

  /** What a head makes of each window, row-major {@code [columns][classes]}. */
  public List<float[]> posteriors(HeadProduct head) {
    return embeddings.stream().map(head::posteriors).toList();
  }

  long bytes() {
    return embeddings.stream().mapToLong(e -> (long) Float.BYTES * e.length).sum();
  }
}
