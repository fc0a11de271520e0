package dev.lookaside.deploy.cli;

import dev.lookaside.trainer.label.Label;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lookaside label reject}. */
@Command(
    name = "reject",
    footer = {
      "",
      "Example:",
      "  lookaside label reject --stream yard --onset 2026-03-01T12:00:03Z --offset 2026-03-01T12:00:04Z",
    },
    description = "Say that what was detected does not sound there.")
final class LabelReject implements Runnable {
  @Mixin private LabelOptions options = new LabelOptions();
  @Mixin private JudgedDetection judged = new JudgedDetection();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    options.write(
        Label.reject(
            judged.find(options.ingest()), options.author(), Instant.now(), options.note()),
        spec.commandLine().getOut());
  }
}
