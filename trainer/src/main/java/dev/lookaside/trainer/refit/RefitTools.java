package dev.lookaside.trainer.refit;

import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.gate.GateSettings;
import dev.lookaside.trainer.head.BoundedCache;
import java.util.Optional;

/**
 * What all rounds of a trainer share.
 *
 * @param hopFrames from one window to the next, as streams have them
 * @param detect how streams are decoded
 * @param where fits and scores run
 * @param audio what was composed for earlier rounds
 */
public record RefitTools(
    Backbone backbone,
    int hopFrames,
    DetectSettings detect,
    ScorerSettings where,
    RefitSettings settings,
    GateSettings gate,
    BoundedCache<Optional<Pcm>> audio) {
  /** Of the heap, for sounds as they are composed into scenes, which are read and mixed once. */
  private static final int AUDIO_SHARE = 16;

  /** For a trainer; empty stands for a sound that is silent. */
  public static BoundedCache<Optional<Pcm>> audioCache() {
    return new BoundedCache<>(
        Runtime.getRuntime().maxMemory() / AUDIO_SHARE,
        audio -> audio.map(pcm -> (long) Float.BYTES * pcm.lengthSamples()).orElse(0L));
  }

  /**
   * From one window to the next where older sounds and background are scored: twice as far as in
   * streams, unless fits want them closer. There are many of them, and what decides is each
   * labelled sound, which is scored as streams are.
   */
  int wideHopFrames() {
    return Math.max(hopFrames, Math.min(2 * hopFrames, settings.hopFrames()));
  }

  /** How windows are decoded with an adapter. */
  DetectorModel model(Adapter adapter, int hopFrames) {
    return DetectorModel.of(backbone, adapter, hopFrames, detect);
  }
}
