package dev.lookaside.deploy.cli;

import dev.lookaside.trainer.label.Label;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside label relabel}. */
@Command(
    name = "relabel",
    footer = {
      "",
      "Example:",
      "  lookaside label relabel --detection 3f2a9c11 --label siren",
    },
    description = "Say that another class sounds where one was detected.")
final class LabelRelabel implements Runnable {
  @Mixin private LabelOptions options = new LabelOptions();
  @Mixin private JudgedDetection judged = new JudgedDetection();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--label",
      required = true,
      paramLabel = "CLASS",
      description = "What sounds there.")
  private String label = "";

  @Override
  public void run() {
    options.write(
        Label.relabel(
            judged.find(options.ingest()), label, options.author(), Instant.now(), options.note()),
        spec.commandLine().getOut());
  }
}
