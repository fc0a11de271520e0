package dev.lookaside.deploy.lab;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.weights.Activation;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.console.Progress;
import dev.lookaside.deploy.console.Terminal;
import dev.lookaside.deploy.report.RunFolder;
import dev.lookaside.deploy.service.StopClock;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.fit.AtomicFile;
import dev.lookaside.trainer.fit.CheckpointFile;
import dev.lookaside.trainer.fit.FitProgress;
import dev.lookaside.trainer.fit.ModelFit;
import dev.lookaside.trainer.fit.ParameterCount;
import dev.lookaside.trainer.fit.StepLog;
import dev.lookaside.trainer.fit.TrainableWeights;
import dev.lookaside.trainer.fit.Tune;
import dev.lookaside.trainer.recipe.Recipe;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside fit}: fits an adapter to clips. */
@Command(
    name = "fit",
    sortOptions = false,
    customSynopsis =
        "@|bold lookaside fit|@ CLIPS|--dataset=NAME --data=FOLDER --backbone=B [--init=A |"
            + " --tune=WHAT] [OPTIONS] --out=A2|--run=FOLDER",
    footer = {
      "",
      "Example:",
      "  lookaside fit clips/ --backbone b.safetensors --tune loaa-both --rank 8 --epochs 30 --log"
          + " steps.jsonl --out a.safetensors",
      "  lookaside fit --recipe epic-sounds/loaa-attn-t-2pct --data EPIC/ --backbone"
          + " deit.safetensors --out a.safetensors"
    },
    description = {
      "Fit an adapter (or a whole model) to a folder of class folders or a data set.",
      "",
      "Clips are cut or zero-padded to the window. A clip that cannot be read is named and left"
          + " out. A fit that was killed goes on with --resume and ends with the same bytes; its"
          + " checkpoint is OUT.checkpoint until then."
    })
public final class FitCommand implements Runnable {
  private static final Path NOWHERE = Path.of("");

  @Parameters(
      arity = "0..1",
      paramLabel = "CLIPS",
      description = "Folder of class folders of audio files; or --dataset and --data.")
  private @Nullable Path clipFolder;

  @Option(
      names = "--recipe",
      paramLabel = "NAME",
      description = "Options of a row of the LoAA paper (lookaside recipes); others given win.")
  private @Nullable String recipe;

  @Mixin private ModelOptions.RequiredBackbone backboneFile = new ModelOptions.RequiredBackbone();

  @Option(
      names = "--run",
      paramLabel = "FOLDER",
      description =
          "Folder for all of it: --out FOLDER/adapter.safetensors and --log FOLDER/steps.jsonl"
              + " unless given; lookaside report reads it.")
  private @Nullable Path runFolder;

  @Option(names = "--out", paramLabel = "A2", description = "Adapter to write.")
  private Path out = NOWHERE;

  @Option(
      names = "--out-backbone",
      paramLabel = "B2",
      description = "Backbone to write, with --tune full.")
  private @Nullable Path outBackbone;

  @Option(
      names = "--log",
      paramLabel = "STEPS.jsonl",
      description = "One object per step: step, epoch, loss, lr, windowsPerSecond.")
  private @Nullable Path log;

  @Option(names = "--resume", description = "Go on from the checkpoint, if there is one.")
  private boolean resume;

  @Option(names = "--strict", description = "Stop at a clip or recording that cannot be read.")
  private boolean strict;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "0",
      description = "CPU threads; 0 is one per core. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Mixin private ModelOptions.DeviceOption device = new ModelOptions.DeviceOption();

  @Mixin private Output output = new Output();

  @ArgGroup(validate = false, heading = "%nWhat is fitted:%n")
  private TuneOptions tune = new TuneOptions();

  @ArgGroup(validate = false, heading = "%nHow:%n")
  private FitOptions how = new FitOptions();

  @ArgGroup(validate = false, heading = "%nOn what:%n")
  private ExampleOptions what = new ExampleOptions();

  @ArgGroup(validate = false, heading = "%nWhich clips, instead of CLIPS:%n")
  private DataOptions data = new DataOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  /** What a fit is made of, once everything is read. */
  private record Plan(
      Backbone backbone,
      Adapter start,
      TrainingData data,
      ExampleSource source,
      boolean fromFile) {}

