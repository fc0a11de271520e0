package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.classifier.weights.RandomBackbone;
import dev.lookaside.classifier.weights.ViTSpec;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside backbone}: looks into backbone files. */
@Command(
    name = "backbone",
    footer = {"", "Example:", "  lookaside backbone check backbone.safetensors"},
    description = "Check a backbone file, or write a random one.")
final class Backbones implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given: check or random");
  }

  @Command(
      name = "check",
      footer = {
        "",
        "Example:",
        "  lookaside backbone check deit_base_distilled_patch16_384.safetensors"
      },
      description = {
        "Say what a backbone file is.",
        "",
        "Recognises timm's DeiT and ViT, Hugging Face's AST, ViT and DeiT, and the official AST and SSAST weights, as "
            + "safetensors. A file that cannot be used is an error that names the tensor, the expected and the found shape."
      })
  void check(
      @Parameters(paramLabel = "FILE", description = "Safetensors file.") Path file,
      @Option(names = "--json", description = "Print one JSON object.") boolean json) {
    Backbone backbone = Backbone.load(file);
    PrintWriter out = spec.commandLine().getOut();
    out.print(
        json
            ? json(file, backbone).toPrettyString() + System.lineSeparator()
            : text(file, backbone));
    out.flush();
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
        tokens      %s, patches
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
            vit.specials() == 2 ? "cls, dist" : "cls",
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
}
