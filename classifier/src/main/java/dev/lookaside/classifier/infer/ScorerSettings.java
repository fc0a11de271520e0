package dev.lookaside.classifier.infer;

import dev.lookaside.ingest.SettingsBlock;

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
  public static ScorerSettings of(SettingsBlock scorer, BatchSettings batch) {
    return new ScorerSettings(
        scorer.parsed("device", Device::of, "must be auto, cpu or cuda"),
        scorer.count("intra-op-threads", 0, 1024),
        batch.maxBatch());
  }

  /** The number of threads meant by {@code intraOpThreads}. */
  int threads() {
    return intraOpThreads > 0 ? intraOpThreads : Runtime.getRuntime().availableProcessors();
  }
}