  @Override
  public void run() {
    if (recipe != null) {
      CommandLine command = spec.commandLine();
      Recipes.RecipeArguments.apply(
          TuneOptions.useful(Recipe.of(recipe).options(), command.getParseResult()), command);
    }
    tune.check(spec.commandLine().getParseResult());
    what.check(how.balanced());
    checkOutputs();
    try (TemporaryFolder temporary = new TemporaryFolder("lookaside-fit-")) {
      Plan plan = plan(temporary);
      ParameterCount count = count(plan);
      PrintWriter err = spec.commandLine().getErr();
      err.println(count);
      fit(plan, count, err);
    }
  }

  private void checkOutputs() {
    if (runFolder != null) {
      RunFolder run = new RunFolder(runFolder).made();
      out = out.equals(NOWHERE) ? run.adapter() : out;
      log = log == null ? run.steps() : log;
    } else if (out.equals(NOWHERE)) {
      throw new ParameterException(
          spec.commandLine(), "--out or --run: one of them must name the output");
    }
    if (tune.full() != (outBackbone != null)) {
      throw new CliException(
          outBackbone == null
              ? "--tune \"full\": needs --out-backbone, too"
              : "--out-backbone \"" + outBackbone + "\": only --tune full writes a backbone");
    }
    List<Path> outputs = new ArrayList<>(List.of(out));
    Optional.ofNullable(outBackbone).ifPresent(outputs::add);
    Optional.ofNullable(log).ifPresent(outputs::add);
    for (Path output : outputs) {
      Path folder = output.toAbsolutePath().getParent();
      if (folder == null || !Files.isDirectory(folder) || !Files.isWritable(folder)) {
        throw new CliException("\"%s\": its folder cannot be written to".formatted(output));
      }
    }
  }

  private Plan plan(TemporaryFolder temporary) {
    Backbone backbone = backboneFile.load();
    Optional<Adapter> init = tune.init();
    init.ifPresent(adapter -> adapter.checkFits(backbone));
    FrontEnd frontEnd = init.map(Adapter::frontEnd).orElseGet(tune::frontEnd);
    TrainingData read = data.training(clipFolder, init, frontEnd, what, strict);
    reportSkipped(read);
    Activation usual = what.detection() ? Activation.SIGMOID : Activation.SOFTMAX;
    Adapter start = init.orElseGet(() -> tune.fresh(backbone, read, usual, how.seed()));
    read.checkTeaches(what.detection(), text -> spec.commandLine().getErr().println(text));
    if (what.detection() && start.activation() != Activation.SIGMOID) {
      throw new CliException(
          "--activation \"%s\": must be sigmoid for --scenes and --task detection"
              .formatted(start.activation().word()));
    }
    Backbone used =
        tune.full()
            ? ModelFit.onGrid(backbone, start, temporary.path().resolve("start.safetensors"))
            : backbone;
    ExampleSource source = read.source(what, start, how.seed());
    return new Plan(used, start, read, source, init.isPresent());
  }

  private void reportSkipped(TrainingData read) {
    PrintWriter err = spec.commandLine().getErr();
    UnreadableItems unreadable = new UnreadableItems(err, Optional.empty());
    read.skipped().forEach(unreadable);
    unreadable.report(read.size() + unreadable.count(), read.unit());
    err.printf(
        Locale.ROOT, "%,d %s of %,d classes%n", read.size(), read.unit(), read.labels().size());
  }

  private ParameterCount count(Plan plan) {
    Tune moved = tune.full() ? new Tune.Full() : Tune.linearProbe();
    return ParameterCount.of(moved, plan.backbone(), plan.start().shape());
  }

  private void fit(Plan plan, ParameterCount count, PrintWriter err) {
    CheckpointFile checkpoint =
        new CheckpointFile(out.resolveSibling(out.getFileName() + ".checkpoint"));
    long begin = System.nanoTime();
    try (FitDisplay display = new FitDisplay(err, Terminal.interactive());
        StepLog steps = log == null ? null : new StepLog(log)) {
      LastStep last = new LastStep(steps == null ? List.of(display) : List.of(display, steps));
      try (ModelFit fit =
          new ModelFit(
              plan.backbone(),
              plan.start(),
              tune.full() ? TrainableWeights.EVERYTHING : TrainableWeights.ADAPTER,
              how.loss(plan.start().activation()),
              how.settings(),
              plan.source(),
              checkpoint,
              last,
              device.settings(threads, 1),
              how.keptLimitBytes())) {
        err.println(fit.deviceDescription());
        if (fit.recomputes()) {
          err.println("blocks are computed twice: a window's values are above --keep-mib");
        }
        try (Interruption ignored =
            Interruption.by(fit::stop, new StopClock(Interruption.STOP_TIMEOUT))) {
          fit.run(resume);
        }
        Adapter fitted = write(fit, plan);
        checkpoint.delete();
        report(fitted, plan, count, last, (System.nanoTime() - begin) * 1e-9);
      }
    }
  }

