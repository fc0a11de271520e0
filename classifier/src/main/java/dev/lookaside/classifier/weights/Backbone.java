package dev.lookaside.classifier.weights;

import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;

/**
 * A frozen vision transformer under one set of names (timm's), whatever layout its file has. The
 * tensors lie in the mapped file where that is possible. Immutable; its identity is the sha256 of
 * the file, or of the list of its files.
 *
 * <p>Names and shapes, d = width: {@code cls_token [d]}, {@code dist_token [d]} if there is one,
 * {@code pos_embed [specials + rows * columns, d]}, {@code patch_embed.proj.weight [d, 256]}
 * (frequency-major, channels summed), {@code patch_embed.proj.bias [d]}, {@code
 * blocks.i.norm1|norm2.weight|bias [d]}, {@code blocks.i.attn.qkv.weight [3 d, d]}, {@code
 * blocks.i.attn.qkv.bias [3 d]}, {@code blocks.i.attn.proj.*}, {@code blocks.i.mlp.fc1|fc2.*},
 * {@code norm.weight|bias [d]}. Linear weights are {@code [out, in]}.
 */
public final class Backbone {
  private final String digest;
  private final Layout layout;
  private final ViTSpec spec;
  private final long parameters;
  private final long unusedParameters;
  private final SortedMap<String, FloatTensor> tensors;

  Backbone(
      String digest,
      Layout layout,
      ViTSpec spec,
      long parameters,
      long unusedParameters,
      SortedMap<String, FloatTensor> tensors) {
    this.digest = digest;
    this.layout = layout;
    this.spec = spec;
    this.parameters = parameters;
    this.unusedParameters = unusedParameters;
    this.tensors = Collections.unmodifiableSortedMap(tensors);
  }

  /**
   * Loads a backbone; {@code config.json} beside it is read if it is there.
   *
   * @param file safetensors, or the index ({@code .safetensors.index.json}) of several
   * @throws WeightsException naming tensor, expected and found shape
   */
  public static Backbone load(Path file) {
    try (WeightFile opened = WeightFile.open(file)) {
      return new BackboneLoader(opened, BackboneConfig.beside(file, opened.metadata()))
          .load(WeightFile.sha256(file));
    }
  }

  /** Hex sha256 of the file. */
  public String digest() {
    return digest;
  }

  public ViTSpec spec() {
    return spec;
  }

  /** What the file's names were recognised as, for people. */
  public String layout() {
    return layout.description();
  }

  /** All float values of the file, heads that are not used included. */
  public long parameters() {
    return parameters;
  }

  /** Those of them that the model does not use: the heads the weights were trained with. */
  public long unusedParameters() {
    return unusedParameters;
  }

  public FloatTensor tensor(String name) {
    FloatTensor t = tensors.get(name);
    if (t == null) {
      throw new IllegalArgumentException("backbone has no tensor \"" + name + "\"");
    }
    return t;
  }

  public SortedMap<String, FloatTensor> tensors() {
    return tensors;
  }
}
