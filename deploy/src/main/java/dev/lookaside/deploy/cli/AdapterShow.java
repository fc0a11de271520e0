package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter show}. */
@Command(
    name = "show",
    footer = {"", "Example:", "  lookaside adapter show 3f2a"},
    description = {
      "Show where an adapter comes from and where it is in force now.",
      "",
      "What its file says (labels, parent, report of its training), each decision about it, who made it and when, and which "
          + "workers have it loaded."
    })
final class AdapterShow implements Runnable {
  /** A worker that has said nothing for so many of its intervals is not counted as live. */
  static final int ALIVE_INTERVALS = 3;

  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
  private String start = "";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (RegistryView view = access.view()) {
      String digest = RegistryAccess.digest(view, start);
      Adapter adapter = Adapter.of(view.file(digest, access.registry().maxBytes()));
      ObjectNode root = describe(view, adapter);
      if (json) {
        out.println(root.toPrettyString());
      } else {
        print(root, out);
      }
    }
    out.flush();
  }

  private ObjectNode describe(RegistryView view, Adapter adapter) {
    String digest = adapter.digest();
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("adapter", digest).put("publishedAt", view.publishedAt(digest).toString());
    ArrayNode lineage = root.putArray("lineage");
    lineage(view, adapter).forEach(lineage::add);
    root.put("parameters", adapter.shape().parameters());
    ObjectNode file = root.putObject("file");
    adapter.metadata().forEach(file::put);
    ArrayNode cutovers = root.putArray("cutovers");
    view.entries().stream()
        .filter(e -> digest.equals(e.cutover().adapter()))
        .forEach(e -> cutovers.add(AdapterList.json(e)));
    Instant now = Instant.now();
    ArrayNode scopes = root.putArray("inForce");
    for (Scope scope : view.ledger().scopes()) {
      view.ledger()
          .inForce(scope, now, c -> true)
          .map(Cutover::adapter)
          .filter(digest::equals)
          .ifPresent(d -> scopes.add(scope.toString()));
    }
    ArrayNode workers = root.putArray("loadedBy");
    Instant since = now.minus(access.registry().aliveInterval().multipliedBy(ALIVE_INTERVALS));
    for (Ack ack : view.alive(since)) {
      if (ack.adapters().contains(digest)) {
        workers.add(ack.worker());
      }
    }
    return root;
  }

  /** The adapter's parents, nearest first, as far as their files are on the topic. */
  private List<String> lineage(RegistryView view, Adapter adapter) {
    List<String> parents = new ArrayList<>();
    TreeSet<String> seen = new TreeSet<>();
    String parent = adapter.metadata().get("parent");
    while (parent != null && !parent.isEmpty() && seen.add(parent)) {
      parents.add(parent);
      parent =
          view.adapters().contains(parent)
              ? Adapter.of(view.file(parent, access.registry().maxBytes())).metadata().get("parent")
              : null;
    }
    return parents;
  }

  private static void print(ObjectNode root, PrintWriter out) {
    root.properties()
        .forEach(
            e -> {
              if (e.getValue().isContainerNode()) {
                out.println(e.getKey());
                if (e.getValue().isObject()) {
                  e.getValue()
                      .properties()
                      .forEach(f -> out.printf("  %-14s %s%n", f.getKey(), f.getValue().asText()));
                } else {
                  e.getValue()
                      .forEach(
                          item -> out.println("  " + (item.isTextual() ? item.asText() : item)));
                }
              } else {
                out.printf("%-12s %s%n", e.getKey(), e.getValue().asText());
              }
            });
  }
}
