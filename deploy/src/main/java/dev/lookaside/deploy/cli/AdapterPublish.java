package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Preparation;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.deploy.console.CliException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter publish}. */
@Command(
    name = "publish",
    footer = {"", "Example:", "  lookaside adapter publish adapter.safetensors"},
    description = {
      "Put an adapter file on the topic, so that it can be promoted.",
      "",
      "A file that a worker with these settings would refuse is not published. Adapters that no"
          + " decision needs any more are taken away from the topic on the same occasion."
    })
final class AdapterPublish implements Runnable {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "FILE", description = "Adapter file (safetensors).")
  private Path file = Path.of("");

  @Option(
      names = "--keep-days",
      paramLabel = "N",
      description =
          "Take away adapters published before so long that no decision since then needs (setting"
              + " lookaside.classifier.registry.keep-days).")
  private @Nullable Integer keepDays;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    Integer days = keepDays;
    if (days != null && days < 1) {
      throw new CliException("--keep-days \"" + days + "\": must be 1 or more");
    }
    Duration keep = days == null ? access.registry().keep() : Duration.ofDays(days);
    byte[] bytes = AdapterVerify.read(file);
    if (AdapterVerify.check(access, bytes) instanceof Preparation.Refused refused) {
      throw new CliException(file + ": " + refused.refusal().message());
    }
    PrintWriter out = spec.commandLine().getOut();
    try (RegistryView view = access.view();
        RegistryWriter writer = access.writer()) {
      String digest = writer.publish(bytes);
      view.refresh();
      Set<String> pruned = new TreeSet<>(writer.prune(view, Instant.now(), keep));
      if (json) {
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("adapter", digest);
        pruned.forEach(node.putArray("removed")::add);
        out.println(node.toPrettyString());
      } else {
        out.println(digest);
        pruned.forEach(d -> out.println("removed " + d));
      }
    }
    out.flush();
  }
}
