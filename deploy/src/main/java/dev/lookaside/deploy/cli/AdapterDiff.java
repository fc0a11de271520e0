package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.FloatTensor;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter diff}. */
@Command(
    name = "diff",
    footer = {"", "Example:", "  lookaside adapter diff 3f2a new.safetensors"},
    description = {
      "Say what differs between two adapters: metadata, and how far each tensor has moved.",
      "",
      "The distance of a tensor is the Euclidean norm of the difference over that of the first."
    })
final class AdapterDiff implements Runnable {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "A", description = "File, or (the beginning of) a digest.")
  private String first = "";

  @Parameters(index = "1", paramLabel = "B", description = "File, or (the beginning of) a digest.")
  private String second = "";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    ObjectNode root = diff(load(first), load(second));
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(root.toPrettyString());
    } else {
      root.get("metadata")
          .properties()
          .forEach(
              e ->
                  out.printf(
                      "%-16s %s -> %s%n",
                      e.getKey(),
                      e.getValue().get("a").asText("(none)"),
                      e.getValue().get("b").asText("(none)")));
      root.get("tensors")
          .properties()
          .forEach(e -> out.printf("%-40s %s%n", e.getKey(), e.getValue().asText()));
    }
    out.flush();
  }

  private Adapter load(String what) {
    Path file = Path.of(what);
    if (Files.isRegularFile(file)) {
      return Adapter.load(file);
    }
    try (RegistryView view = access.view()) {
      String digest = RegistryAccess.digest(view, what);
      return Adapter.of(view.file(digest, access.registry().maxBytes()));
    }
  }

  private static ObjectNode diff(Adapter a, Adapter b) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("a", a.digest()).put("b", b.digest());
    ObjectNode metadata = root.putObject("metadata");
    TreeSet<String> keys = new TreeSet<>(a.metadata().keySet());
    keys.addAll(b.metadata().keySet());
    for (String key : keys) {
      if (!Objects.equals(a.metadata().get(key), b.metadata().get(key))) {
        metadata.putObject(key).put("a", a.metadata().get(key)).put("b", b.metadata().get(key));
      }
    }
    ObjectNode tensors = root.putObject("tensors");
    TreeSet<String> names = new TreeSet<>(a.tensors().keySet());
    names.addAll(b.tensors().keySet());
    for (String name : names) {
      FloatTensor x = a.tensors().get(name);
      FloatTensor y = b.tensors().get(name);
      if (x == null || y == null) {
        tensors.put(name, x == null ? "only in B" : "only in A");
      } else if (!Arrays.equals(x.shape(), y.shape())) {
        tensors.put(name, Arrays.toString(x.shape()) + " -> " + Arrays.toString(y.shape()));
      } else {
        double distance = distance(x.toArray(), y.toArray());
        if (distance > 0) {
          tensors.put(name, distance);
        }
      }
    }
    return root;
  }

  private static double distance(float[] x, float[] y) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < x.length; i++) {
      difference += Math.pow((double) y[i] - x[i], 2);
      size += Math.pow(x[i], 2);
    }
    return Math.sqrt(difference) / Math.max(Math.sqrt(size), Double.MIN_NORMAL);
  }
}
