package dev.lookaside.trainer.fit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.classifier.graph.ModelSpec;
import dev.lookaside.classifier.graph.TensorParts;
import dev.lookaside.classifier.infer.ScorerSettings;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.BackboneWriter;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.gradient.GradientRun;
import dev.lookaside.trainer.gradient.Loss;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A fit of an adapter, or of an adapter and its whole backbone, on ONNX Runtime. Owner of the
 * sessions; for one thread, but any may {@link #stop} it.
 */
public final class ModelFit implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Backbone backbone;
  private final Adapter start;
  private final TrainableWeights trained;
  private final GradientRun gradients;
  private final Fit fit;
  private final Map<String, String> identity = new TreeMap<>();
  private final SortedMap<String, float[]> weights = new TreeMap<>();

  /**
   * Opens the sessions.
   *
   * @param backbone for a full fit on the grid of the windows, see {@link #onGrid}
   * @param start the adapter to begin with; its labels are those of {@code source}
   * @param moves which weights are trained
   * @param keptLimitBytes see {@link GradientRun#open}
   * @throws dev.lookaside.classifier.weights.WeightsException if adapter and backbone do not fit
   */
  public ModelFit(
      Backbone backbone,
      Adapter start,
      TrainableWeights trained,
      Loss loss,
      FitSettings settings,
      ExampleSource source,
      CheckpointFile checkpoints,
      FitProgress progress,
      ScorerSettings where,
      long keptLimitBytes) {
    if (!start.labels().equals(source.labels()) || start.columns() != source.rows()) {
      throw new TrainerException(
          "examples of %s in %d rows: the adapter wants %s in %d"
              .formatted(source.labels(), source.rows(), start.labels(), start.columns()));
    }
    this.backbone = backbone;
    this.start = start;
    this.trained = trained;
    start
        .tensors()
        .forEach(
            (name, tensor) -> {
              if (trained != TrainableWeights.HEAD || name.startsWith("head.")) {
                weights.put(name, tensor.toArray());
              }
            });
    if (trained == TrainableWeights.EVERYTHING) {
      backbone.tensors().forEach((name, tensor) -> weights.put(name, tensor.toArray()));
    }
    identity.put("backbone", backbone.digest());
    identity.put("adapter", start.digest());
    identity.put("trained", trained.word());
    identity.put("loss", loss.toString());
    this.gradients =
        GradientRun.open(backbone, start, weights.keySet(), loss, where, keptLimitBytes);
    if (keptLimitBytes != GradientRun.KEPT_LIMIT_BYTES) {
      // Whether blocks are computed again, and how many windows run at once, moves the last bits.
      identity.put("kept values", keptLimitBytes + " bytes");
    }
    boolean hasPrefix = gradients.entryFloats() != start.windowFrames() * start.shape().mels();
    BatchGradients steps = hasPrefix ? new PrefixCache(gradients) : BatchGradients.of(gradients);
    this.fit = new Fit(settings, source, steps, identity, checkpoints, progress);
    identity.put("settings", settings.identity());
    identity.put("examples", source.identity());
  }

  /** As the other, with {@link GradientRun#KEPT_LIMIT_BYTES}. */
  public ModelFit(
      Backbone backbone,
      Adapter start,
      TrainableWeights trained,
      Loss loss,
      FitSettings settings,
      ExampleSource source,
      CheckpointFile checkpoints,
      FitProgress progress,
      ScorerSettings where) {
    this(
        backbone,
        start,
        trained,
        loss,
        settings,
        source,
        checkpoints,
        progress,
        where,
        GradientRun.KEPT_LIMIT_BYTES);
  }

  /**
   * The backbone with its position table on the grid of an adapter's windows, as a full fit needs
   * it; {@code backbone} itself if it is so already.
   *
   * @param file is written if it is not; the result lies there
   */
  public static Backbone onGrid(Backbone backbone, Adapter adapter, Path file) {
    ModelSpec spec = new ModelSpec(backbone.spec(), adapter.shape(), false);
    if (spec.rows() == backbone.spec().gridRows()
        && spec.columns() == backbone.spec().gridColumns()) {
      return backbone;
    }
    Map<String, float[]> resized =
        Map.of("pos_embed", TensorParts.numbers(spec, backbone, "pos_embed"));
    BackboneWriter.write(file, backbone, resized, spec.rows(), spec.columns());
    return Backbone.load(file);
  }

  /** Where it runs and why, one line. */
  public String deviceDescription() {
    return gradients.deviceDescription();
  }

  /** Whether blocks are computed once more on the way back, for want of memory. */
  public boolean recomputes() {
    return gradients.recomputes();
  }

  /**
   * Fits to the end.
   *
   * @param resume whether to go on from the checkpoint, if there is one
   * @throws TrainerException if the loss is no number (naming step and clips), the checkpoint
   *     cannot be written or is of another fit, or the fit was stopped
   */
  public void run(boolean resume) {
    weights.putAll(fit.run(weights, resume));
  }

  /** Ends {@link #run} after the current step, with a checkpoint. */
  public void stop() {
    fit.stop();
  }

  /** Writes the backbone that a full fit made, whole or not at all. */
  public void writeBackbone(Path file) {
    ModelSpec spec = new ModelSpec(backbone.spec(), start.shape(), false);
    AtomicFile.write(
        file, path -> BackboneWriter.write(path, backbone, weights, spec.rows(), spec.columns()));
  }

  /**
   * The adapter as it is now; equal fits give equal bytes.
   *
   * @param backboneDigest of the backbone it stands beside: that of {@link #writeBackbone}'s file
   *     after a full fit
   * @param parent digest of the adapter it was fitted from, if that is a file of its own
   */
  public Adapter adapter(String backboneDigest, Optional<String> parent) {
    Map<String, FloatTensor> tensors = new TreeMap<>();
    start
        .tensors()
        .forEach(
            (name, tensor) -> {
              float[] moved = weights.get(name);
              tensors.put(name, moved == null ? tensor : FloatTensor.of(tensor.shape(), moved));
            });
    Map<String, String> metadata = new TreeMap<>(start.metadata());
    metadata.put("backbone", backboneDigest);
    parent.ifPresent(digest -> metadata.put("parent", digest));
    metadata.put("report", report());
    return AdapterFactory.of(tensors, metadata);
  }

  /** What made the adapter: enough to make it again from the same clips. */
  private String report() {
    try {
      return JSON.writeValueAsString(Map.of("fit", identity));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("texts can be written as JSON", e);
    }
  }

  @Override
  public void close() {
    gradients.close();
  }
}
