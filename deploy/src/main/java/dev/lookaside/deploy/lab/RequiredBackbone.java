package dev.lookaside.deploy.lab;

import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.hub.BackboneFiles;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The backbone of a command that has none by default; downloaded first if it is a name. */
final class RequiredBackbone {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--backbone",
      required = true,
      paramLabel = "B",
      description = "Backbone: a file, or a name of lookaside backbone list.")
  private Path given = Path.of("");

  /** Its file. */
  Path file() {
    return BackboneFiles.of(given, spec.commandLine().getErr()::println);
  }

  /** What it holds; the caller closes nothing. */
  Backbone load() {
    return Backbone.load(file());
  }
}
