package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintWriter;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Where a command prints its result, and whether for people or as JSON. */
final class Output {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print JSON, one object or an array, instead of text.")
  private boolean json;

  boolean json() {
    return json;
  }

  PrintWriter out() {
    return spec.commandLine().getOut();
  }

  PrintWriter err() {
    return spec.commandLine().getErr();
  }

  /** Prints one of the two; the other one is not made. */
  void print(Supplier<? extends JsonNode> object, Runnable text) {
    if (json) {
      out().println(object.get().toPrettyString());
    } else {
      text.run();
    }
    out().flush();
  }

  /** Prints one of the two. */
  void print(JsonNode object, String text) {
    print(() -> object, () -> out().println(text));
  }
}
