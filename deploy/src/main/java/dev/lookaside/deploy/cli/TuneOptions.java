package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.fit.ParameterCount;
import dev.lookaside.trainer.fit.Tune;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which weights move, and for a new adapter what it is. */
final class TuneOptions {
  private static final int DEFAULT_RANK = 36;
  private static final int DEFAULT_WINDOW_FRAMES = 128;

  /** The command line's words, as in {@code --tune loaa-attn}. */
  enum Kind {
    LINEAR_PROBE("linear-probe"),
    PARALLEL("parallel"),
    LOAA_ATTN("loaa-attn"),
    LOAA_MLP("loaa-mlp"),
    LOAA_BOTH("loaa-both"),
    FULL("full");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    @Override
    public String toString() {
      return word;
    }
  }

  @Option(
      names = "--init",
      paramLabel = "A",
      description = "Adapter to begin with: its labels, sizes and normalisation stay.")
  private @Nullable Path init;

  @Option(
      names = "--tune",
      paramLabel = "WHAT",
      description =
          "A new adapter: linear-probe (head only), parallel (1x1 at both sites), loaa-attn, loaa-mlp, loaa-both, or full (the "
              + "whole backbone and the head, no adapter). Default without --init: loaa-both.")
  private @Nullable Kind tune;

  @Option(
      names = "--attn-kernel",
      paramLabel = "KxK",
      defaultValue = "1x3",
      description = "1x3 (time), 3x1 (frequency), 3x3 or 1x1. Default: ${DEFAULT-VALUE}.")
  private String attnKernel = "";

  @Option(
      names = "--mlp-kernel",
      paramLabel = "KxK",
      defaultValue = "3x1",
      description = "As --attn-kernel, beside the MLP. Default: ${DEFAULT-VALUE}.")
  private String mlpKernel = "";

  @Option(
      names = "--rank",
      paramLabel = "R",
      description = "Channels of the bottlenecks. Default: 36, for parallel 108 (as many weights).")
  private @Nullable Integer rank;

  @Option(names = "--attn-rank", paramLabel = "R", description = "As --rank, attention only.")
  private @Nullable Integer attnRank;

  @Option(names = "--mlp-rank", paramLabel = "R", description = "As --rank, MLP only.")
  private @Nullable Integer mlpRank;

  @Option(
      names = "--last-blocks",
      paramLabel = "K",
      description = "Adapters only in the last K blocks; the blocks before run once per clip.")
  private int lastBlocks = Integer.MAX_VALUE;

  @Option(
      names = "--head",
      paramLabel = "KIND",
      description =
          "clip (one posterior per window) or columns (one per 16 frames). Default: clip.")
  private @Nullable HeadKind head;

  @Option(
      names = "--activation",
      paramLabel = "F",
      description =
          "softmax (one class at a time) or sigmoid. Default: softmax, sigmoid for scenes.")
  private @Nullable Activation activation;

  @Option(
      names = "--frontend",
      paramLabel = "NAME",
      defaultValue = "ast-fbank",
      description = "ast-fbank or epic-logmel. Default: ${DEFAULT-VALUE}.")
  private String frontEnd = "";

  @Option(
      names = "--window-frames",
      paramLabel = "N",
      description = "Frames of a window, a multiple of 16. Default: 128 (1.28 s of ast-fbank).")
  private int windowFrames = DEFAULT_WINDOW_FRAMES;

  @Option(
      names = "--stride",
      paramLabel = "N",
      defaultValue = "16",
      description =
          "Frames and mels from patch to patch, 1 to 16; below 16 patches overlap (AST: 10). Default: ${DEFAULT-VALUE}.")
  private int stride;

  @Option(
      names = "--mean",
      paramLabel = "X",
      description = "Log-mel mean to normalise with. Default: that of the clips.")
  private @Nullable Float mean;

  @Option(
      names = "--std",
      paramLabel = "X",
      description = "Log-mel deviation to normalise with. Default: that of the clips.")
  private @Nullable Float std;

