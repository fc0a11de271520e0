package dev.lookaside.classifier.weights;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.featurizer.FrontEnd;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Makes new adapters and encodes adapters to files. */
public final class AdapterFactory {
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * What a new adapter is for.
   *
   * @param labels the head's rows
   * @param mean and {@code std}: of the front end's values, for normalisation
   * @param stride frames and mels from patch to patch, see {@link AdapterShape}
   */
  public record Meaning(
      List<String> labels,
      Activation activation,
      HeadKind head,
      FrontEnd frontEnd,
      int windowFrames,
      float mean,
      float std,
      int stride) {
    public Meaning {
      labels = List.copyOf(labels);
    }

    /** With patches side by side. */
    public Meaning(
        List<String> labels,
        Activation activation,
        HeadKind head,
        FrontEnd frontEnd,
        int windowFrames,
        float mean,
        float std) {
      this(labels, activation, head, frontEnd, windowFrames, mean, std, ViTSpec.PATCH);
    }
  }

  private AdapterFactory() {}

  /**
   * A fresh adapter that leaves the backbone as it is: down projections Kaiming-uniform (as
   * PyTorch's convolutions), up projections zero, head norm the identity, head rows Xavier-uniform,
   * head bias zero.
   *
   * @param attn the adapter beside the attention, if any
   * @param mlp the adapter beside the MLP, if any
   * @param lastBlocks how many of the last blocks have adapters
   */
  public static Adapter fresh(
      ViTSpec vit,
      Meaning meaning,
      Optional<Bottleneck> attn,
      Optional<Bottleneck> mlp,
      int lastBlocks,
      long seed) {
    return of(
        tensors(vit, meaning, attn, mlp, lastBlocks, seed, false), metadata(meaning, attn, mlp));
  }

  /** As {@link #fresh} in all blocks, but with up projections that are not zero: for measuring. */
  public static Adapter random(
      ViTSpec vit,
      Meaning meaning,
      Optional<Bottleneck> attn,
      Optional<Bottleneck> mlp,
      long seed) {
    return of(
        tensors(vit, meaning, attn, mlp, vit.depth(), seed, true), metadata(meaning, attn, mlp));
  }

  /** An adapter of given tensors and metadata, checked as a file is. */
  public static Adapter of(Map<String, FloatTensor> tensors, Map<String, String> metadata) {
    return Adapter.of(SafetensorsWriter.encode(tensors, metadata));
  }

  /** The file of an adapter; reading it gives an equal adapter. */
  public static byte[] encode(Adapter adapter) {
    return SafetensorsWriter.encode(adapter.tensors(), adapter.metadata());
  }

  /**
   * The same adapter with other thresholds for some of its labels; its parent is {@code adapter}.
   *
   * @throws WeightsException if a label is not the adapter's
   */
  public static Adapter withThresholds(Adapter adapter, Map<String, Threshold> changed) {
    Map<String, Threshold> thresholds = new LinkedHashMap<>(adapter.thresholds());
    thresholds.putAll(changed);
    Map<String, Map<String, Number>> pairs = new LinkedHashMap<>();
    thresholds.forEach(
        (label, t) -> {
          Map<String, Number> its = new TreeMap<>(Map.of("on", t.on(), "off", t.off()));
          if (t.minLengthMillis() > 0) {
            its.put("minLengthMillis", t.minLengthMillis());
          }
          pairs.put(label, its);
        });
    TreeMap<String, String> metadata = new TreeMap<>(adapter.metadata());
    metadata.put("thresholds", json("thresholds", pairs));
    metadata.put("parent", adapter.digest());
    return of(adapter.tensors(), metadata);
  }

