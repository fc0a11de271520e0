package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.hub.BackboneFiles;
import dev.lookaside.deploy.plot.AttentionPlot;
import dev.lookaside.deploy.plot.AttentionScene;
import dev.lookaside.deploy.plot.Plot;
import dev.lookaside.deploy.plot.Scene;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.audio.AudioFiles;
import dev.lookaside.ingest.audio.Pcm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside explain}: where a model looks, as a picture. */
@Command(
    name = "explain",
    footer = {
      "",
      "Examples:",
      "  lookaside explain door.wav --at 1.8 --out door.png",
      "  lookaside explain door.wav --backbone b.safetensors --adapter before.safetensors --adapter"
          + " after.safetensors --out two.png"
    },
    description = {
      "Draw where models look in an audio file at a chosen time.",
      "",
      "A PNG with the log-mel and, for the backbone alone and each adapter, the attention of the"
          + " patches at that time over the (frequency, time) grid of the window around it: the"
          + " mean over those patches and over the heads. What an adapter adds in a block shows"
          + " from the next block on."
    })
public final class Explain implements Runnable {
  /** Who looks. */
  enum From {
    PATCHES,
    SPECIALS;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Parameters(paramLabel = "FILE", description = "WAV, FLAC, OGG or MP3.")
  private Path file = Path.of("");

  @Option(
      names = "--at",
      paramLabel = "SECONDS",
      description = "The time. Default: where the first adapter's highest posterior is.")
  private @Nullable Double at;

  @Option(
      names = "--onset",
      paramLabel = "N",
      description = "The onset of the Nth event that the first adapter detects, in place of --at.")
  private @Nullable Integer onset;

  @Option(
      names = "--hz",
      paramLabel = "F",
      description = "Only the patch at this frequency looks. Default: all patches of the time.")
  private @Nullable Double hz;

  @Option(
      names = "--from",
      paramLabel = "WHO",
      defaultValue = "patches",
      description =
          "patches, or specials: cls and dist, from which a clip head reads its logits. Default:"
              + " ${DEFAULT-VALUE}.")
  private From from = From.PATCHES;

  @Option(
      names = "--layer",
      paramLabel = "K",
      description = "Block 1 to the backbone's depth. Default: the last.")
  private @Nullable Integer layer;

  @Option(
      names = "--backbone",
      paramLabel = "B",
      description =
          "Backbone: a file, or a name of lookaside backbone list. Default: the small model that"
              + " comes with the program.")
  private @Nullable Path backboneFile;

  @Option(
      names = "--adapter",
      paramLabel = "A",
      description = "Adapter file that fits the backbone; may be given several times.")
  private List<Path> adapterFiles = List.of();

  @Option(names = "--heads", description = "Show each attention head, too.")
  private boolean heads;

  @Option(names = "--out", paramLabel = "P.png", description = "Picture to write.")
  private @Nullable Path out;

  @Option(
      names = "--width",
      paramLabel = "PIXELS",
      defaultValue = "1600",
      description = "Width of the picture. Default: ${DEFAULT-VALUE}.")
  private int width;

  @Mixin private Output output = new Output();

  @Mixin private ModelOptions.DeviceOption device = new ModelOptions.DeviceOption();

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    if (width < Plot.MIN_WIDTH || width > Plot.MAX_WIDTH) {
      throw wrong("--width \"%d\": must be %d to %d", width, Plot.MIN_WIDTH, Plot.MAX_WIDTH);
    }
    if (out == null && !output.json()) {
      throw wrong("--out or --json: one of them must name the output");
    }
    if (at != null && onset != null) {
      throw wrong("--onset \"%d\": excludes --at \"%s\"", onset, at);
    }
    Pcm pcm = AudioFiles.read(file);
    Path backbone = backboneFile;
    if (backbone != null && !adapterFiles.isEmpty()) {
      explain(pcm, BackboneFiles.of(backbone, spec.commandLine().getErr()::println), adapterFiles);
    } else {
      ModelOptions.checkTogether(backbone, adapterFiles.isEmpty() ? null : adapterFiles.get(0));
      try (BundledModel bundled = BundledModel.open()) {
        explain(pcm, bundled.backbone(), List.of(bundled.adapter()));
      }
    }
  }

  private void explain(Pcm pcm, Path backboneFile, List<Path> adapterFiles) {
    Backbone backbone = Backbone.load(backboneFile);
    List<Adapter> adapters = new ArrayList<>();
    for (Path adapterFile : adapterFiles) {
      Adapter adapter = Adapter.load(adapterFile);
      adapter.checkFits(backbone);
      adapters.add(adapter);
    }
    Explanation.Question question =
        new Explanation.Question(
            seconds(pcm, backboneFile, adapterFiles.get(0)),
            block(backbone),
            hz(adapters),
            from == From.SPECIALS);
    List<Explanation> answers = new ArrayList<>();
    answers.add(ask(pcm, backbone, withoutAdapter(backbone, adapters.get(0)), question, true));
    for (Adapter adapter : adapters) {
      answers.add(ask(pcm, backbone, adapter, question, false));
    }
    if (out != null) {
      write(out, pcm, backbone, adapters.get(0), question, answers);
    }
    if (output.json()) {
      output.print(() -> json(backbone, question, answers), () -> {});
    }
  }

