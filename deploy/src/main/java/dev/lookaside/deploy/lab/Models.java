package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.infer.Attention;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterShape;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.HeadKind;
import dev.lookaside.classifier.weights.Npy;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.NounCommand;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside model}: models as such, without audio. */
@Command(
    name = "model",
    footer = {"", "Example:", "  lookaside model run --help"},
    description = "Run a model on given numbers.",
    subcommands = Models.ModelRun.class)
public final class Models extends NounCommand {
  /** {@code lookaside model run}: one forward pass on given numbers. */
  @Command(
      name = "run",
      footer = {
        "",
        "Example:",
        "  lookaside model run --backbone b.safetensors --adapter a.safetensors --input x.npy"
            + " --logits l.npy"
      },
      description = {
        "Run a model on windows that are normalised already.",
        "",
        "X is float32 [B, frames, mels]; the logits are [B, classes] ([B, columns, classes] for a"
            + " columns head), the attention of the last block [B, heads, tokens, tokens] with the"
            + " special tokens first."
      })
  static final class ModelRun implements Runnable {
    private static final int MAX_BATCH = 8;

    @Mixin private ModelOptions.RequiredBackbone backboneFile = new ModelOptions.RequiredBackbone();

    @Option(names = "--adapter", required = true, paramLabel = "A", description = "Adapter file.")
    private Path adapterFile = Path.of("");

    @Option(names = "--input", required = true, paramLabel = "X.npy", description = "Windows.")
    private Path input = Path.of("");

    @Option(
        names = "--logits",
        required = true,
        paramLabel = "L.npy",
        description = "Logits to write.")
    private Path logits = Path.of("");

    @Option(names = "--attention", paramLabel = "T.npy", description = "Attention to write.")
    private @Nullable Path attention;

    @Mixin private ModelOptions.DeviceOption device = new ModelOptions.DeviceOption();

    @Spec private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
      Npy x = Npy.read(input);
      Backbone backbone = backboneFile.load();
      Adapter adapter = Adapter.load(adapterFile);
      AdapterShape shape = adapter.shape();
      int batch = checkedBatch(x, shape);
      try (Scorer scorer = Scorer.open(backbone, adapter, device.settings(0, MAX_BATCH))) {
        int row = shape.columns() * shape.classes();
        int[] logitShape =
            shape.head() == HeadKind.COLUMNS
                ? new int[] {batch, shape.columns(), shape.classes()}
                : new int[] {batch, shape.classes()};
        new Npy(logitShape, joined(scorer.logits(x.values(), batch), row)).write(logits);
        if (attention != null) {
          Attention shares = scorer.logitsAndAttention(x.values(), batch);
          int n = shares.tokens();
          new Npy(
                  new int[] {batch, shares.heads(), n, n},
                  joined(shares.attention(), Math.multiplyExact(shares.heads(), n * n)))
              .write(attention);
        }
        spec.commandLine().getErr().printf("%d windows on %s%n", batch, scorer.deviceDescription());
      }
    }

    private int checkedBatch(Npy x, AdapterShape shape) {
      int[] found = x.shape();
      if (found.length != 3
          || found[0] < 1
          || found[1] != shape.windowFrames()
          || found[2] != shape.mels()) {
        throw new CliException(
            "%s: shape \"%s\": must be [B, %d, %d] (windows, frames, mels) for %s"
                .formatted(
                    input,
                    Arrays.toString(found),
                    shape.windowFrames(),
                    shape.mels(),
                    adapterFile));
      }
      return found[0];
    }

    private static float[] joined(float[][] rows, int length) {
      float[] all = new float[Math.multiplyExact(rows.length, length)];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(rows[i], 0, all, i * length, length);
      }
      return all;
    }
  }
}
