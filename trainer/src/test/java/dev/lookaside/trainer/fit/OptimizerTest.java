package dev.lookaside.trainer.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.fit.OptimizerSettings.Kind;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class OptimizerTest {
  private static final int WEIGHTS = 7;
  private static final int STEPS = 25;

  @Test
  void followsThePapersFormulasInDoublePrecision() {
    SeededRandom.forAll(
        OptimizerTest.class,
        20,
        random -> {
          Kind kind = random.nextBoolean() ? Kind.ADAM : Kind.ADAMW;
          OptimizerSettings settings =
              new OptimizerSettings(kind, 0.9, 0.95 + 0.049 * random.nextDouble(), 1e-8, 0.05);
          compare(settings, random);
        });
  }

  private static void compare(OptimizerSettings s, RandomGenerator random) {
    float[] weight = values(random, 1);
    double[] slow = new double[WEIGHTS];
    double[] m = new double[WEIGHTS];
    double[] v = new double[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      slow[i] = weight[i];
    }
    Optimizer optimizer = new Optimizer(s);
    for (int t = 1; t <= STEPS; t++) {
      float[] gradient = values(random, 0.1);
      double rate = 1e-2 / t;
      optimizer.step(Map.of("w", weight), Map.of("w", gradient), rate);
      for (int i = 0; i < WEIGHTS; i++) {
        double g = gradient[i] + (s.kind() == Kind.ADAM ? s.weightDecay() * slow[i] : 0);
        m[i] = s.beta1() * m[i] + (1 - s.beta1()) * g;
        v[i] = s.beta2() * v[i] + (1 - s.beta2()) * g * g;
        double mHat = m[i] / (1 - Math.pow(s.beta1(), t));
        double vHat = v[i] / (1 - Math.pow(s.beta2(), t));
        double decay = s.kind() == Kind.ADAMW ? rate * s.weightDecay() * slow[i] : 0;
        slow[i] -= decay + rate * mHat / (Math.sqrt(vHat) + s.epsilon());
      }
    }
    for (int i = 0; i < WEIGHTS; i++) {
      assertThat((double) weight[i]).isCloseTo(slow[i], within(2e-5));
    }
  }

  private static float[] values(RandomGenerator random, double scale) {
    float[] values = new float[WEIGHTS];
    for (int i = 0; i < WEIGHTS; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return values;
  }

  @Test
  void adamWShrinksWeightsWithoutGradientAndAdamMovesThemByTheRate() {
    float[] decoupled = {2};
    new Optimizer(new OptimizerSettings(Kind.ADAMW, 0.9, 0.999, 1e-8, 0.5))
        .step(Map.of("w", decoupled), Map.of("w", new float[1]), 0.1);
    assertThat(decoupled[0]).isEqualTo(1.9f);
    float[] l2 = {2};
    new Optimizer(new OptimizerSettings(Kind.ADAM, 0.9, 0.999, 1e-8, 0.5))
        .step(Map.of("w", l2), Map.of("w", new float[1]), 0.1);
    assertThat(l2[0]).isCloseTo(1.9f, within(1e-6f));
    assertThat(l2[0]).isNotEqualTo(2f);
  }

  @Test
  void goesOnFromItsStateAsIfItHadNeverStopped() {
    OptimizerSettings settings = OptimizerSettings.adamW(0.01);
    float[] through = values(SeededRandom.of(1), 1);
    float[] resumed = through.clone();
    Optimizer first = new Optimizer(settings);
    Optimizer second = new Optimizer(settings);
    for (int t = 0; t < 6; t++) {
      float[] gradient = values(SeededRandom.of(100 + t), 1);
      first.step(Map.of("w", through), Map.of("w", gradient), 1e-3);
      second = new Optimizer(settings, second.steps(), second.moments());
      second.step(Map.of("w", resumed), Map.of("w", gradient), 1e-3);
    }
    assertThat(resumed).isEqualTo(through);
  }

  @Test
  void refusesAGradientOfAnotherLength() {
    assertThatThrownBy(
            () ->
                new Optimizer(OptimizerSettings.adamW(0))
                    .step(Map.of("w", new float[2]), Map.of("w", new float[3]), 1))
        .hasMessageContaining("\"w\"");
  }

  @Test
  void refusesValuesOutsideTheirRangeByName() {
    assertThatThrownBy(() -> new OptimizerSettings(Kind.ADAM, 1, 0.9, 1e-8, 0))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("beta1 \"1.0\"");
    assertThatThrownBy(() -> OptimizerSettings.adamW(Double.NaN))
        .hasMessageContaining("weight decay \"NaN\"");
  }
}
