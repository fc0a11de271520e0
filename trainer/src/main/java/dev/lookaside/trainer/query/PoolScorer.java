package dev.lookaside.trainer.query;

import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetector;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.infer.HeadProduct;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.example.Targets;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.gate.Evidence.Score;
import dev.lookaside.trainer.head.CachedClip;
import dev.lookaside.trainer.head.EmbeddingCache;
import dev.lookaside.trainer.judge.SoundScorer;
import dev.lookaside.trainer.judge.Trial;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What adapters make of sounds: posteriors, and embeddings of the one in force. For one thread. */
public final class PoolScorer implements AutoCloseable {
  private static final long KEPT_BYTES = 64L << 20;

  private final Backbone backbone;
  private final int hopFrames;
  private final DetectSettings detect;
  private final Adapter inForce;
  private final @Nullable Adapter other;
  private final EmbeddingCache kept;
  private final Targets targets;

  /**
   * @param backbone of both adapters; stays the caller's to close
   * @param hopFrames from one window to the next, as streams have them
   * @param inForce reports detections
   * @param other to compare with; null: none
   */
  public PoolScorer(
      Backbone backbone,
      int hopFrames,
      DetectSettings detect,
      ScorerSettings where,
      Adapter inForce,
      @Nullable Adapter other) {
    this.backbone = backbone;
    this.hopFrames = hopFrames;
    this.detect = detect;
    this.inForce = inForce;
    this.other = other;
    this.kept = new EmbeddingCache(backbone, where, KEPT_BYTES);
    this.targets = new Targets(WindowSpec.of(inForce), inForce.columns() > 1, 1);
  }

  /**
   * Scores sounds.
   *
   * @param trials with the class that each was reported as; several may share their audio
   */
  public List<QueryStrategy.Sound> sounds(List<Trial> trials) {
    List<Score> own = scores(trials, inForce);
    List<Score> others = other == null ? List.of() : scores(trials, other);
    List<QueryStrategy.Sound> sounds = new ArrayList<>();
    for (int i = 0; i < trials.size(); i++) {
      Trial t = trials.get(i);
      sounds.add(
          new QueryStrategy.Sound(
              t.id(),
              t.label() == null ? "" : t.label(),
              embedding(t.audio(), t.onsetSeconds(), t.offsetSeconds()),
              own.get(i).peaks(),
              others.isEmpty() ? null : others.get(i).peaks()));
    }
    return sounds;
  }

  /** The strategy for sounds of this scorer, see {@link QueryStrategy}. */
  public QueryStrategy strategy(List<QueryStrategy.Labelled> labelled, Set<String> wanted) {
    return new QueryStrategy(inForce.labels(), model(inForce).onThresholds(), labelled, wanted);
  }

  private DetectorModel model(Adapter adapter) {
    return DetectorModel.of(backbone, adapter, hopFrames, detect);
  }

  private List<Score> scores(List<Trial> trials, Adapter adapter) {
    return SoundScorer.scores(
        trials, inForce.labels(), (audio, fold) -> detections(audio, adapter));
  }

  /** What an adapter detects in a clip, as in a stream. */
  public ClipDetections detections(Pcm audio, Adapter adapter) {
    CachedClip clip = clip(audio, adapter);
    return ClipDetector.decoded(
        model(adapter), clip.windows(), clip.posteriors(HeadProduct.of(adapter)));
  }

  private CachedClip clip(Pcm audio, Adapter adapter) {
    return kept.of(adapter, hopFrames, List.of(audio), () -> {}).get(0);
  }

  /**
   * The mean embedding of a sound, of length 1: of the columns that it fills, or if it is shorter
   * than each of them, of those that it touches.
   */
  public float[] embedding(Pcm audio, double onsetSeconds, double offsetSeconds) {
    CachedClip clip = clip(audio, inForce);
    int width = inForce.shape().width();
    double[] sum = new double[width];
    double[] touched = new double[width];
    boolean filled = false;
    List<LabelledEvent> events = List.of(new LabelledEvent("", onsetSeconds, offsetSeconds));
    for (int i = 0; i < clip.windows().size(); i++) {
      float[] wanted = new float[targets.values()];
      float[] weights = new float[targets.rows()];
      int from = Math.toIntExact(clip.windows().get(i).index() * hopFrames);
      targets.scene(events, List.of(""), from, wanted, weights);
      targets.unweighted(
          clip.windows().get(i).validFrames() / ViTSpec.PATCH * ViTSpec.PATCH, weights);
      for (int r = 0; r < wanted.length; r++) {
        if (weights[r] > 0 && wanted[r] > 0) {
          add(clip.embeddings().get(i), r * width, touched);
          if (wanted[r] == 1) {
            filled = true;
            add(clip.embeddings().get(i), r * width, sum);
          }
        }
      }
    }
    return unit(filled ? sum : touched);
  }

  private static void add(float[] values, int from, double[] sum) {
    for (int d = 0; d < sum.length; d++) {
      sum[d] += values[from + d];
    }
  }

  private static float[] unit(double[] sum) {
    double squares = 0;
    for (double v : sum) {
      squares += v * v;
    }
    float[] unit = new float[sum.length];
    for (int d = 0; d < unit.length && squares > 0; d++) {
      unit[d] = (float) (sum[d] / Math.sqrt(squares));
    }
    return unit;
  }

  @Override
  public void close() {
    kept.close();
  }
}
