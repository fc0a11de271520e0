package dev.lookaside.trainer.drift;

import dev.lookaside.classifier.infer.EmbeddingScorer;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.audio.Pcm;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Scores audio with one adapter, in windows that do not overlap. Owner of a session. */
final class StreamScorer implements AutoCloseable {
  private final EmbeddingScorer scorer;
  private final FeatureSpec spec;

  private StreamScorer(EmbeddingScorer scorer, FeatureSpec spec) {
    this.scorer = scorer;
    this.spec = spec;
  }

  /**
   * Opens a session.
   *
   * @throws dev.lookaside.classifier.weights.WeightsException if the adapter does not fit
   */
  static StreamScorer open(Backbone backbone, Adapter adapter, ScorerSettings where) {
    int frames = adapter.windowFrames();
    return new StreamScorer(
        EmbeddingScorer.open(backbone, adapter, where),
        new FeatureSpec(adapter.frontEnd(), frames, frames));
  }

  /**
   * Whole windows only: a padded one looks like no other.
   *
   * @param pieces each without a gap
   * @param gateDbfs below which a stream's windows are not scored, see {@link ClipWindows#loud}
   * @return empty if there is not one window
   */
  Optional<Sample> score(List<Pcm> pieces, double gateDbfs) {
    List<MelWindow> windows = new ArrayList<>();
    pieces.forEach(p -> windows.addAll(ClipWindows.loud(p, spec, gateDbfs)));
    return windows.isEmpty()
        ? Optional.empty()
        : Optional.of(Sample.of(spec.windowSeconds(), scorer.embed(windows)));
  }

  @Override
  public void close() {
    scorer.close();
  }
}
