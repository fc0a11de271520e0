package dev.lookaside.trainer.head;

import dev.lookaside.classifier.weights.Activation;
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
 * Fits the rows of a head: logistic regression on embeddings, pulled to the row that is there (a
 * Gaussian prior around it), so that rows move no more than the examples ask for. The function is
 * convex: there is one result, whatever the way to it. Rows of a sigmoid are fitted each by itself,
 * at the same time, a core each; the bits do not depend on that. Those of a softmax depend on each
 * other and are fitted together.
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
    if (start.activation() == Activation.SOFTMAX) {
      fitTogether(weight, bias, withoutFold);
      classes = new int[0];
    }
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

  /** All rows of a softmax; examples that leave a class unknown say nothing. */
  private void fitTogether(float[] weight, float[] bias, int withoutFold) {
    int width = values.length;
    int classes = bias.length;
    double[] before = new double[classes * (width + 1)];
    for (int c = 0; c < classes; c++) {
      for (int d = 0; d < width; d++) {
        before[c * (width + 1) + d] = weight[c * width + d];
      }
      before[c * (width + 1) + width] = bias[c];
    }
    int[] counted =
        IntStream.range(0, examples.size())
            .filter(r -> examples.fold(r) != withoutFold)
            .filter(r -> IntStream.range(0, classes).noneMatch(c -> isUnknown(r, c)))
            .toArray();
    double[] at = before.clone();
    LimitedMemory.minimise(
        at, (x, gradient) -> together(x, gradient, before, counted), TOLERANCE, STEPS_MAX);
    for (int c = 0; c < classes; c++) {
      for (int d = 0; d < width; d++) {
        weight[c * width + d] = (float) at[c * (width + 1) + d];
      }
      bias[c] = (float) at[c * (width + 1) + width];
    }
  }

  private boolean isUnknown(int row, int label) {
    return Float.isNaN(examples.target(row)[label]);
  }

  /** Cross-entropy; {@code at} is row-major {@code [classes][width + 1]}, each row's bias last. */
  private double together(double[] at, double[] gradient, double[] before, int[] counted) {
    if (stopped.getAsBoolean()) {
      Arrays.fill(gradient, 0);
      return Double.NEGATIVE_INFINITY;
    }
    int width = values.length;
    int classes = at.length / (width + 1);
    double share = 1.0 / Math.max(1, counted.length);
    double loss = 0;
    for (int i = 0; i < at.length; i++) {
      boolean isBias = i % (width + 1) == width;
      double far = isBias ? 0 : at[i] - before[i];
      loss += pull / 2 * far * far;
      gradient[i] = pull * far;
    }
    double[] logits = new double[classes];
    for (int r : counted) {
      float[] embedding = examples.embedding(r);
      int from = examples.from(r);
      float[] target = examples.target(r);
      double highest = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        double z = at[c * (width + 1) + width];
        for (int d = 0; d < width; d++) {
          z += at[c * (width + 1) + d] * embedding[from + d];
        }
        logits[c] = z;
        highest = Math.max(highest, z);
      }
      double sum = 0;
      double mass = 0;
      for (int c = 0; c < classes; c++) {
        sum += StrictMath.exp(logits[c] - highest);
        mass += target[c];
      }
      double log = highest + StrictMath.log(sum);
      for (int c = 0; c < classes; c++) {
        loss += share * target[c] * (log - logits[c]);
        double error = share * (mass * StrictMath.exp(logits[c] - log) - target[c]);
        gradient[c * (width + 1) + width] += error;
        for (int d = 0; d < width; d++) {
          gradient[c * (width + 1) + d] += error * embedding[from + d];
        }
      }
    }
    return loss;
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
