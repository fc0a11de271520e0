package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.TrainerException;
import java.util.Locale;

/**
 * Which optimiser, with PyTorch's names and defaults.
 *
 * @param beta1 decay of the mean of gradients
 * @param beta2 decay of the mean of squared gradients
 * @param epsilon added to the root of the latter
 * @param weightDecay of every weight: with {@link Kind#ADAM} added to the gradient (L2), with
 *     {@link Kind#ADAMW} taken from the weight itself, times the learning rate
 */
public record OptimizerSettings(
    Kind kind, double beta1, double beta2, double epsilon, double weightDecay) {
  /** How weight decay acts. */
  public enum Kind {
    /** Kingma and Ba, arXiv 1412.6980. */
    ADAM,
    /** Loshchilov and Hutter, arXiv 1711.05101. */
    ADAMW;

    /** The word of the command line. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public OptimizerSettings {
    between("beta1", beta1, 0, Math.nextDown(1.0));
    between("beta2", beta2, 0, Math.nextDown(1.0));
    between("epsilon", epsilon, Double.MIN_NORMAL, 1);
    between("weight decay", weightDecay, 0, 1e3);
  }

  /** AdamW with PyTorch's betas (0.9, 0.999) and epsilon 1e-8. */
  public static OptimizerSettings adamW(double weightDecay) {
    return new OptimizerSettings(Kind.ADAMW, 0.9, 0.999, 1e-8, weightDecay);
  }

  static void between(String name, double value, double min, double max) {
    // Written so that NaN fails too.
    if (!(value >= min && value <= max)) {
      throw new TrainerException("%s \"%s\": must be %s to %s".formatted(name, value, min, max));
    }
  }
}
