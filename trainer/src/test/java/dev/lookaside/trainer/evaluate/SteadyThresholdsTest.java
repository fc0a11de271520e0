package dev.lookaside.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Threshold;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.ThresholdCalibration.CalibratedPair;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SteadyThresholdsTest {
  private static Adapter adapter(Map<String, Threshold> thresholds) {
    Adapter fresh =
        AdapterFactory.fresh(
            new ViTSpec(8, 2, 2, 12, 2, 8, 2, 1e-6f),
            new AdapterFactory.Meaning(
                List.of("a", "b", "c", "new"),
                Activation.SIGMOID,
                HeadKind.COLUMNS,
                FrontEnd.AST_FBANK,
                32,
                -4,
                4),
            Optional.empty(),
            Optional.empty(),
            0,
            5);
    return AdapterFactory.withThresholds(fresh, thresholds);
  }

  private static final Adapter KNOWN =
      adapter(
          Map.of(
              "a", new Threshold(.2, .1),
              "b", new Threshold(.5, .3, 320),
              "c", new Threshold(.6, .3)));

  private static Threshold steady(String label, double on, double off, int sounds) {
    Map<String, Threshold> all =
        SteadyThresholds.of(
            new TreeMap<>(Map.of(label, new CalibratedPair(on, off, new Counts(1, 0, 0)))),
            Map.of(label, sounds),
            KNOWN);
    assertThat(all).containsOnlyKeys(label);
    return all.getOrDefault(label, Threshold.DEFAULT);
  }

  /** Rounding lifted some by a bit, which is no threshold. */
  @Test
  void anOffAsHighAsItsOnStaysNoHigher() {
    for (int i = 1; i < 1_000; i++) {
      Threshold drawn = steady("new", i / 1_000.0, i / 1_000.0, i % 7);
      assertThat(drawn.off()).isCloseTo(drawn.on(), within(1e-12)).isLessThanOrEqualTo(drawn.on());
    }
  }

  @Test
  void aNewClassIsDrawnToTheMiddleOneOfTheOthers() {
    double none = steady("new", .05, .01, 0).on();
    double some = steady("new", .05, .01, 3).on();
    double many = steady("new", .05, .01, 1000).on();
    assertThat(none).isCloseTo(.5, within(1e-9));
    assertThat(some).isBetween(.15, .35);
    assertThat(many).isCloseTo(.05, within(1e-3));
    assertThat(steady("new", .95, .5, 3).on()).isBetween(.6, .9);
  }

  @Test
  void aKnownClassIsDrawnToItsOwn() {
    // Equal weight: halfway between the log-odds of .2 and .8.
    assertThat(steady("a", .8, .4, 4).on()).isCloseTo(.5, within(1e-9));
    assertThat(steady("a", .2, .1, 4).on()).isCloseTo(.2, within(1e-9));
  }

  @Test
  void aKnownClassKeepsItsMinimumLength() {
    assertThat(steady("b", .8, .4, 4).minLengthMillis()).isEqualTo(320);
    assertThat(steady("new", .8, .4, 4).minLengthMillis()).isZero();
  }

  @Test
  void theSecondThresholdStaysTheSameShareOfTheFirst() {
    Threshold t = steady("new", .05, .01, 3);
    assertThat(t.off() / t.on()).isCloseTo(.2, within(1e-9));
  }
}
