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
    tensors.put("head.fc.weight", longer(adapter.tensor("head.fc.weight"), added.size(), 0));
    tensors.put("head.fc.bias", longer(adapter.tensor("head.fc.bias"), added.size(), FIRST_LOGIT));
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
    FloatTensor weight = adapter.tensor("head.fc.weight");
    FloatTensor bias = adapter.tensor("head.fc.bias");
    float[] first = new float[bias.size()];
    Arrays.fill(first, FIRST_LOGIT);
    Map<String, FloatTensor> tensors = new TreeMap<>(adapter.tensors());
    tensors.put("head.fc.weight", FloatTensor.of(weight.shape(), new float[weight.size()]));
    tensors.put("head.fc.bias", FloatTensor.of(bias.shape(), first));
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