  /**
   * The mean of adapters, weight by weight; one that comes twice counts twice. The mean of fits of
   * one beginning is often better than each of them (Wortsman et al., Model soups, <a
   * href="https://arxiv.org/abs/2203.05482">arXiv 2203.05482</a>).
   *
   * @param adapters at least one; the last one's metadata, thresholds among them, are the mean's
   * @throws WeightsException naming the first one whose labels, activation, front end,
   *     normalisation or shape differ from the last one's
   */
  public static Adapter mean(List<Adapter> adapters) {
    Adapter last = adapters.get(adapters.size() - 1);
    adapters.forEach(a -> checkAlike(a, last));
    Map<String, FloatTensor> tensors = new TreeMap<>(last.tensors());
    tensors.replaceAll(
        (name, tensor) -> {
          double[] sum = new double[tensor.toArray().length];
          for (Adapter a : adapters) {
            float[] values = a.tensor(name).toArray();
            for (int i = 0; i < sum.length; i++) {
              sum[i] += values[i];
            }
          }
          float[] mean = new float[sum.length];
          for (int i = 0; i < sum.length; i++) {
            mean[i] = (float) (sum[i] / adapters.size());
          }
          return FloatTensor.of(tensor.shape(), mean);
        });
    return of(tensors, last.metadata());
  }

  private static void checkAlike(Adapter a, Adapter last) {
    boolean alike =
        a.labels().equals(last.labels())
            && a.activation() == last.activation()
            && a.frontEnd().equals(last.frontEnd())
            && a.mean() == last.mean()
            && a.std() == last.std()
            && a.shape().equals(last.shape());
    if (!alike) {
      throw new WeightsException(
          "adapter %s: labels, activation, front end, normalisation or shape differ from those of %s"
              .formatted(a.digest(), last.digest()));
    }
  }

  static String json(String key, Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new WeightsException(key + " " + value + " cannot be written as JSON", e);
    }
  }

  private static Map<String, FloatTensor> tensors(
      ViTSpec vit,
      Meaning meaning,
      Optional<Bottleneck> attn,
      Optional<Bottleneck> mlp,
      int lastBlocks,
      long seed,
      boolean upToo) {
    RandomWeights random = new RandomWeights(seed);
    int d = vit.width();
    Map<String, FloatTensor> t = new TreeMap<>();
    for (int b = Math.max(0, vit.depth() - lastBlocks); b < vit.depth(); b++) {
      for (Site site : Site.values()) {
        Bottleneck k = (site == Site.ATTN ? attn : mlp).orElse(null);
        if (k == null) {
          continue;
        }
        int freq = k.kernel().freq();
        int time = k.kernel().time();
        double bound = Math.sqrt(1.0 / (d * k.kernel().taps()));
        double upBound = upToo ? 0.1 * Math.sqrt(1.0 / (k.rank() * k.kernel().taps())) : 0;
        t.put(Adapter.convName(b, site, "down"), random.uniform(bound, k.rank(), d, freq, time));
        t.put(
            Adapter.convName(b, site, "up"),
            upToo
                ? random.uniform(upBound, d, k.rank(), freq, time)
                : RandomWeights.constant(0, d, k.rank(), freq, time));
      }
    }
    int classes = meaning.labels().size();
    t.put("head.norm.weight", RandomWeights.constant(1, d));
    t.put("head.norm.bias", RandomWeights.constant(0, d));
    t.put("head.fc.weight", random.uniform(Math.sqrt(6.0 / (d + classes)), classes, d));
    t.put("head.fc.bias", RandomWeights.constant(0, classes));
    return t;
  }

  private static SortedMap<String, String> metadata(
      Meaning meaning, Optional<Bottleneck> attn, Optional<Bottleneck> mlp) {
    TreeMap<String, String> m = new TreeMap<>();
    m.put("format", AdapterMetadata.FORMAT);
    m.put("labels", json("labels", new ArrayList<>(meaning.labels())));
    m.put("activation", meaning.activation().word());
    m.put("head", meaning.head().word());
    m.put("frontend", meaning.frontEnd().id());
    m.put("window_frames", Integer.toString(meaning.windowFrames()));
    m.put("mean", Float.toString(meaning.mean()));
    m.put("std", Float.toString(meaning.std()));
    if (meaning.stride() != ViTSpec.PATCH) {
      m.put("stride", Integer.toString(meaning.stride()));
    }
    attn.ifPresent(k -> m.put("attn_kernel", k.kernel().word()));
    mlp.ifPresent(k -> m.put("mlp_kernel", k.kernel().word()));
    return Collections.unmodifiableSortedMap(m);
  }
}