  /** The same window and normalisation, and a head that nobody reads. */
  private static Adapter withoutAdapter(Backbone backbone, Adapter like) {
    return AdapterFactory.fresh(
        backbone.spec(),
        new AdapterFactory.Meaning(
            like.labels(),
            like.activation(),
            like.head(),
            like.frontEnd(),
            like.windowFrames(),
            like.mean(),
            like.std(),
            like.shape().stride()),
        Optional.empty(),
        Optional.empty(),
        0,
        0);
  }

  private Explanation ask(
      Pcm pcm, Backbone backbone, Adapter adapter, Explanation.Question question, boolean alone) {
    try (Scorer scorer = Scorer.open(backbone, adapter, device.settings(0, 1))) {
      return Explanation.of(scorer, frames(pcm, adapter.frontEnd()), question, alone);
    }
  }

  private float[][] frames(Pcm pcm, FrontEnd frontEnd) {
    float[][] frames = Features.frames(pcm, frontEnd);
    if (frames.length == 0) {
      throw new CliException(
          "%s: %d samples at %d Hz are shorter than one frame of %s"
              .formatted(file, pcm.lengthSamples(), pcm.rateHz(), frontEnd));
    }
    return frames;
  }

  private double seconds(Pcm pcm, Path backbone, Path adapter) {
    if (at != null) {
      if (!(at >= 0 && at <= pcm.seconds())) {
        throw new CliException(
            String.format(
                Locale.ROOT,
                "--at \"%s\": must be 0 to %.3f, the end of %s",
                at,
                pcm.seconds(),
                file));
      }
      return at;
    }
    try (OfflineModel model =
        OfflineModel.open(backbone, adapter, ModelOptions.settings(null, device.get()))) {
      ClipDetections found = model.detect(pcm);
      if (onset == null) {
        return highest(found, pcm.seconds());
      }
      if (onset < 1 || onset > found.events().size()) {
        throw new CliException(
            "--onset \"%d\": must be 1 to %d, the events in %s"
                .formatted(onset, found.events().size(), file));
      }
      return found.events().get(onset - 1).onsetSeconds();
    }
  }

  private static double highest(ClipDetections found, double seconds) {
    float highest = Float.NEGATIVE_INFINITY;
    double at = 0;
    for (int cell = 0; cell < found.curve().length; cell++) {
      for (float posterior : found.curve()[cell]) {
        if (posterior > highest) {
          highest = posterior;
          at = (cell + 0.5) * found.cellSeconds();
        }
      }
    }
    return Math.min(at, seconds);
  }

  private int block(Backbone backbone) {
    int depth = backbone.spec().depth();
    if (layer == null) {
      return depth - 1;
    }
    if (layer < 1 || layer > depth) {
      throw new CliException(
          "--layer \"%d\": must be 1 to %d, the blocks of the backbone".formatted(layer, depth));
    }
    return layer - 1;
  }

  private @Nullable Double hz(List<Adapter> adapters) {
    double highest = adapters.get(0).frontEnd().rateHz() / 2.0;
    if (hz != null && !(hz >= 0 && hz <= highest)) {
      throw new CliException("--hz \"%s\": must be 0 to %.0f".formatted(hz, highest));
    }
    if (hz != null && from == From.SPECIALS) {
      throw wrong("--hz \"%s\": excludes --from specials", hz);
    }
    return hz;
  }

  private void write(
      Path picture,
      Pcm pcm,
      Backbone backbone,
      Adapter first,
      Explanation.Question question,
      List<Explanation> answers) {
    String who =
        question.specials()
            ? "special tokens"
            : question.hz() == null
                ? "the patches at %.2f s".formatted(question.atSeconds())
                : "the patch at %.2f s, %.0f Hz".formatted(question.atSeconds(), question.hz());
    String subtitle =
        "Where %s look%s in block %d of %d, mean over %d heads; backbone %s"
            .formatted(
                who,
                question.hz() == null ? "" : "s",
                question.block() + 1,
                backbone.spec().depth(),
                backbone.spec().heads(),
                backbone.digest().substring(0, 8));
    Scene clip =
        new Scene(
            String.valueOf(file.getFileName()),
            subtitle,
            pcm.seconds(),
            first.frontEnd(),
            frames(pcm, first.frontEnd()),
            List.of(),
            new float[0],
            new Scene.Curve(0, 1, new float[0][]),
            List.of());
    AttentionScene scene =
        new AttentionScene(
            clip, question.atSeconds(), answers.stream().map(Explanation::view).toList(), heads);
    try {
      AttentionPlot.write(scene, width, picture);
    } catch (IOException e) {
      throw new CliException(
          "--out \"" + picture + "\": cannot be written: " + Errors.describe(e), e);
    }
    spec.commandLine()
        .getErr()
        .printf(
            Locale.ROOT, "%s: %.2f s, %d models%n", picture, question.atSeconds(), answers.size());
  }

  private ObjectNode json(
      Backbone backbone, Explanation.Question question, List<Explanation> answers) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("file", file.toString());
    node.put("at", question.atSeconds());
    node.put("hz", question.hz());
    node.put("from", from.toString());
    node.put("layer", question.block() + 1);
    node.put("backbone", backbone.digest());
    ArrayNode models = node.putArray("models");
    answers.forEach(answer -> models.add(answer.json(heads)));
    return node;
  }

  private ParameterException wrong(String format, Object... values) {
    return new ParameterException(spec.commandLine(), String.format(Locale.ROOT, format, values));
  }
}
