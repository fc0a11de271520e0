package dev.lookaside.deploy.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter}: the adapters on Kafka, and the ledger that says which is in force. */
@Command(
    name = "adapter",
    subcommands = {
      AdapterList.class,
      AdapterShow.class,
      AdapterVerify.class,
      AdapterPublish.class,
      AdapterShadow.class,
      AdapterPromote.class,
      AdapterRollback.class,
      AdapterPin.class,
      AdapterExport.class,
      AdapterDiff.class
    },
    footer = {"", "Example:", "  lookaside adapter promote 3f2a"},
    description = "Publish adapters and decide which one is in force, where and since when.")
final class AdapterCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: " + String.join(", ", spec.subcommands().keySet()));
  }
}
