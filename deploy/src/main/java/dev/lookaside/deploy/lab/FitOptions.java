package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.trainer.fit.FitSettings;
import dev.lookaside.trainer.fit.OptimizerSettings;
import dev.lookaside.trainer.fit.Order;
import dev.lookaside.trainer.fit.Schedule;
import dev.lookaside.trainer.gradient.Loss;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Optimiser, schedule, loss and order of a fit. */
final class FitOptions {
  /** The command line's words. */
  enum LossKind {
    CROSS_ENTROPY,
    BCE;

    @Override
    public String toString() {
      return this == BCE ? "bce" : "cross-entropy";
    }
  }

  @Option(
      names = "--epochs",
      paramLabel = "E",
      defaultValue = "20",
      description = "Times that every clip is used. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "16",
      description = "Windows per step. Default: ${DEFAULT-VALUE}.")
  private int batchSize;

  @Option(
      names = "--accumulate",
      paramLabel = "K",
      defaultValue = "1",
      description =
          "Run each batch in K parts and add their gradients: the same step in about a K-th of the"
              + " memory. Default: ${DEFAULT-VALUE}.")
  private int parts;

  @Option(
      names = "--keep-mib",
      paramLabel = "N",
      defaultValue = "4096",
      description =
          "Values kept for the backward pass. Fewer windows run at once; a model of which one"
              + " window needs more computes its blocks twice instead. 0: always. Default:"
              + " ${DEFAULT-VALUE}.")
  private long keepMib;

  @Option(
      names = "--lr",
      paramLabel = "X",
      defaultValue = "1e-3",
      description = "Highest learning rate. Default: ${DEFAULT-VALUE}.")
  private double learningRate;

  @Option(
      names = "--weight-decay",
      paramLabel = "W",
      defaultValue = "1e-4",
      description = "Default: ${DEFAULT-VALUE}.")
  private double weightDecay;

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      defaultValue = "adamw",
      description = "adamw or adam. Default: ${DEFAULT-VALUE}.")
  private OptimizerSettings.Kind optimizer = OptimizerSettings.Kind.ADAMW;

  @Option(
      names = "--betas",
      paramLabel = "B",
      split = ",",
      arity = "1",
      defaultValue = "0.9,0.999",
      description = "Decays of the optimiser's two means. Default: ${DEFAULT-VALUE}.")
  private List<Double> betas = List.of();

  @Option(
      names = "--epsilon",
      paramLabel = "X",
      defaultValue = "1e-8",
      description = "Of the optimiser. Default: ${DEFAULT-VALUE}.")
  private double epsilon;

  @Option(
      names = "--schedule",
      paramLabel = "S",
      defaultValue = "constant",
      description =
          "constant, cosine, steps:EPOCH=SHARE,... (steps:10=0.05,20=0.01) or decay:EPOCH=FACTOR"
              + " (decay:5=0.85: times 0.85 at epoch 5 and each one after). Epochs count from 0."
              + " Default: ${DEFAULT-VALUE}.")
  private String schedule = "";

  @Option(
      names = "--warm-up",
      paramLabel = "E",
      defaultValue = "0",
      description = "Epochs of linear rise before it. Default: ${DEFAULT-VALUE}.")
  private double warmUpEpochs;

  @Option(
      names = "--warm-up-from",
      paramLabel = "SHARE",
      defaultValue = "0.01",
      description = "Share of the learning rate at the first step. Default: ${DEFAULT-VALUE}.")
  private double warmUpFrom;

  @Option(
      names = "--clip-norm",
      paramLabel = "X",
      defaultValue = "0",
      description = "Scale gradients down to this norm; 0 for never. Default: ${DEFAULT-VALUE}.")
  private double clipNorm;

  @Option(
      names = "--loss",
      paramLabel = "NAME",
      description = "cross-entropy or bce. Default: the activation's own loss.")
  private @Nullable LossKind loss;

  @Option(
      names = "--label-smoothing",
      paramLabel = "X",
      defaultValue = "0",
      description = "Share of every target given to all classes. Default: ${DEFAULT-VALUE}.")
  private double labelSmoothing;

  @Option(names = "--no-shuffle", description = "Use the clips in the order of their paths.")
  private boolean noShuffle;

  @Option(names = "--balanced", description = "Draw every class equally often.")
  private boolean balanced;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Same seed, same bytes (on one kind of CPU). Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "N",
      defaultValue = "50",
      description = "Steps from one checkpoint to the next. Default: ${DEFAULT-VALUE}.")
  private int checkpointEvery;

  long seed() {
    return seed;
  }

  boolean balanced() {
    return balanced;
  }

  /** Bound of the values kept for the backward pass. */
  long keptLimitBytes() {
    if (keepMib < 0 || keepMib > Long.MAX_VALUE >> 20) {
      throw new CliException("--keep-mib \"%d\": must be 0 or more MiB".formatted(keepMib));
    }
    return keepMib << 20;
  }

  /**
   * How the fit goes.
   *
   * @throws CliException or {@link dev.lookaside.trainer.TrainerException} naming what is wrong
   */
  FitSettings settings() {
    if (betas.size() != 2) {
      throw new CliException("--betas \"%s\": must be two numbers".formatted(betas));
    }
    if (noShuffle && balanced) {
      throw new CliException("--no-shuffle: excludes --balanced");
    }
    Order order = balanced ? Order.BALANCED : Order.SHUFFLED;
    return new FitSettings(
        new OptimizerSettings(optimizer, betas.get(0), betas.get(1), epsilon, weightDecay),
        Schedule.of(schedule, warmUpEpochs, warmUpFrom),
        learningRate,
        epochs,
        batchSize,
        parts,
        clipNorm,
        noShuffle ? Order.GIVEN : order,
        seed,
        checkpointEvery);
  }

  /** What is minimised: the loss of the adapter's activation by default. */
  Loss loss(Activation activation) {
    if (loss == null) {
      return new Loss(activation, labelSmoothing);
    }
    return new Loss(loss == LossKind.BCE ? Activation.SIGMOID : Activation.SOFTMAX, labelSmoothing);
  }
}