  private Adapter write(ModelFit fit, Plan plan) {
    String backboneDigest = plan.backbone().digest();
    Path file = outBackbone;
    if (file != null) {
      fit.writeBackbone(file);
      backboneDigest = Backbone.load(file).digest();
    }
    Optional<String> parent =
        plan.fromFile() ? Optional.of(plan.start().digest()) : Optional.empty();
    Adapter fitted = fit.adapter(backboneDigest, parent);
    AtomicFile.write(out, path -> Files.write(path, AdapterFactory.encode(fitted)));
    return fitted;
  }

  private void report(
      Adapter fitted, Plan plan, ParameterCount count, LastStep last, double seconds) {
    FitProgress.Step step = last.step();
    double loss = step == null ? Double.NaN : step.loss();
    if (output.json()) {
      ObjectNode done =
          JsonNodeFactory.instance
              .objectNode()
              .put("adapter", out.toString())
              .put("sha256", fitted.digest())
              .put("trainable", count.trainable())
              .put("percent", count.percent())
              .put(plan.data().unit(), plan.data().size())
              .put("skipped", plan.data().skipped().size())
              .put("seconds", seconds);
      if (step != null) {
        done.put("steps", step.step()).put("loss", loss);
      }
      output.print(() -> done, () -> {});
    }
    spec.commandLine()
        .getErr()
        .printf(Locale.ROOT, "%s: %s, %.1f s%n", out, ShortId.of(fitted.digest()), seconds);
  }

  /** Hands every step on and remembers the last one. */
  static final class LastStep implements FitProgress {
    private final List<FitProgress> others;
    private @Nullable Step step;

    LastStep(List<FitProgress> others) {
      this.others = List.copyOf(others);
    }

    /** Null before the first one. */
    @Nullable Step step() {
      return step;
    }

    @Override
    public void begun(long stepsDone) {
      others.forEach(o -> o.begun(stepsDone));
    }

    @Override
    public void stepped(Step next) {
      step = next;
      others.forEach(o -> o.stepped(next));
    }
  }

  /** How far a fit is; what is shown is the mean over the last steps. For the fit's thread. */
  static final class FitDisplay implements FitProgress, AutoCloseable {
    /** The mean is over about so many. */
    private static final int SHOWN_STEPS = 20;

    private final PrintWriter err;
    private final boolean terminal;
    private @Nullable Progress progress;
    private int timed;
    private double loss;
    private double windowsPerSecond;
    private double stepSeconds;

    FitDisplay(PrintWriter err, boolean terminal) {
      this.err = err;
      this.terminal = terminal;
    }

    @Override
    public void begun(long stepsDone) {
      if (stepsDone > 0) {
        err.printf(Locale.ROOT, "resuming after step %,d%n", stepsDone);
      }
      progress = new Progress(err, terminal, "fitting", "", 1, stepsDone, Progress.UNKNOWN);
    }

    @Override
    public void stepped(Step step) {
      timed = Math.min(timed + 1, SHOWN_STEPS);
      loss = smooth(loss, step.loss());
      windowsPerSecond = smooth(windowsPerSecond, step.windowsPerSecond());
      stepSeconds = smooth(stepSeconds, step.seconds());
      Progress shown = Objects.requireNonNull(progress);
      if (!terminal && step.step() == step.steps()) {
        shown.note(line(step));
        return;
      }
      shown.at(step.step(), step.steps(), () -> line(step));
      if (terminal) {
        shown.note(String.format(Locale.ROOT, "loss %.4f, %.0f windows/s", loss, windowsPerSecond));
      }
    }

    private String line(Step step) {
      long left = Math.round((step.steps() - step.step()) * stepSeconds);
      Duration d = Duration.ofSeconds(left);
      return String.format(
          Locale.ROOT,
          "epoch %d, step %,d of %,d, loss %.4f, %.0f windows/s, %d:%02d:%02d left",
          step.epoch(),
          step.step(),
          step.steps(),
          loss,
          windowsPerSecond,
          d.toHours(),
          d.toMinutesPart(),
          d.toSecondsPart());
    }

    private double smooth(double before, double now) {
      return before + (now - before) / timed;
    }

    @Override
    public void close() {
      if (progress != null) {
        progress.close();
      }
    }
  }
}
