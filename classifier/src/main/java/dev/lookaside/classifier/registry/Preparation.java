package dev.lookaside.classifier.registry;

import dev.lookaside.classifier.infer.AdapterTestRun;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.classifier.weights.WeightsException;
import dev.lookaside.featurizer.FeatureSpec;
import org.jspecify.annotations.Nullable;

/**
 * Checks an adapter file against a ledger record and what runs here, and loads it. Blocks for as
 * long as a window takes, not on the scoring thread.
 */
public final class Preparation {
  /** What became of it. */
  public sealed interface Result {}

  /** It can be used. */
  public record Loaded(LoadedAdapter adapter) implements Result {}

  /** It cannot. */
  public record Refused(AdapterRejection refusal) implements Result {}

  /** Logits differ a little between processors and devices; wrong ones differ much. */
  private static final double GOLDEN_TOLERANCE = 1e-3;

  private final BackboneSessions sessions;
  private final FeatureSpec features;

  /**
   * @param sessions of the backbone here
   * @param features of the windows here
   */
  public Preparation(BackboneSessions sessions, FeatureSpec features) {
    this.sessions = sessions;
    this.features = features;
  }

  /**
   * Prepares a file whose digest is right.
   *
   * @throws dev.lookaside.classifier.infer.ScorerException if the device fails; the adapter may be
   *     sound
   */
  public Result prepare(Cutover cutover, byte[] file) {
    Refused elsewhere = madeElsewhere(cutover);
    return elsewhere != null ? elsewhere : loaded(cutover, file);
  }

  /**
   * Prepares a file that nothing was decided about.
   *
   * @throws dev.lookaside.classifier.infer.ScorerException as above
   */
  public Result prepare(byte[] file) {
    return loaded(null, file);
  }

  /**
   * Prepares a decision for an adapter that is loaded already.
   *
   * @throws dev.lookaside.classifier.infer.ScorerException as above
   */
  public Result prepare(Cutover cutover, LoadedAdapter loaded) {
    Refused elsewhere = madeElsewhere(cutover);
    return elsewhere != null ? elsewhere : tried(cutover, loaded);
  }

  /** What differs where the adapter was evaluated; null if nothing does. */
  private @Nullable Refused madeElsewhere(Cutover cutover) {
    String backbone = sessions.backbone().digest();
    if (cutover.backbone() != null && !cutover.backbone().equals(backbone)) {
      return refused(
          Reason.OTHER_BACKBONE,
          "backbone",
          cutover.backbone(),
          "the backbone here is " + backbone);
    }
    String fingerprint = features.fingerprint();
    if (cutover.features() != null && !cutover.features().equals(fingerprint)) {
      return refused(
          Reason.OTHER_FEATURES,
          "features",
          cutover.features(),
          "the features here are " + fingerprint);
    }
    return null;
  }

  private Result loaded(@Nullable Cutover cutover, byte[] file) {
    Adapter adapter;
    try {
      adapter = Adapter.of(file, "adapter");
      adapter.checkFits(sessions.backbone());
    } catch (WeightsException e) {
      return refused(reason(e.fault()), "file", Safetensors.sha256(file), message(e));
    }
    if (adapter.frontEnd() != features.frontEnd()
        || adapter.windowFrames() != features.windowFrames()) {
      return refused(
          Reason.OTHER_FEATURES,
          "windows",
          adapter.windowFrames() + " frames of " + adapter.frontEnd().id(),
          "the windows here are %d frames of %s"
              .formatted(features.windowFrames(), features.frontEnd().id()));
    }
    return tried(cutover, LoadedAdapter.of(adapter));
  }

  private Result tried(@Nullable Cutover cutover, LoadedAdapter adapter) {
    GoldenLogits golden = cutover == null ? null : cutover.golden();
    long seed = golden == null ? 0 : golden.seed();
    int values = adapter.shape().windowFrames() * adapter.shape().mels();
    float[] logits = AdapterTestRun.logits(sessions, adapter, GoldenLogits.window(seed, values));
    double off = golden == null ? offFinite(logits) : golden.differs(logits);
    return off <= GOLDEN_TOLERANCE
        ? new Loaded(adapter)
        : refused(
            Reason.GOLDEN_DIFFERS,
            "golden.logits",
            off + " off",
            "must be at most %s off what is recorded, and finite".formatted(GOLDEN_TOLERANCE));
  }

  private static double offFinite(float[] logits) {
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        return Double.POSITIVE_INFINITY;
      }
    }
    return 0;
  }

  private static Refused refused(Reason reason, String field, String value, String rule) {
    return new Refused(new AdapterRejection(reason, field, value, rule));
  }

  private static Reason reason(WeightsException.Fault fault) {
    return switch (fault) {
      case FILE -> Reason.BAD_FILE;
      case SHAPE -> Reason.WRONG_SHAPE;
      case VALUE -> Reason.NOT_FINITE;
      case LABELS -> Reason.LABEL_COUNT;
      case BACKBONE -> Reason.OTHER_BACKBONE;
    };
  }

  private static String message(WeightsException e) {
    return String.valueOf(e.getMessage());
  }
}
