package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Preparation;
import dev.lookaside.classifier.registry.RegistryException;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Safetensors;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter verify}. */
@Command(
    name = "verify",
    footer = {
      "",
      "Examples:",
      "  lookaside adapter verify adapter.safetensors",
      "  lookaside adapter verify 3f2a --json"
    },
    description = {
      "Check whether a worker with these settings would use an adapter.",
      "",
      "An adapter of the topic is checked with its slices; both are tried on a window. Exit code 1 if it would be refused."
    })
final class AdapterVerify implements Callable<Integer> {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "ADAPTER", description = "File, or (the beginning of) a digest.")
  private String what = "";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() {
    String digest = what;
    String refusal = "";
    try {
      byte[] file = bytes();
      digest = Safetensors.sha256(file);
      Preparation.Result result = check(access, file);
      if (result instanceof Preparation.Refused refused) {
        refusal = refused.refusal().message();
      }
    } catch (RegistryException e) {
      refusal = String.valueOf(e.getMessage());
    }
    PrintWriter out = spec.commandLine().getOut();
    boolean sound = refusal.isEmpty();
    if (json) {
      ObjectNode node = JsonNodeFactory.instance.objectNode();
      node.put("adapter", digest).put("sound", sound).put("refusal", sound ? null : refusal);
      out.println(node.toPrettyString());
    } else {
      out.println(digest + (sound ? "  sound" : "  refused: " + refusal));
    }
    out.flush();
    return sound ? 0 : 1;
  }

  private byte[] bytes() {
    Path file = Path.of(what);
    if (Files.isRegularFile(file)) {
      return read(file);
    }
    try (RegistryView view = access.view()) {
      return view.file(RegistryAccess.digest(view, what), access.registry().maxBytes());
    }
  }

  static byte[] read(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a worker with these settings would say of a file that nobody has judged. */
  static Preparation.Result check(RegistryAccess access, byte[] file) {
    Instant now = Instant.now();
    Cutover unjudged =
        new Cutover(
            Scope.ALL,
            1,
            Safetensors.sha256(file),
            now,
            "verify",
            "nobody",
            now,
            null,
            null,
            null,
            null,
            null);
    return access.withModel(
        (sessions, features) -> new Preparation(sessions, features).prepare(unjudged, file));
  }
}
