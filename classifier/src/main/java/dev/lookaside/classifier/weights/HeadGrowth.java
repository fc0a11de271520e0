package dev.lookaside.classifier.weights;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Gives an adapter more classes. The rows of the classes it has stay bit for bit as they are, and
 * so do their logits; rows of new classes follow them.
 */
public final class HeadGrowth {
  /**
   * Logit of a new class before it is fitted: a posterior of 0.01 from a sigmoid. Its row of
   * weights is zero, so it gives the same logit for every window; rows are independent, so nothing
   * needs to break a symmetry.
   */
  static final float FIRST_LOGIT = -4.59512f;

  private static final String WEIGHT = "head.fc.weight";
  private static final String BIAS = "head.fc.bias";

  private HeadGrowth() {}

  /**
   * The adapter with rows for {@code added}; its parent is {@code adapter}. New classes have the
   * default thresholds.
   *
   * @param added not the adapter's, none twice; {@code adapter} itself comes back for none
   * @throws WeightsException naming a label that is not new
   */
  public static Adapter grown(Adapter adapter, List<String> added) {
    if (added.isEmpty()) {
      return adapter;
    }
    List<String> labels = new ArrayList<>(adapter.labels());
    labels.addAll(added);
    ClassName.fault(labels)
        .ifPresent(
            fault -> {
              throw new WeightsException("new classes %s: %s".formatted(added, fault));
            });
    Map<String, FloatTensor> tensors = new TreeMap<>(adapter.tensors());
    tensors.put(WEIGHT, longer(adapter.tensor(WEIGHT), added.size(), 0));
    tensors.put(BIAS, longer(adapter.tensor(BIAS), added.size(), FIRST_LOGIT));
    TreeMap<String, String> metadata = new TreeMap<>(adapter.metadata());
    metadata.put("labels", AdapterFactory.json("labels", labels));
    metadata.put("parent", adapter.digest());
    return AdapterFactory.of(tensors, metadata);
  }

  /**
   * The adapter with the rows that its classes had before anything was fitted to them, as {@link
   * #grown} gives them to new ones.
   */
  public static Adapter unlearned(Adapter adapter) {
    float[] first = new float[adapter.tensor(BIAS).size()];
    Arrays.fill(first, FIRST_LOGIT);
    return with(adapter, new float[adapter.tensor(WEIGHT).size()], first);
  }

  /**
   * The adapter with the rows of some classes taken from another one.
   *
   * @param labels classes of both
   * @param from has the same classes in the same order, at the same width
   */
  public static Adapter withRows(Adapter adapter, List<String> labels, Adapter from) {
    float[] weight = adapter.tensor(WEIGHT).toArray();
    float[] bias = adapter.tensor(BIAS).toArray();
    float[] fromWeight = from.tensor(WEIGHT).toArray();
    float[] fromBias = from.tensor(BIAS).toArray();
    int width = weight.length / bias.length;
    for (String label : labels) {
      int c = adapter.labels().indexOf(label);
      System.arraycopy(fromWeight, c * width, weight, c * width, width);
      bias[c] = fromBias[c];
    }
    return with(adapter, weight, bias);
  }

  private static Adapter with(Adapter adapter, float[] weight, float[] bias) {
    Map<String, FloatTensor> tensors = new TreeMap<>(adapter.tensors());
    tensors.put(WEIGHT, FloatTensor.of(adapter.tensor(WEIGHT).shape(), weight));
    tensors.put(BIAS, FloatTensor.of(adapter.tensor(BIAS).shape(), bias));
    return AdapterFactory.of(tensors, adapter.metadata());
  }

  private static FloatTensor longer(FloatTensor tensor, int rows, float value) {
    int[] shape = tensor.shape();
    int row = tensor.size() / shape[0];
    float[] values = new float[(shape[0] + rows) * row];
    FloatBuffer old = tensor.buffer();
    old.get(0, values, 0, tensor.size());
    Arrays.fill(values, tensor.size(), values.length, value);
    shape[0] += rows;
    return FloatTensor.of(shape, values);
  }
}
