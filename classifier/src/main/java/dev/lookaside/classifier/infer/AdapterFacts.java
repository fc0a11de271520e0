package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Threshold;
import java.util.List;
import java.util.Map;

/**
 * What must be known of an adapter once its windows are scored.
 *
 * @param digest sha256 of its file, hexadecimal
 * @param labels in the order of a window's posteriors
 * @param columns rows of posteriors per window
 * @param thresholds of every label
 */
public record AdapterFacts(
    String digest, List<String> labels, int columns, Map<String, Threshold> thresholds) {
  public AdapterFacts {
    labels = List.copyOf(labels);
    thresholds = Map.copyOf(thresholds);
  }

  public static AdapterFacts of(Adapter adapter) {
    return new AdapterFacts(
        adapter.digest(), adapter.labels(), adapter.columns(), adapter.thresholds());
  }
}
