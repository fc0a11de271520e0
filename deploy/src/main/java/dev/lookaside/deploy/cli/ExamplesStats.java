package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelCount;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoreStats;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside examples stats}. */
@Command(
    name = "stats",
    footer = {"", "Example:", "  lookaside examples stats --json"},
    description = "Show how many examples the store holds, of what and from where.")
final class ExamplesStats implements Runnable {
  static final String BACKGROUND = "(background)";

  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (ExampleStore store = access.open()) {
      ObjectNode root = describe(store);
      if (json) {
        out.println(root.toPrettyString());
      } else {
        print(root, out);
      }
    }
    out.flush();
  }

  private static ObjectNode describe(ExampleStore store) {
    StoreStats stats = store.stats();
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("store", store.folder().toString()).put("frontEnd", store.frontEnd().id());
    ObjectNode origins = root.putObject("origins");
    for (Origin origin : Origin.values()) {
      origins.put(origin.word(), stats.byOrigin().getOrDefault(origin, 0));
    }
    ObjectNode labels = root.putObject("labels");
    for (Standing standing : Standing.values()) {
      labels.put(standing.word(), stats.byStanding().getOrDefault(standing, 0));
    }
    ObjectNode audio = root.putObject("audio");
    for (AudioState state : AudioState.values()) {
      audio.put(state.word(), stats.byAudio().getOrDefault(state, 0));
    }
    root.put("heldSeconds", stats.heldSeconds()).put("recordings", stats.recordings());
    ObjectNode classes = root.putObject("classes");
    for (LabelCount count : store.labels()) {
      classes
          .putObject(count.label().orElse(BACKGROUND))
          .put("train", count.train())
          .put("held-out", count.heldOut());
    }
    return root;
  }

  private static void print(ObjectNode root, PrintWriter out) {
    out.printf("%-11s %s%n", "store", root.get("store").asText());
    out.printf("%-11s %s%n", "front end", root.get("frontEnd").asText());
    out.printf("%-11s %s%n", "origins", counts(root, "origins"));
    out.printf("%-11s %s%n", "labels", counts(root, "labels"));
    out.printf(
        Locale.ROOT,
        "%-11s %s, %.1f s in all%n",
        "audio",
        counts(root, "audio"),
        root.get("heldSeconds").asDouble());
    out.printf("%-11s %d%n%n", "recordings", root.get("recordings").asInt());
    out.printf("%-24s %8s %8s%n", "usable of class", "train", "held-out");
    root.get("classes")
        .properties()
        .forEach(
            e ->
                out.printf(
                    "%-24s %8d %8d%n",
                    e.getKey(),
                    e.getValue().get("train").asInt(),
                    e.getValue().get("held-out").asInt()));
  }

  private static String counts(ObjectNode root, String field) {
    return root.get(field).properties().stream()
        .map(e -> e.getKey() + " " + e.getValue().asInt())
        .collect(Collectors.joining(", "));
  }
}
