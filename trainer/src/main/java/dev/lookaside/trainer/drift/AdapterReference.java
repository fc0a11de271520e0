package dev.lookaside.trainer.drift;

import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.trainer.TrainerException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One adapter with the reference of its training sounds, made scene by scene so that whoever makes
 * it can do other things in between. The same for the same arguments. Owner of a session; for one
 * thread.
 */
public final class AdapterReference implements AutoCloseable {
  private final StreamScorer scorer;
  private final DriftSettings settings;
  private final Reference.Builder builder;
  private @Nullable Material material;
  private @Nullable Reference reference;
  private int steps;

  /**
   * Opens a session; nothing is scored yet.
   *
   * @param on per class, the posterior at which an event begins
   * @param off per class, the posterior below which it ends
   * @throws TrainerException if the settings' stretch is shorter than two windows
   * @throws dev.lookaside.classifier.weights.WeightsException if the adapter does not fit
   */
  public AdapterReference(
      Backbone backbone,
      Adapter adapter,
      float[] on,
      float[] off,
      Material material,
      DriftSettings settings,
      ScorerSettings where) {
    double window = adapter.windowFrames() * adapter.frontEnd().hopSeconds();
    if (settings.seconds() < 2 * window) {
      throw new TrainerException(
          "lookaside.trainer.drift.seconds \"%s\": must be at least two windows of the adapter, %s"
              .formatted(settings.seconds(), 2 * window));
    }
    this.scorer = StreamScorer.open(backbone, adapter, where);
    this.settings = settings;
    this.material = material;
    this.builder = new Reference.Builder(adapter.labels(), on, off, settings.falseAlarmRate());
  }

  /** Whether {@link #measure} may be called. */
  public boolean ready() {
    return material == null;
  }

  /**
   * Scores one scene more, if it is not {@link #ready}.
   *
   * @throws TrainerException if there is too little sound
   */
  public void step() {
    Material sounds = material;
    if (sounds == null) {
      return;
    }
    int fit = Math.max(1, settings.scenes() / 2);
    ReferenceScenes scenes = new ReferenceScenes(sounds, settings.seconds());
    if (steps < fit) {
      Scene scene = scenes.compose(sounds.fitted(), steps);
      look(scene.audio())
          .ifPresent(l -> builder.fit(l, r -> ReferenceScenes.kindAt(scene, l.middleSeconds(r))));
    } else if (steps < fit + sounds.contexts().size()) {
      Material.Context context = sounds.contexts().get(steps - fit);
      look(context.audio())
          .ifPresent(l -> builder.kinds(l, r -> context.kindAt(l.middleSeconds(r))));
    } else {
      Reference fitted = reference == null ? builder.build() : reference;
      reference = fitted;
      look(scenes.compose(sounds.heldOut(), steps).audio()).ifPresent(fitted::calibrate);
      if (fitted.looks() >= settings.scenes()) {
        material = null;
      }
    }
    steps++;
  }

  private Optional<Sample> look(Pcm audio) {
    return scorer.score(List.of(audio), Double.NEGATIVE_INFINITY);
  }

  /**
   * Measures a stretch of a stream.
   *
   * @param pieces in order, each without a gap
   * @param gateDbfs below which the stream's windows are not scored; {@code -Infinity}: all are
   * @return empty if there was too little audio
   */
  public Optional<Measured> measure(List<Pcm> pieces, double gateDbfs) {
    Reference ready = reference;
    if (ready == null || !ready()) {
      throw new IllegalStateException("the reference is not ready");
    }
    return scorer
        .score(pieces, gateDbfs)
        .filter(look -> look.seconds() >= settings.minSeconds())
        .map(ready::measure);
  }

  @Override
  public void close() {
    scorer.close();
  }
}
