package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.trainer.store.ExampleStore;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside examples import}. */
@Command(
    name = "import",
    footer = {
      "",
      "Examples:",
      "  lookaside examples import corrections --store /var/lib/lookaside",
      "  lookaside examples import clips.csv",
    },
    description = {
      "Add the clips of a table to the store, which is made if there is none.",
      "",
      "A table of lookaside examples export comes back as it went, splits and labels included. One with path, label and "
          + "split alone (onset and offset in seconds if wanted) becomes seeds. What is there already changes nothing, so "
          + "that an import that broke off can be done again."
    })
final class ExamplesImport implements Runnable {
  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FOLDER|CSV",
      description = "The table, or a folder with " + ExamplesExport.TABLE + ".")
  private Path place = Path.of("");

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    Path table = Files.isDirectory(place) ? place.resolve(ExamplesExport.TABLE) : place;
    if (!Files.isRegularFile(table)) {
      throw new CliException("\"" + table + "\": no such table");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (ExampleStore store = access.openOrMake()) {
      int before = store.all().size();
      int lines = store.importFrom(table);
      int added = store.all().size() - before;
      out.println(
          json
              ? JsonNodeFactory.instance
                  .objectNode()
                  .put("store", store.folder().toString())
                  .put("lines", lines)
                  .put("added", added)
                  .toPrettyString()
              : "%d lines, %d new examples  %s".formatted(lines, added, store.folder()));
    }
    out.flush();
  }
}
