package dev.lookaside.deploy.cli;

import dev.lookaside.trainer.label.Label;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside label add}. */
@Command(
    name = "add",
    footer = {
      "",
      "Example:",
      "  lookaside label add --stream yard --label siren \\",
      "      --onset 2026-03-01T12:00:03Z --offset 2026-03-01T12:00:04.5Z --author ada",
    },
    description = {
      "Say that a class sounds where nothing was detected.",
      "",
      "A class that no adapter knows becomes a new one once there are enough labels of it.",
      "",
      "Two classes may sound at once, but where two thirds of the longer stretch are shared they are"
          + " taken for two names of one sound: of one author the newer counts, of two authors"
          + " neither does until they agree."
    })
final class LabelAdd implements Runnable {
  @Mixin private LabelOptions options = new LabelOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--stream", required = true, paramLabel = "ID", description = "The stream.")
  private String stream = "";

  @Option(
      names = "--label",
      required = true,
      paramLabel = "CLASS",
      description = "What sounds there.")
  private String label = "";

  @Option(
      names = "--onset",
      required = true,
      paramLabel = "TIME",
      description = "Capture time at which it begins, as 2026-03-01T12:00:00Z.")
  private String onset = "";

  @Option(
      names = "--offset",
      required = true,
      paramLabel = "TIME",
      description = "Capture time at which it ends.")
  private String offset = "";

  @Override
  public void run() {
    options.write(
        Label.add(
            LabelOptions.stream(stream),
            label,
            ReplayCommand.time("--onset", onset),
            ReplayCommand.time("--offset", offset),
            options.author(),
            Instant.now(),
            options.note()),
        spec.commandLine().getOut());
  }
}
