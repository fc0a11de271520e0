package dev.lookaside.deploy.lab;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside model}: models as such, without audio. */
@Command(
    name = "model",
    footer = {"", "Example:", "  lookaside model run --help"},
    description = "Run a model on given numbers.",
    subcommands = ModelRun.class)
public final class Models implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "no command given: run");
  }
}
