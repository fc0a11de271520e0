package dev.lookaside.trainer.fit;

import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.ViTSpec;
import java.util.Locale;

/**
 * How much a fit moves, counted as the LoAA paper counts it (arXiv 2412.05951): trainable values
 * against those of the AST model without them, its two unused ImageNet heads included where the
 * weights have them. The position table counts at the size of the window's grid, the stem with one
 * channel.
 *
 * @param trainable values that the optimiser changes
 * @param backbone values of the backbone in use and of its unused heads
 */
public record ParameterCount(long trainable, long backbone) {
  /** Values of the two 1000-way heads in DeiT's weights, {@code width} channels wide. */
  public static long deitHeads(int width) {
    return 2L * (1000L * width + 1000);
  }

  /**
   * Counts a fit.
   *
   * @param unusedHeads values of heads that the backbone's file has but the model does not use
   */
  public static ParameterCount of(Tune tune, ViTSpec vit, AdapterShape shape, long unusedHeads) {
    long inUse = backbone(vit, shape);
    boolean full = tune instanceof Tune.Full;
    return new ParameterCount(shape.parameters() + (full ? inUse : 0), inUse + unusedHeads);
  }

  /** Counts a fit beside a loaded backbone. */
  public static ParameterCount of(Tune tune, Backbone backbone, AdapterShape shape) {
    return of(tune, backbone.spec(), shape, backbone.unusedParameters());
  }

  private static long backbone(ViTSpec vit, AdapterShape shape) {
    long d = vit.width();
    long hidden = vit.mlpWidth();
    long patches = (long) shape.gridRows() * shape.gridColumns();
    long tokens = vit.specials() * d + (vit.specials() + patches) * d;
    long stem = d * ViTSpec.PATCH * ViTSpec.PATCH + d;
    long attention = 3 * d * d + 3 * d + d * d + d;
    long mlp = 2 * d * hidden + hidden + d;
    long norms = 4 * d;
    return tokens + stem + vit.depth() * (attention + mlp + norms) + 2 * d;
  }

  /** The share that is trained, in per cent. */
  public double percent() {
    return 100.0 * trainable / backbone;
  }

  /** As people read it: {@code 2,026,028 trainable parameters, 2.33 % of 86,948,048}. */
  @Override
  public String toString() {
    return String.format(
        Locale.ROOT, "%,d trainable parameters, %.3g %% of %,d", trainable, percent(), backbone);
  }
}
