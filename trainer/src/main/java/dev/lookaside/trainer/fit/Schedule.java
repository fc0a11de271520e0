package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.TrainerException;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The learning rate as a share of the highest one: a pure function of how far the fit is. Epochs
 * and steps count from 0; an epoch counted in parts is steps divided by steps per epoch.
 */
public sealed interface Schedule {
  /** Where in a fit a step is. */
  record Moment(long step, int stepsPerEpoch, int epochs) {
    int epoch() {
      return (int) (step / stepsPerEpoch);
    }

    double epochsPassed() {
      return (double) step / stepsPerEpoch;
    }
  }

  /** Share of the highest learning rate at this step, 0 to 1. */
  double share(Moment at);

  /** The same rate throughout. */
  record Constant() implements Schedule {
    @Override
    public double share(Moment at) {
      return 1;
    }
  }

  /**
   * From each named epoch on the share that stands with it, 1 before the first. SSAST on
   * EPIC-SOUNDS: 0.05 from epoch 10, 0.01 from epoch 20.
   */
  record Steps(SortedMap<Integer, Double> shareFromEpoch) implements Schedule {
    public Steps {
      shareFromEpoch = new TreeMap<>(shareFromEpoch);
      shareFromEpoch.forEach(
          (epoch, share) -> {
            OptimizerSettings.between("schedule epoch", epoch, 0, Integer.MAX_VALUE);
            OptimizerSettings.between("schedule share", share, 0, 1);
          });
    }

    @Override
    public double share(Moment at) {
      SortedMap<Integer, Double> begun = shareFromEpoch.headMap(at.epoch() + 1);
      return begun.isEmpty() ? 1 : begun.getOrDefault(begun.lastKey(), 1.0);
    }
  }

  /**
   * AST's decay: times {@code factor} at {@code fromEpoch} and at every {@code everyEpochs} after
   * it (ESC-50: 5, 1, 0.85; AudioSet: 2, 1, 0.5).
   */
  record Decay(int fromEpoch, int everyEpochs, double factor) implements Schedule {
    public Decay {
      OptimizerSettings.between("decay's first epoch", fromEpoch, 1, Integer.MAX_VALUE);
      OptimizerSettings.between("decay's epochs", everyEpochs, 1, Integer.MAX_VALUE);
      OptimizerSettings.between("decay's factor", factor, 0, 1);
    }

    @Override
    public double share(Moment at) {
      int late = at.epoch() - fromEpoch;
      return late < 0 ? 1 : Math.pow(factor, late / everyEpochs + 1);
    }
  }

  /** Half a cosine from 1 at epoch {@code fromEpoch} (parts allowed) to 0 after the last step. */
  record Cosine(double fromEpoch) implements Schedule {
    public Cosine {
      OptimizerSettings.between("cosine's first epoch", fromEpoch, 0, 1e6);
    }

    @Override
    public double share(Moment at) {
      double length = at.epochs() - fromEpoch;
      double passed = at.epochsPassed() - fromEpoch;
      return length <= 0 || passed <= 0 ? 1 : (1 + Math.cos(Math.PI * passed / length)) / 2;
    }
  }

  /**
   * A linear rise from {@code from} to 1, then what another schedule says for the time since the
   * start.
   *
   * @param epochs length of the rise, parts of an epoch allowed
   * @param from share at the first step
   */
  record WarmUp(double epochs, double from, Schedule then) implements Schedule {
    public WarmUp {
      OptimizerSettings.between("warm-up epochs", epochs, 0, 1e6);
      OptimizerSettings.between("warm-up's first share", from, 0, 1);
    }

    @Override
    public double share(Moment at) {
      double passed = at.epochsPassed();
      return passed < epochs ? from + (1 - from) * passed / epochs : then.share(at);
    }
  }

  /**
   * Reads a schedule as the command line writes it: {@code constant}, {@code cosine}, {@code
   * steps:10=0.05,20=0.01} or {@code decay:5=0.85}.
   *
   * @param warmUpEpochs of a linear rise before it, 0 for none
   * @param warmUpFrom share at its first step
   * @throws TrainerException naming the text that is none of these
   */
  static Schedule of(String text, double warmUpEpochs, double warmUpFrom) {
    Schedule then = of(text, warmUpEpochs);
    return warmUpEpochs > 0 ? new WarmUp(warmUpEpochs, warmUpFrom, then) : then;
  }

  private static Schedule of(String text, double warmUpEpochs) {
    String[] parts = text.split(":", 2);
    String numbers = parts.length == 2 ? parts[1] : "";
    try {
      if (parts.length == 1 && parts[0].equals("constant")) {
        return new Constant();
      }
      if (parts.length == 1 && parts[0].equals("cosine")) {
        return new Cosine(warmUpEpochs);
      }
      SortedMap<Integer, Double> pairs = new TreeMap<>();
      for (String pair : numbers.split(",", -1)) {
        String[] both = pair.split("=", -1);
        if (both.length != 2) {
          throw unknown(text, null);
        }
        pairs.put(Integer.valueOf(both[0].strip()), Double.valueOf(both[1].strip()));
      }
      if (parts[0].equals("steps")) {
        return new Steps(pairs);
      }
      if (parts[0].equals("decay") && pairs.size() == 1) {
        int first = pairs.firstKey();
        return new Decay(first, 1, pairs.getOrDefault(first, 1.0));
      }
    } catch (NumberFormatException e) {
      throw unknown(text, e);
    }
    throw unknown(text, null);
  }

  private static TrainerException unknown(
      String text, @org.jspecify.annotations.Nullable Throwable cause) {
    String message =
        "schedule \"%s\": must be constant, cosine, steps:EPOCH=SHARE,... or decay:EPOCH=FACTOR"
            .formatted(text);
    return cause == null ? new TrainerException(message) : new TrainerException(message, cause);
  }
}
