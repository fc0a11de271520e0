package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.RegistryException;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.console.CliException;
import picocli.CommandLine.Option;

/** For which streams a decision or a trainer is meant. */
final class ScopeOption {
  @Option(
      names = "--scope",
      paramLabel = "SCOPE",
      defaultValue = "*",
      description = "*, tenant:NAME or stream:ID. Default: ${DEFAULT-VALUE}.")
  private String text = "*";

  /**
   * The scope that the option names.
   *
   * @throws CliException if that is no scope
   */
  Scope get() {
    try {
      return Scope.parse(text);
    } catch (RegistryException e) {
      throw new CliException("--scope \"" + text + "\": must be *, tenant:NAME or stream:ID", e);
    }
  }
}
