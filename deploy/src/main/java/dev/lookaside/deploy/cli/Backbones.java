package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.BackboneWriter;
import dev.lookaside.classifier.weights.FloatType;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.ViTSpec;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.console.Progress;
import dev.lookaside.deploy.console.Terminal;
import dev.lookaside.deploy.hub.BackboneFiles;
import dev.lookaside.deploy.hub.Hub;
import dev.lookaside.deploy.hub.HubProgress;
import dev.lookaside.deploy.hub.HubRepo;
import dev.lookaside.deploy.hub.HubSettings;
import dev.lookaside.deploy.hub.KnownBackbone;
import dev.lookaside.trainer.fit.AtomicFile;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside backbone}: looks into backbone files. */
@Command(
    name = "backbone",
    footer = {"", "Example:", "  lookaside backbone check backbone.safetensors"},
    description = "Download, list, check or convert backbones, or write a random one.")
final class Backbones implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: fetch, list, check, convert or random");
  }

  @Command(
      name = "check",
      footer = {
        "",
        "Example:",
        "  lookaside backbone check deit_base_distilled_patch16_384.safetensors"
      },
      description = {
        "Describe a backbone file, or name what keeps it from being used.",
        "",
        "Recognises timm's DeiT and ViT, Hugging Face's AST, ViT and DeiT, and the official AST and SSAST weights, as "
            + "safetensors, also in several files: give their *.index.json. Names may begin with module., model. or "
            + "_orig_mod. A file that cannot be used is an error that names the tensor, the expected and the found shape."
      })
  void check(
      @Parameters(
              paramLabel = "FILE",
              description =
                  "Safetensors file, the *.index.json of several, or a name of backbone list.")
          Path file,
      @Mixin Output output) {
    Backbone backbone = Backbone.load(BackboneFiles.of(file, output.err()::println));
    output.print(() -> json(file, backbone), () -> output.out().print(text(file, backbone)));
  }

  @Command(
      name = "fetch",
      footer = {
        "",
        "Examples:",
        "  lookaside backbone fetch deit-base-distilled-384",
        "  lookaside backbone fetch timm/deit_tiny_patch16_224.fb_in1k@main"
      },
      description = {
        "Download a backbone from a Hugging Face hub, or bring a cached one up to date.",
        "",
        "Prints its file. Files lie in the cache that Hugging Face's tools share; what is there is not downloaded again, a download "
            + "that broke off goes on, and every file is checked against the hub's digest. HF_ENDPOINT, HF_TOKEN, HF_HOME, "
            + "HF_HUB_CACHE and HF_HUB_OFFLINE are read as those tools read them."
      })
  void fetch(
      @Parameters(
              paramLabel = "NAME|REPO[@REVISION]",
              description = "A name of backbone list, or OWNER/NAME on the hub.")
          String name) {
    PrintWriter err = spec.commandLine().getErr();
    HubRepo repo =
        BackboneFiles.repo(name)
            .orElseThrow(
                () ->
                    new CliException(
                        "\"%s\": must be OWNER/NAME[@REVISION] or one of %s"
                            .formatted(name, String.join(", ", KnownBackbone.words()))));
    try (Display display = new Display(err)) {
      Path file = new Hub(HubSettings.ofEnvironment(), display).fetch(repo);
      spec.commandLine().getOut().println(file);
    }
    spec.commandLine().getOut().flush();
  }

  @Command(
      name = "list",
      footer = {"", "Example:", "  lookaside backbone list"},
      description = {
        "List the backbones that have a short name: licence, size, tokens, and what each is good for.",
        "",
        "TOKENS are those of a window of 128 frames (1.3 s) and of 512 (5 s). Nothing is asked of the network."
      })
  void list(@Mixin Output output) {
    Hub hub = new Hub(HubSettings.ofEnvironment(), HubProgress.SILENT);
    Output.Table table =
        output.table(
            "%-24s %-13s %7.1f %5d %10s %-7s %s",
            "NAME", "LICENCE", "MB", "WIDTH", "TOKENS", "CACHED", "FROM AND FOR");
    for (KnownBackbone known : KnownBackbone.values()) {
      String from = known.elsewhere().orElseGet(() -> known.repo().map(HubRepo::name).orElse(""));
      boolean cached = known.elsewhere().isEmpty() && known.repo().flatMap(hub::cached).isPresent();
      table.row(
          JsonNodeFactory.instance
              .objectNode()
              .put("name", known.word())
              .put("from", from)
              .put("licence", known.licence())
              .put("parameters", known.parameters())
              .put("width", known.width())
              .put("cached", cached)
              .put("use", known.use()),
          known.word(),
          known.licence(),
          known.parameters() * (double) Float.BYTES / 1e6,
          known.width(),
          known.tokens(128) + " / " + known.tokens(512),
          cached ? "yes" : "no",
          from + ": " + known.use());
    }
    output.end(table);
  }

  @Command(
      name = "convert",
      footer = {
        "",
        "Example:",
        "  lookaside backbone convert deit-tiny --blocks 8 --type f16 --out small.safetensors"
      },
      description = {
        "Write a backbone with fewer blocks or in 16 bits, under timm's names, with a stem of one channel.",
        "",
        "Heads that it was trained with are left out. It is another backbone then: adapters are fitted anew."
      })
  void convert(
      @Parameters(paramLabel = "B", description = "Backbone: a file, or a name of backbone list.")
          Path file,
      @Option(
              names = "--blocks",
              paramLabel = "N",
              description = "Keep the first N blocks. Default: all.")
          @Nullable Integer blocks,
      @Option(
              names = "--type",
              paramLabel = "T",
              defaultValue = "f32",
              description = "f32, f16 or bf16. Default: ${DEFAULT-VALUE}.")
          FloatType type,
      @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
          Path out) {
    PrintWriter err = spec.commandLine().getErr();
    Backbone backbone = Backbone.load(BackboneFiles.of(file, err::println));
    int depth = backbone.spec().depth();
    int kept = blocks == null ? depth : blocks;
    if (kept < 1 || kept > depth) {
      throw new CliException(
          "--blocks \"%d\": must be 1 to %d, the blocks of %s".formatted(kept, depth, file));
    }
    AtomicFile.write(out, path -> BackboneWriter.convert(path, backbone, kept, type));
    err.println(out + ": " + Backbone.load(out).digest());
  }

  @Command(
      name = "random",
      footer = {
        "",
        "Example:",
        "  lookaside backbone random --like deit-base --seed 1 --out random.safetensors"
      },
      description = {
        "Write a backbone of random weights.",
        "",
        "For measuring and trying out: timm's DeiT-distilled names and shapes, nothing learnt."
      })
  void random(
      @Option(
              names = "--like",
              required = true,
              paramLabel = "NAME",
              description = "deit-tiny, deit-small, deit-base, deit-base-384 or demo.")
          String like,
      @Option(
              names = "--seed",
              defaultValue = "1",
              description = "Same seed, same file. Default: ${DEFAULT-VALUE}.")
          long seed,
      @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
          Path out) {
    RandomBackbone.Like known;
    try {
      known = RandomBackbone.Like.of(like);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          spec.subcommands().get("random"),
          "--like \""
              + like
              + "\": must be deit-tiny, deit-small, deit-base, deit-base-384 or demo",
          e);
    }
    RandomBackbone.write(out, known, seed, false);
    spec.commandLine().getErr().println(out + ": random " + known.word());
  }

  private static String text(Path file, Backbone backbone) {
    ViTSpec vit = backbone.spec();
    return """
        file        %s
        layout      %s
        width       %d
        depth       %d
        heads       %d of %d
        MLP         %d
        tokens      %spatches
        grid        %d x %d positions (frequency x time)
        parameters  %s
        sha256      %s
        """
        .formatted(
            file,
            backbone.layout(),
            vit.width(),
            vit.depth(),
            vit.heads(),
            vit.headWidth(),
            vit.mlpWidth(),
            List.of("", "cls, ", "cls, dist, ").get(vit.specials()),
            vit.gridRows(),
            vit.gridColumns(),
            String.format(Locale.ROOT, "%,d", backbone.parameters()),
            backbone.digest());
  }

  private static ObjectNode json(Path file, Backbone backbone) {
    ViTSpec vit = backbone.spec();
    return JsonNodeFactory.instance
        .objectNode()
        .put("file", file.toString())
        .put("layout", backbone.layout())
        .put("width", vit.width())
        .put("depth", vit.depth())
        .put("heads", vit.heads())
        .put("mlpWidth", vit.mlpWidth())
        .put("specialTokens", vit.specials())
        .put("gridRows", vit.gridRows())
        .put("gridColumns", vit.gridColumns())
        .put("parameters", backbone.parameters())
        .put("sha256", backbone.digest());
  }

  /** How far a download is. */
  private static final class Display implements HubProgress, AutoCloseable {
    private static final double MB = 1e6;

    private final PrintWriter err;
    private @Nullable Progress progress;
    private String file = "";
    private long bytes;

    Display(PrintWriter err) {
      this.err = err;
    }

    @Override
    public void begin(String name, long from, long ofBytes) {
      close();
      file = name;
      bytes = ofBytes;
      boolean terminal = Terminal.interactive();
      progress = new Progress(err, terminal, name, " MB", (long) MB, from, ofBytes);
      if (!terminal) {
        progress.note(line(from));
      }
    }

    @Override
    public void at(long at) {
      if (progress != null) {
        progress.at(at, bytes, () -> line(at));
      }
    }

    private String line(long at) {
      return String.format(Locale.ROOT, "%s: %.1f of %.1f MB", file, at / MB, bytes / MB);
    }

    @Override
    public void end() {
      close();
    }

    @Override
    public void again(String why) {
      close();
      err.println(file + (file.isEmpty() ? "" : ": ") + why + ", tried again");
    }

    @Override
    public void close() {
      if (progress != null) {
        progress.close();
        progress = null;
      }
    }
  }
}
