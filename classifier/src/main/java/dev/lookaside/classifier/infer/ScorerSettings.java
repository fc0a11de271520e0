package dev.lookaside.classifier.infer;

import com.typesafe.config.Config;

/**
 * How a scorer runs.
 *
 * @param device where
 * @param intraOpThreads threads that share the work of a batch on the CPU; 0 = one per core
 * @param maxBatch windows given to the device at once; also the size of its buffers
 */
public record ScorerSettings(Device device, int intraOpThreads, int maxBatch) {
  public ScorerSettings {
    BatchSettings.check("intra-op-threads", intraOpThreads, 0, 1024);
    BatchSettings.check("max-batch", maxBatch, 1, 1024);
  }

  /** Reads {@code lookaside.classifier.scorer}; the batch size comes from {@code batch}. */
  public static ScorerSettings of(Config scorer, BatchSettings batch) {
    return new ScorerSettings(
        Device.of(scorer.getString("device")), scorer.getInt("intra-op-threads"), batch.maxBatch());
  }

  /** The number of threads meant by {@code intraOpThreads}. */
  int threads() {
    return intraOpThreads > 0 ? intraOpThreads : Runtime.getRuntime().availableProcessors();
  }
}
