package dev.lookaside.trainer.gradient;

import java.util.Map;

/**
 * Loss and gradients of one batch. For one caller at a time; the owner closes it.
 *
 * <p>Parameters go by the names and in the order of axes of the files they come from: adapter
 * tensors in Conv2d order, backbone tensors under timm's names.
 */
public interface Gradients extends AutoCloseable {
  /**
   * Runs one batch forward and backward.
   *
   * @param parameters every tensor that is trained, row-major; not retained
   * @param normalised windows, row-major {@code [batch][frames][mels]}, normalised
   * @param targets row-major {@code [batch][classes]}, or {@code [batch][columns][classes]} for a
   *     columns head; may be soft
   * @param targetWeights weight of each window's or column's loss, {@code [batch]} or {@code
   *     [batch][columns]}, at least 0 and not all 0; all 1 is the plain mean
   * @param batch number of windows, at least 1
   * @throws IllegalArgumentException if a size does not fit or a tensor is missing
   */
  Step step(
      Map<String, float[]> parameters,
      float[] normalised,
      float[] targets,
      float[] targetWeights,
      int batch);

  /**
   * What one batch gave; the receiver owns the arrays.
   *
   * @param loss weighted mean over windows or columns
   * @param logits as the targets
   * @param gradients of the loss, by parameter, shaped as the parameter
   */
  record Step(double loss, float[] logits, Map<String, float[]> gradients) {}

  @Override
  void close();
}
