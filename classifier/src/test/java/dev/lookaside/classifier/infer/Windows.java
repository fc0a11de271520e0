package dev.lookaside.classifier.infer;

import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SampleSpan;
import dev.lookaside.ingest.StreamId;
import java.time.Instant;

/** Made-up windows. */
final class Windows {
  private Windows() {}

  static MelWindow of(String stream, long index, float[][] rows) {
    Instant t = Instant.EPOCH;
    return new MelWindow(
        new StreamId(stream),
        t,
        index,
        rows.length,
        rows,
        16_000,
        new SampleSpan(0, 16_000),
        16_000,
        t,
        t.plusSeconds(1),
        0,
        0,
        0,
        true);
  }

  static MelWindow of(String stream, long index) {
    return of(stream, index, new float[1][1]);
  }
}
