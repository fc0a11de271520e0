package dev.lookaside.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside examples}: the trainer's store. */
@Command(
    name = "examples",
    subcommands = {
      ExamplesStats.class,
      ExamplesList.class,
      ExamplesConflicts.class,
      ExamplesExport.class,
      ExamplesImport.class
    },
    footer = {"", "Example:", "  lookaside examples conflicts"},
    description = "See, export and import what the trainer fits on and judges by.")
final class ExamplesCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: " + String.join(", ", spec.subcommands().keySet()));
  }
}
