package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.registry.RegistryView;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter export}. */
@Command(
    name = "export",
    footer = {"", "Example:", "  lookaside adapter export 3f2a --out adapter.safetensors"},
    description = "Write an adapter of the topic to a file, its digest checked.")
final class AdapterExport implements Runnable {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
  private String start = "";

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
  private Path file = Path.of("");

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (RegistryView view = access.view()) {
      String digest = RegistryAccess.digest(view, start);
      byte[] bytes = view.file(digest, access.registry().maxBytes());
      Files.write(file, bytes);
      out.println(
          json
              ? JsonNodeFactory.instance
                  .objectNode()
                  .put("adapter", digest)
                  .put("file", file.toString())
                  .put("bytes", bytes.length)
                  .toPrettyString()
              : digest + "  " + file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.flush();
  }
}
