package dev.lookaside.trainer.refit;

import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.gate.GateSettings;

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
    AudioCache audio) {
  /** How streams are decoded with an adapter. */
  public DetectorModel model(Adapter adapter) {
    return DetectorModel.of(backbone, adapter, hopFrames, detect);
  }
}
