package dev.lookaside.trainer.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.TrainerException;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class HeadFitTest {
  private static final ViTSpec VIT = new ViTSpec(8, 2, 2, 12, 2, 8, 2, 1e-6f);
  private static final int WIDTH = VIT.width();
  private static final List<String> LABELS = List.of("a", "b");
  private static final Adapter START =
      AdapterFactory.fresh(
          VIT,
          new AdapterFactory.Meaning(
              LABELS, Activation.SIGMOID, HeadKind.COLUMNS, FrontEnd.AST_FBANK, 32, -4, 4),
          Optional.of(new Bottleneck(Kernel.TIME, 3)),
          Optional.empty(),
          VIT.depth(),
          5);

  /**
   * Class a sounds where the first value is positive, class b is noise; fold 1 says the reverse.
   */
  private static HeadExamples examples(int rows, boolean reversed) {
    RandomGenerator random = SeededRandom.of(3);
    HeadExamples examples = new HeadExamples(LABELS.size(), WIDTH);
    for (int r = 0; r < rows; r++) {
      float[] embedding = new float[2 * WIDTH];
      for (int d = 0; d < embedding.length; d++) {
        embedding[d] = (float) random.nextGaussian();
      }
      int column = r % 2;
      boolean sounds = embedding[column * WIDTH] + .3 * random.nextGaussian() > 0;
      float[] target = {sounds ? 1 : 0, random.nextInt(2)};
      examples.add(embedding, column, target, 0);
      if (reversed) {
        examples.add(embedding, column, new float[] {sounds ? 0 : 1, target[1]}, 1);
      }
    }
    return examples;
  }

  private static float[] row(Adapter adapter, int label) {
    float[] all = adapter.tensor("head.fc.weight").toArray();
    float[] row = new float[WIDTH + 1];
    System.arraycopy(all, label * WIDTH, row, 0, WIDTH);
    row[WIDTH] = adapter.tensor("head.fc.bias").toArray()[label];
    return row;
  }

  private static HeadFit fit(HeadExamples examples, double pull) {
    return new HeadFit(examples, pull, () -> false);
  }

  /** Slowly, and in other words: mean loss and pull. */
  private static double objective(HeadExamples examples, float[] row, int label, double pull) {
    float[][] values = examples.byDimension();
    float[] targets = examples.targets(label);
    float[] before = row(START, label);
    double loss = 0;
    for (int r = 0; r < targets.length; r++) {
      double z = row[WIDTH];
      for (int d = 0; d < WIDTH; d++) {
        z += (double) row[d] * values[d][r];
      }
      double p = 1 / (1 + Math.exp(-z));
      loss -= (targets[r] * Math.log(p) + (1 - targets[r]) * Math.log(1 - p)) / targets.length;
    }
    for (int d = 0; d < WIDTH; d++) {
      loss += pull / 2 * Math.pow((double) row[d] - before[d], 2);
    }
    return loss;
  }

  @Test
  void noStepInAnyDirectionIsBetter() {
    HeadExamples examples = examples(300, false);
    for (double pull : new double[] {0, .01, 1}) {
      float[] found = row(fit(examples, pull).fitted(START, LABELS, -1), 0);
      double best = objective(examples, found, 0, pull);
      assertThat(best).isLessThan(objective(examples, row(START, 0), 0, pull));
      for (int d = 0; d <= WIDTH; d++) {
        for (float step : new float[] {-.02f, .02f}) {
          float[] moved = found.clone();
          moved[d] += step;
          assertThat(objective(examples, moved, 0, pull)).isGreaterThan(best);
        }
      }
    }
  }

  /** Rows of a softmax depend on each other: no step of any of them is better. */
  @Test
  void aSoftmaxIsFittedAsAWhole() {
    Adapter start =
        AdapterFactory.random(
            VIT,
            new AdapterFactory.Meaning(
                LABELS, Activation.SOFTMAX, HeadKind.COLUMNS, FrontEnd.AST_FBANK, 32, -4, 4),
            Optional.of(new Bottleneck(Kernel.TIME, 3)),
            Optional.empty(),
            5);
    HeadExamples examples = new HeadExamples(LABELS.size(), WIDTH);
    RandomGenerator random = SeededRandom.of(8);
    for (int r = 0; r < 300; r++) {
      float[] embedding = new float[WIDTH];
      for (int d = 0; d < WIDTH; d++) {
        embedding[d] = (float) random.nextGaussian();
      }
      boolean a = embedding[0] + .3 * random.nextGaussian() > 0;
      float unknown = r % 10 == 0 ? HeadExamples.UNKNOWN : a ? 0 : 1;
      examples.add(embedding, 0, new float[] {a ? 1 : 0, unknown}, r % 3);
    }
    Adapter fitted = fit(examples, .01).fitted(start, LABELS, 2);
    float[][] rows = {row(fitted, 0), row(fitted, 1)};
    double best = softmax(examples, rows, start);
    assertThat(best)
        .isLessThan(softmax(examples, new float[][] {row(start, 0), row(start, 1)}, start) - .1);
    for (float[] row : rows) {
      for (int d = 0; d <= WIDTH; d++) {
        for (float step : new float[] {-.05f, .05f}) {
          row[d] += step;
          assertThat(softmax(examples, rows, start)).isGreaterThan(best);
          row[d] -= step;
        }
      }
    }
  }

  /** Mean cross-entropy of the rows that are known and not of fold 2, and the pull. */
  private static double softmax(HeadExamples examples, float[][] rows, Adapter start) {
    double loss = 0;
    int counted = 0;
    for (int r = 0; r < examples.size(); r++) {
      float[] target = examples.target(r);
      if (examples.fold(r) != 2 && !Float.isNaN(target[1])) {
        double[] z = new double[rows.length];
        for (int c = 0; c < rows.length; c++) {
          z[c] = rows[c][WIDTH];
          for (int d = 0; d < WIDTH; d++) {
            z[c] += (double) rows[c][d] * examples.embedding(r)[d];
          }
        }
        double all = Math.log(Math.exp(z[0]) + Math.exp(z[1]));
        loss += target[0] * (all - z[0]) + target[1] * (all - z[1]);
        counted++;
      }
    }
    loss /= counted;
    for (int c = 0; c < rows.length; c++) {
      for (int d = 0; d < WIDTH; d++) {
        loss += .005 * Math.pow((double) rows[c][d] - row(start, c)[d], 2);
      }
    }
    return loss;
  }

  @Test
  void aStrongerPullMovesARowLess() {
    HeadExamples examples = examples(300, false);
    double before = Double.POSITIVE_INFINITY;
    for (double pull : new double[] {.001, .1, 10}) {
      float[] found = row(fit(examples, pull).fitted(START, LABELS, -1), 0);
      double far = 0;
      for (int d = 0; d < WIDTH; d++) {
        far += Math.pow(found[d] - row(START, 0)[d], 2);
      }
      assertThat(far).isLessThan(before).isPositive();
      before = far;
    }
  }

  @Test
  void whatIsLeftOutChangesNoBit() {
    Adapter without = fit(examples(200, true), .01).fitted(START, LABELS, 1);
    assertThat(row(without, 0)).isNotEqualTo(row(START, 0));
    // Other sums over rows of share 0: the numbers are the same.
    assertThat(row(without, 0))
        .containsExactly(
            row(fit(examples(200, false), .01).fitted(START, LABELS, -1), 0), within(1e-3f));
    assertThat(row(fit(examples(200, true), .01).fitted(START, LABELS, -1), 0))
        .as("with it a says nothing")
        .isNotEqualTo(row(without, 0));
    assertThat(fit(examples(200, true), .01).fitted(START, LABELS, 1).digest())
        .isEqualTo(without.digest());
  }

  @Test
  void otherRowsKeepEveryBitAndUnknownTargetsDoNotCount() {
    HeadExamples examples = examples(200, false);
    Adapter known = fit(examples, .01).fitted(START, List.of("a"), -1);
    assertThat(row(known, 1)).isEqualTo(row(START, 1));
    for (int i = 0; i < 50; i++) {
      float[] loud = new float[WIDTH];
      loud[0] = -9;
      examples.add(loud, 0, new float[] {HeadExamples.UNKNOWN, 1}, 0);
    }
    float[] found = row(fit(examples, .01).fitted(START, List.of("a"), -1), 0);
    assertThat(found).containsExactly(row(known, 0), within(1e-3f));
  }

  @Test
  void aStoppedFitGivesNothing() {
    HeadFit stopped = new HeadFit(examples(50, false), .01, () -> true);
    assertThatThrownBy(() -> stopped.fitted(START, LABELS, -1))
        .isInstanceOf(TrainerException.class)
        .hasMessageStartingWith("stopped");
  }

  @Test
  void rowsThatDoNotFitAreNamed() {
    HeadExamples examples = new HeadExamples(2, WIDTH);
    float[] embedding = new float[WIDTH];
    assertThatThrownBy(() -> examples.add(embedding, 1, new float[2], 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("column 1");
  }
}
