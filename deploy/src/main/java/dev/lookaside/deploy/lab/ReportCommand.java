package dev.lookaside.deploy.lab;

import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.report.RunFolder;
import dev.lookaside.deploy.report.RunReport;
import dev.lookaside.trainer.fit.AtomicFile;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside report}: a fit as a document. */
@Command(
    name = "report",
    footer = {
      "",
      "Example:",
      "  lookaside fit clips/ --backbone b.safetensors --run runs/first",
      "  lookaside evaluate clips/ --backbone b.safetensors --run runs/first",
      "  lookaside report runs/first --out first.html"
    },
    description = {
      "Write a fit and its evaluation as one HTML document.",
      "",
      "Loss and learning rate over steps; figures, classes, confusion matrix and precision-recall curves. One file that loads nothing "
          + "else. RUN is the folder that fit --run and evaluate --run write to."
    })
public final class ReportCommand implements Runnable {
  @Parameters(paramLabel = "RUN", description = "Folder of a run.")
  private Path folder = Path.of("");

  @Option(names = "--out", required = true, paramLabel = "R.html", description = "File to write.")
  private Path out = Path.of("");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    if (!Files.isDirectory(folder)) {
      throw new CliException("RUN \"" + folder + "\": is no folder");
    }
    String html = RunReport.html(new RunFolder(folder));
    AtomicFile.write(out, path -> Files.writeString(path, html));
    spec.commandLine().getErr().printf("%s: %,d characters%n", out, html.length());
  }
}
