package dev.lookaside.trainer.head;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.trainer.TrainerException;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Fits the rows of a sigmoid head, each by itself: logistic regression on embeddings, pulled to the
 * row that is there (a Gaussian prior around it), so the classes that nobody has corrected move no
 * more than the examples ask for. The function is convex: there is one result, whatever the way to
 * it. Rows are fitted at the same time, a core each; the bits do not depend on that.
 */
public final class HeadFit {
  private static final String WEIGHT = "head.fc.weight";
  private static final String BIAS = "head.fc.bias";
  private static final double TOLERANCE = 1e-3;
  private static final int STEPS_MAX = 100;

  /** Rows whose gradients are added in single precision before they go into the sum. */
  private static final int BLOCK = 64;

  /** A product of factors of at most 2 may grow so far before its logarithm is taken. */
  private static final double PRODUCT_MAX = 1e300;

  private final HeadExamples examples;
  private final float[][] values;
  private final double pull;
  private final BooleanSupplier stopped;

  /**
   * @param pull strength of the prior, 0 or more: of the squared distance of a row from where it
   *     was, against the mean loss of a row of examples
   * @param stopped asked now and then; ends {@link #fitted}
   */
  public HeadFit(HeadExamples examples, double pull, BooleanSupplier stopped) {
    this.examples = examples;
    this.values = examples.byDimension();
    this.pull = pull;
    this.stopped = stopped;
  }

  /**
   * The adapter with other rows.
   *
   * @param labels whose rows are fitted
   * @param withoutFold rows of this fold are left out; -1: none
   * @throws TrainerException if it was stopped
   */
  public Adapter fitted(Adapter start, Collection<String> labels, int withoutFold) {
    float[] weight = start.tensor(WEIGHT).toArray();
    float[] bias = start.tensor(BIAS).toArray();
    int width = examples.width();
    int[] classes = labels.stream().mapToInt(start.labels()::indexOf).sorted().toArray();
    IntStream.of(classes)
        .parallel()
        .forEach(
            c -> {
              double[] row = new double[width + 1];
              for (int d = 0; d < width; d++) {
                row[d] = weight[c * width + d];
              }
              row[width] = bias[c];
              fit(row, c, withoutFold);
              for (int d = 0; d < width; d++) {
                weight[c * width + d] = (float) row[d];
              }
              bias[c] = (float) row[width];
            });
    if (stopped.getAsBoolean()) {
      throw new TrainerException("stopped in a fit of the head, which begins anew");
    }
    Map<String, FloatTensor> tensors = new TreeMap<>(start.tensors());
    tensors.put(WEIGHT, FloatTensor.of(start.tensor(WEIGHT).shape(), weight));
    tensors.put(BIAS, FloatTensor.of(start.tensor(BIAS).shape(), bias));
    return AdapterFactory.of(tensors, start.metadata());
  }

  private void fit(double[] row, int label, int withoutFold) {
    float[] targets = examples.targets(label);
    boolean[] counts = new boolean[targets.length];
    int counted = 0;
    for (int r = 0; r < counts.length; r++) {
      counts[r] = !Float.isNaN(targets[r]) && examples.fold(r) != withoutFold;
      counted += counts[r] ? 1 : 0;
    }
    float share = 1f / Math.max(1, counted);
    double[] before = row.clone();
    float[] errors = new float[counts.length];
    LimitedMemory.minimise(
        row,
        (at, gradient) -> loss(at, gradient, before, targets, counts, share, errors),
        TOLERANCE,
        STEPS_MAX);
  }

  /**
   * {@code counts} and {@code share}: which rows count, and how much each of them. {@code errors}:
   * scratch of the rows' number. The last of {@code at} is the bias.
   */
  private double loss(
      double[] at,
      double[] gradient,
      double[] before,
      float[] targets,
      boolean[] counts,
      float share,
      float[] errors) {
    if (stopped.getAsBoolean()) {
      // As flat as the floor: the minimiser has arrived.
      Arrays.fill(gradient, 0);
      return Double.NEGATIVE_INFINITY;
    }
    int width = values.length;
    Arrays.fill(errors, (float) at[width]);
    for (int d = 0; d < width; d++) {
      addTimes(errors, (float) at[d], values[d], 0);
    }
    double sum = 0;
    double product = 1;
    double ofBias = 0;
    for (int r = 0; r < errors.length; r++) {
      if (!counts[r]) {
        errors[r] = 0;
        continue;
      }
      double z = errors[r];
      // StrictMath: Math.exp may give other last bits once it is compiled.
      double small = StrictMath.exp(-Math.abs(z));
      sum += Math.max(z, 0) - targets[r] * z;
      // A logarithm takes longer than all else of a row, and one is enough for many.
      product *= 1 + small;
      if (product > PRODUCT_MAX) {
        sum += StrictMath.log(product);
        product = 1;
      }
      double posterior = z >= 0 ? 1 / (1 + small) : small / (1 + small);
      errors[r] = (float) (share * (posterior - targets[r]));
      ofBias += errors[r];
    }
    double loss = share * (sum + StrictMath.log(product));
    for (int d = 0; d < width; d++) {
      double far = at[d] - before[d];
      loss += pull / 2 * far * far;
      gradient[d] = pull * far;
    }
    gradient[width] = ofBias;
    addRows(gradient, errors);
    return loss;
  }

  /** Adds each row's embedding, times its error. */
  private void addRows(double[] gradient, float[] errors) {
    int width = values.length;
    float[] part = new float[width];
    for (int from = 0; from < errors.length; from += BLOCK) {
      Arrays.fill(part, 0);
      for (int r = from; r < Math.min(errors.length, from + BLOCK); r++) {
        if (errors[r] != 0) {
          addTimes(part, errors[r], examples.embedding(r), examples.from(r));
        }
      }
      for (int d = 0; d < width; d++) {
        gradient[d] += part[d];
      }
    }
  }

  /** Element by element, which processors do many of at once. */
  private static void addTimes(float[] to, float times, float[] what, int from) {
    for (int i = 0; i < to.length; i++) {
      to[i] += times * what[from + i];
    }
  }
}