  /**
   * The adapter to begin with, if it is a file.
   *
   * @throws CliException if options say what only the file may say
   */
  Optional<Adapter> init() {
    if (init == null) {
      return Optional.empty();
    }
    if (tune != null) {
      throw new CliException("--init \"%s\": excludes --tune \"%s\"".formatted(init, tune));
    }
    Adapter adapter = Adapter.load(init);
    if (head != null && head != adapter.head()) {
      throw new CliException(
          "--head \"%s\": adapter %s has a %s head"
              .formatted(head.word(), init, adapter.head().word()));
    }
    if (activation != null && activation != adapter.activation()) {
      throw new CliException(
          "--activation \"%s\": adapter %s has %s"
              .formatted(activation.word(), init, adapter.activation().word()));
    }
    return Optional.of(adapter);
  }

  FrontEnd frontEnd() {
    return FrontEnd.of(frontEnd);
  }

  boolean full() {
    return tune == Kind.FULL;
  }

  /** Which weights of which adapter move. */
  Tune tune() {
    Kind kind = tune == null ? Kind.LOAA_BOTH : tune;
    return switch (kind) {
      case LINEAR_PROBE -> Tune.linearProbe();
      case PARALLEL -> Tune.parallel(rank(null, 3 * DEFAULT_RANK), lastBlocks);
      case LOAA_ATTN -> new Tune.Adapters(attn(), Optional.empty(), lastBlocks);
      case LOAA_MLP -> new Tune.Adapters(Optional.empty(), mlp(), lastBlocks);
      case LOAA_BOTH -> new Tune.Adapters(attn(), mlp(), lastBlocks);
      case FULL -> new Tune.Full();
    };
  }

  private Optional<Bottleneck> attn() {
    return Optional.of(new Bottleneck(Kernel.of(attnKernel), rank(attnRank, DEFAULT_RANK)));
  }

  private Optional<Bottleneck> mlp() {
    return Optional.of(new Bottleneck(Kernel.of(mlpKernel), rank(mlpRank, DEFAULT_RANK)));
  }

  private int rank(@Nullable Integer own, int otherwise) {
    if (own != null) {
      return own;
    }
    return rank == null ? otherwise : rank;
  }

  /** How much a fit of so many classes moves beside DeiT's weights, before there is a clip. */
  ParameterCount count(ViTSpec vit, int classes) {
    List<String> labels = IntStream.range(0, classes).mapToObj(Integer::toString).toList();
    AdapterFactory.Meaning meaning =
        new AdapterFactory.Meaning(
            labels,
            activation == null ? Activation.SOFTMAX : activation,
            head == null ? HeadKind.CLIP : head,
            frontEnd(),
            windowFrames,
            0,
            1,
            stride);
    return ParameterCount.of(
        tune(), vit, tune().shape(vit, meaning), ParameterCount.deitHeads(vit.width()));
  }

  /**
   * A new adapter for the classes of a fit's data.
   *
   * @param usual activation where the options name none
   */
  Adapter fresh(Backbone backbone, TrainingData data, Activation usual, long seed) {
    if (windowFrames < 16 || windowFrames % 16 != 0) {
      throw new CliException(
          "--window-frames \"%d\": must be a multiple of 16".formatted(windowFrames));
    }
    int least = head == HeadKind.COLUMNS ? 16 : 1;
    if (stride < least || stride > 16) {
      throw new CliException(
          "--stride \"%d\": must be %s"
              .formatted(stride, least == 16 ? "16 for a columns head" : "1 to 16"));
    }
    ClipSet.Statistics found =
        mean == null || std == null
            ? data.statistics(windowFrames)
            : new ClipSet.Statistics(mean, std);
    AdapterFactory.Meaning meaning =
        new AdapterFactory.Meaning(
            data.labels(),
            activation == null ? usual : activation,
            head == null ? HeadKind.CLIP : head,
            data.frontEnd(),
            windowFrames,
            mean == null ? found.mean() : mean,
            std == null ? found.std() : std,
            stride);
    Tune.Adapters adapters = tune() instanceof Tune.Adapters a ? a : Tune.linearProbe();
    return AdapterFactory.fresh(
        backbone.spec(),
        meaning,
        adapters.attn(),
        adapters.mlp(),
        Math.min(adapters.lastBlocks(), backbone.spec().depth()),
        seed);
  }
}
