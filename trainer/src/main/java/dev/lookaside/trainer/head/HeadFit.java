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
    float[] shares = new float[targets.length];
    int counted = 0;
    for (int r = 0; r < shares.length; r++) {
      if (!Float.isNaN(targets[r]) && examples.fold(r) != withoutFold) {
        counted++;
      }
    }
    for (int r = 0; r < shares.length; r++) {
      boolean counts = !Float.isNaN(targets[r]) && examples.fold(r) != withoutFold;
      shares[r] = counts ? 1f / counted : 0;
      targets[r] = counts ? targets[r] : 0;
    }
    double[] before = row.clone();
    float[] errors = new float[shares.length];
    LimitedMemory.minimise(
        row,
        (at, gradient) -> loss(at, gradient, before, targets, shares, errors),
        TOLERANCE,
        STEPS_MAX);
  }

  /** {@code errors}: scratch of the rows' number. The last of {@code at} is the bias. */
  private double loss(
      double[] at,
      double[] gradient,
      double[] before,
      float[] targets,
      float[] shares,
      float[] errors) {
    if (stopped.getAsBoolean()) {
      // As flat as the floor: the minimiser has arrived.
      Arrays.fill(gradient, 0);
      return Double.NEGATIVE_INFINITY;
    }
    int width = values.length;
    Arrays.fill(errors, (float) at[width]);
    for (int d = 0; d < width; d++) {
      addTimes(errors, (float) at[d], values[d]);
    }
    double loss = 0;
    double ofBias = 0;
    for (int r = 0; r < errors.length; r++) {
      if (shares[r] == 0) {
        errors[r] = 0;
        continue;
      }
      double z = errors[r];
      // StrictMath: Math.exp may give other last bits once it is compiled.
      double small = StrictMath.exp(-Math.abs(z));
      loss += shares[r] * (Math.max(z, 0) + StrictMath.log1p(small) - targets[r] * z);
      double posterior = z >= 0 ? 1 / (1 + small) : small / (1 + small);
      errors[r] = (float) (shares[r] * (posterior - targets[r]));
      ofBias += errors[r];
    }
    gradient[width] = ofBias;
    for (int d = 0; d < width; d++) {
      double far = at[d] - before[d];
      loss += pull / 2 * far * far;
      gradient[d] = dot(errors, values[d]) + pull * far;
    }
    return loss;
  }

  private static void addTimes(float[] to, float times, float[] what) {
    for (int i = 0; i < to.length; i++) {
      to[i] += times * what[i];
    }
  }

  /** Four sums at once, added up in one order: a single one would wait for each addition. */
  private static double dot(float[] a, float[] b) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      s0 += (double) a[i] * b[i];
      s1 += (double) a[i + 1] * b[i + 1];
      s2 += (double) a[i + 2] * b[i + 2];
      s3 += (double) a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      s0 += (double) a[i] * b[i];
    }
    return s0 + s1 + (s2 + s3);
  }
}
