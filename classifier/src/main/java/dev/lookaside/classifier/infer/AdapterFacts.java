package dev.lookaside.classifier.infer;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.ingest.ProgressBytes;
import java.util.ArrayList;
import java.util.HashMap;
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

  /** What of a label's threshold follows it. */
  private static final int NONE = 0;

  private static final int PAIR = 1;
  private static final int PAIR_AND_MIN_LENGTH = 2;

  /** Writes all of it. */
  public void write(ProgressBytes.Writer out) {
    out.text(digest).int32(columns).int32(labels.size());
    for (String label : labels) {
      Threshold threshold = thresholds.get(label);
      if (threshold == null) {
        out.text(label).int8(NONE);
        continue;
      }
      boolean hasMinLength = threshold.minLengthMillis() > 0;
      out.text(label).int8(hasMinLength ? PAIR_AND_MIN_LENGTH : PAIR);
      out.float64(threshold.on()).float64(threshold.off());
      if (hasMinLength) {
        out.int32(threshold.minLengthMillis());
      }
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @throws dev.lookaside.ingest.IngestException if that is not what the bytes hold
   */
  public static AdapterFacts read(ProgressBytes.Reader in) {
    String digest = in.text();
    int columns = in.int32();
    List<String> labels = new ArrayList<>();
    Map<String, Threshold> thresholds = new HashMap<>();
    for (int left = in.count(1); left > 0; left--) {
      String label = in.text();
      labels.add(label);
      int follows = in.int8();
      if (follows < NONE || follows > PAIR_AND_MIN_LENGTH) {
        throw in.bad("threshold kind %d of \"%s\"".formatted(follows, label));
      }
      if (follows != NONE) {
        double on = in.float64();
        double off = in.float64();
        int minLengthMillis = follows == PAIR_AND_MIN_LENGTH ? in.int32() : 0;
        try {
          thresholds.put(label, new Threshold(on, off, minLengthMillis));
        } catch (IllegalArgumentException e) {
          throw in.bad("of \"%s\" %s".formatted(label, e.getMessage()));
        }
      }
    }
    return new AdapterFacts(digest, labels, columns, thresholds);
  }
}
