package dev.lookaside.classifier.weights;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.ShortId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A look-aside adapter: the convolutions beside the blocks, the head, and what the labels mean.
 * Complete and checked once it exists; never written again. Its identity is the sha256 of its file.
 *
 * <p>Convolutions come in two forms. The file has Conv2d order {@code [out, in, kF, kT]}; {@link
 * #down} and {@link #up} give them packed for a matrix product: {@code down [width, taps * rank]},
 * {@code up [taps * rank, width]}, taps counted {@code f * kT + t}.
 */
public final class Adapter {
  private final String digest;
  private final AdapterMetadata metadata;
  private final AdapterShape shape;
  private final SortedMap<String, FloatTensor> tensors;

  Adapter(
      String digest,
      AdapterMetadata metadata,
      AdapterShape shape,
      SortedMap<String, FloatTensor> tensors) {
    this.digest = digest;
    this.metadata = metadata;
    this.shape = shape;
    this.tensors = Collections.unmodifiableSortedMap(tensors);
  }

  /**
   * Loads and checks an adapter file.
   *
   * @throws WeightsException naming file, key or tensor, expected and found
   */
  public static Adapter load(Path file) {
    try {
      return of(Files.readAllBytes(file), file.toString());
    } catch (IOException e) {
      throw WeightsException.unreadable(file.toString(), e);
    }
  }

  /** As {@link #load}, from bytes already in memory; they are not kept. */
  public static Adapter of(byte[] file) {
    return of(file, "adapter");
  }

  /** As {@link #of(byte[])}; {@code source} is what messages call it. */
  public static Adapter of(byte[] file, String source) {
    try (Safetensors opened = Safetensors.of(file, source)) {
      return new AdapterLoader(opened).load(Safetensors.sha256(file));
    }
  }

  /** Hex sha256 of the file. */
  public String digest() {
    return digest;
  }

  /** Labels in the order of the head's rows. */
  public List<String> labels() {
    return metadata.labels();
  }

  public Activation activation() {
    return metadata.activation();
  }

  public HeadKind head() {
    return metadata.head();
  }

  public int windowFrames() {
    return metadata.windowFrames();
  }

  public FrontEnd frontEnd() {
    return metadata.frontEnd();
  }

  /** Log-mel values are normalised as {@code (x - mean) / (2 std)}. */
  public float mean() {
    return metadata.mean();
  }

  public float std() {
    return metadata.std();
  }

  /** One threshold for every label; labels the file does not name have the default. */
  public Map<String, Threshold> thresholds() {
    return metadata.thresholds();
  }

  /** Digest of the backbone it was made for, if the file says so. */
  public Optional<String> backboneDigest() {
    return metadata.backbone();
  }

  /** The file's metadata as written, sorted by key. */
  public SortedMap<String, String> metadata() {
    return metadata.raw();
  }

  public AdapterShape shape() {
    return shape;
  }

  /** Rows of posteriors per window: 1, or the time columns of the grid for a columns head. */
  public int columns() {
    return shape.columns();
  }

  /** All tensors by the file's names, in the file's order of axes. */
  public SortedMap<String, FloatTensor> tensors() {
    return tensors;
  }

  /** A tensor by the file's name. */
  public FloatTensor tensor(String name) {
    FloatTensor t = tensors.get(name);
    if (t == null) {
      throw new IllegalArgumentException("adapter has no tensor \"" + name + "\"");
    }
    return t;
  }

  /** The file's name of a convolution; {@code part} is {@code down} or {@code up}. */
  public static String convName(int block, Site site, String part) {
    return "blocks.%d.%s.loaa.%s.weight".formatted(block, site.word(), part);
  }

  /** The down convolution packed as {@code [width, taps * rank]}. */
  public FloatTensor down(int block, Site site) {
    return PackedConvs.down(tensor(convName(block, site, "down")));
  }

  /** The up convolution packed as {@code [taps * rank, width]}. */
  public FloatTensor up(int block, Site site) {
    return PackedConvs.up(tensor(convName(block, site, "up")));
  }

  /**
   * Checks that this adapter fits a backbone.
   *
   * @throws WeightsException naming both and what differs
   */
  public void checkFits(Backbone backbone) {
    ViTSpec spec = backbone.spec();
    if (shape.width() != spec.width()) {
      throw new WeightsException(
          WeightsException.Fault.SHAPE,
          "adapter %s: width \"%d\": backbone %s has width %d"
              .formatted(
                  ShortId.of(digest), shape.width(), ShortId.of(backbone.digest()), spec.width()));
    }
    if (shape.blocks() > spec.depth()) {
      throw new WeightsException(
          WeightsException.Fault.SHAPE,
          "adapter %s: blocks \"%d\": backbone %s has %d blocks"
              .formatted(
                  ShortId.of(digest), shape.blocks(), ShortId.of(backbone.digest()), spec.depth()));
    }
    Optional<String> wanted = metadata.backbone();
    if (wanted.isPresent() && !wanted.get().equals(backbone.digest())) {
      throw new WeightsException(
          WeightsException.Fault.BACKBONE,
          "adapter %s: backbone \"%s\": the backbone here is %s"
              .formatted(ShortId.of(digest), wanted.get(), backbone.digest()));
    }
  }

  @Override
  public String toString() {
    return "Adapter " + ShortId.of(digest) + " " + metadata.labels();
  }
}
