package dev.lookaside.deploy.console;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that does nothing without one of its subcommands: names them. */
public abstract class NounCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public final void run() {
    throw new ParameterException(
        spec.commandLine(), "no command given: " + String.join(", ", spec.subcommands().keySet()));
  }
}
