package dev.lookaside.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside label}: what people say about detections, and what becomes of it. */
@Command(
    name = "label",
    subcommands = {
      LabelAdd.class,
      LabelConfirm.class,
      LabelReject.class,
      LabelRelabel.class,
      LabelRetract.class,
      LabelList.class,
      LabelShow.class
    },
    footer = {
      "",
      "Example:",
      "  lookaside label add --stream yard --label siren \\",
      "      --onset 2026-03-01T12:00:03Z --offset 2026-03-01T12:00:04.5Z",
    },
    description = "Say what was heard wrongly or not at all, and see what has become of it.")
final class LabelCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: " + String.join(", ", spec.subcommands().keySet()));
  }
}
