package dev.lookaside.deploy.cli;

import dev.lookaside.trainer.label.Label;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lookaside label confirm}. */
@Command(
    name = "confirm",
    footer = {
      "",
      "Example:",
      "  lookaside label confirm --detection 3f2a9c11",
    },
    description = "Say that a detection is right.")
final class LabelConfirm implements Runnable {
  @Mixin private LabelOptions options = new LabelOptions();
  @Mixin private JudgedDetection judged = new JudgedDetection();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    options.write(
        Label.confirm(
            judged.find(options.ingest()), options.author(), Instant.now(), options.note()),
        spec.commandLine().getOut());
  }
}
