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

/** {@code lookaside examples export}. */
@Command(
    name = "export",
    footer = {
      "",
      "Examples:",
      "  lookaside examples export corrections",
      "  lookaside fit --dataset csv --data corrections --backbone vit.safetensors --out a.safetensors",
    },
    description = {
      "Write the usable examples as a data set: a table and their audio.",
      "",
      "FOLDER/clips.csv has path, label, split, onset, offset and where each example is from; fit --dataset csv reads it."
    })
final class ExamplesExport implements Runnable {
  /** What {@code --dataset csv} looks for in a folder. */
  static final String TABLE = "clips.csv";

  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "FOLDER", description = "Folder to write, without a table so far.")
  private Path folder = Path.of("");

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    Path table = folder.resolve(TABLE);
    if (Files.exists(table)) {
      throw new CliException("\"" + table + "\": is there already; give another folder");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (ExampleStore store = access.open()) {
      int examples = store.exportTo(table);
      out.println(
          json
              ? JsonNodeFactory.instance
                  .objectNode()
                  .put("table", table.toString())
                  .put("examples", examples)
                  .toPrettyString()
              : examples + " examples  " + table);
    }
    out.flush();
  }
}
