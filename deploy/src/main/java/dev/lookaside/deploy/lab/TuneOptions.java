package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.Bottleneck;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Kernel;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.trainer.example.ClipSet;
import dev.lookaside.trainer.fit.ParameterCount;
import dev.lookaside.trainer.fit.Tune;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** Which weights move, and for a new adapter what it is. */
final class TuneOptions {
  private static final int DEFAULT_RANK = 36;
  private static final int DEFAULT_WINDOW_FRAMES = 128;

  /** Options that define a new adapter. */
  private static final Set<String> OF_A_NEW_ADAPTER =
      new TreeSet<>(
          Set.of(
              "tune",
              "attn-kernel",
              "mlp-kernel",
              "rank",
              "attn-rank",
              "mlp-rank",
              "last-blocks",
              "head",
              "activation",
              "frontend",
              "window-frames",
              "stride",
              "mean",
              "std"));

  /** Those that may be given beside an adapter that agrees. */
  private static final Set<String> OF_ANY_ADAPTER = Set.of("head", "activation", "frontend");

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

    /** Options about adapters that such a fit has no use for. */
    private Set<String> unused() {
      return switch (this) {
        case LINEAR_PROBE, FULL ->
            Set.of("attn-kernel", "mlp-kernel", "rank", "attn-rank", "mlp-rank", "last-blocks");
        case PARALLEL -> Set.of("attn-kernel", "mlp-kernel", "attn-rank", "mlp-rank");
        case LOAA_ATTN -> Set.of("mlp-kernel", "mlp-rank");
        case LOAA_MLP -> Set.of("attn-kernel", "attn-rank");
        case LOAA_BOTH -> Set.of();
      };
    }

    @Override
    public String toString() {
      return word;
    }
  }

  @Option(
      names = "--init",
      paramLabel = "A",
      description =
          "Adapter to begin with: its labels, sizes and normalisation stay; a --recipe's values for"
              + " them are ignored.")
  private @Nullable Path init;

  @Option(
      names = "--tune",
      paramLabel = "WHAT",
      description =
          "A new adapter: linear-probe (head only), parallel (1x1 at both sites), loaa-attn,"
              + " loaa-mlp, loaa-both, or full (the whole backbone and the head, no adapter)."
              + " Default without --init: loaa-both.")
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
      description = "ast-fbank or epic-logmel. Default: ast-fbank.")
  private @Nullable String frontEnd;

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
          "Frames and mels from patch to patch, 1 to 16; below 16 patches overlap (AST: 10)."
              + " Default: ${DEFAULT-VALUE}.")
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
   * A recipe's options without those that what was typed makes useless: all about a new adapter
   * with {@code --init}, else those that the kind of fit has no use for.
   */
  static SortedMap<String, String> useful(SortedMap<String, String> recipe, ParseResult typed) {
    SortedMap<String, String> left = new TreeMap<>(recipe);
    if (typed.hasMatchedOption("--init")) {
      left.keySet().removeAll(OF_A_NEW_ADAPTER);
    } else if (typed.hasMatchedOption("--tune")) {
      Kind kind = typed.matchedOptionValue("--tune", Kind.LOAA_BOTH);
      left.keySet().removeAll(kind.unused());
    }
    return left;
  }

  /**
   * Options that would change nothing are refused.
   *
   * @param given all options of the command that have a value
   * @throws CliException naming the option, its value and what makes it useless
   */
  void check(ParseResult given) {
    Kind kind = tune == null ? Kind.LOAA_BOTH : tune;
    for (String name : OF_A_NEW_ADAPTER) {
      if (!given.hasMatchedOption("--" + name)) {
        continue;
      }
      String value = String.join(",", given.matchedOption("--" + name).originalStringValues());
      if (init != null && !OF_ANY_ADAPTER.contains(name)) {
        throw new CliException("--init \"%s\": excludes --%s \"%s\"".formatted(init, name, value));
      }
      if (init == null && kind.unused().contains(name)) {
        throw new CliException(
            "--tune \"%s\": has no use for --%s \"%s\"".formatted(kind, name, value));
      }
    }
  }

  /**
   * The adapter to begin with, if it is a file.
   *
   * @throws CliException if options contradict the file
   */
  Optional<Adapter> init() {
    if (init == null) {
      return Optional.empty();
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
    if (frontEnd != null && frontEnd() != adapter.frontEnd()) {
      throw new CliException(
          "--frontend \"%s\": adapter %s has %s"
              .formatted(frontEnd, init, adapter.frontEnd().id()));
    }
    return Optional.of(adapter);
  }

  FrontEnd frontEnd() {
    return frontEnd == null ? FrontEnd.AST_FBANK : FrontEnd.of(frontEnd);
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
