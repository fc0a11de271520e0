package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.TrainerException;

/**
 * How a fit goes.
 *
 * @param learningRate the highest; the schedule gives shares of it
 * @param epochs over the examples
 * @param batchSize windows per step; the last step of an epoch has what is left
 * @param parts a batch is run in so many parts whose gradients are added up: the same step in less
 *     memory
 * @param maxGradientNorm gradients are scaled down to this norm over all tensors; 0 for never
 * @param seed of order and augmentation
 * @param checkpointEverySteps steps from one checkpoint to the next
 */
public record FitSettings(
    OptimizerSettings optimizer,
    Schedule schedule,
    double learningRate,
    int epochs,
    int batchSize,
    int parts,
    double maxGradientNorm,
    Order order,
    long seed,
    int checkpointEverySteps) {
  public FitSettings {
    OptimizerSettings.between("learning rate", learningRate, 0, 1e3);
    atLeastOne("epochs", epochs);
    atLeastOne("batch size", batchSize);
    atLeastOne("parts", parts);
    atLeastOne("checkpoint steps", checkpointEverySteps);
    OptimizerSettings.between("gradient norm", maxGradientNorm, 0, Double.MAX_VALUE);
  }

  private static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new TrainerException("%s \"%d\": must be at least 1".formatted(name, value));
    }
  }

  /** Steps of one epoch over so many examples. */
  int stepsPerEpoch(int examples) {
    return (examples + batchSize - 1) / batchSize;
  }

  /** Steps in all. */
  long steps(int examples) {
    return (long) epochs * stepsPerEpoch(examples);
  }

  double learningRate(long step, int examples) {
    return learningRate
        * schedule.share(new Schedule.Moment(step, stepsPerEpoch(examples), epochs));
  }

  /** What decides the result; how often checkpoints are written does not. */
  String identity() {
    return new FitSettings(
            optimizer,
            schedule,
            learningRate,
            epochs,
            batchSize,
            parts,
            maxGradientNorm,
            order,
            seed,
            1)
        .toString();
  }
}
