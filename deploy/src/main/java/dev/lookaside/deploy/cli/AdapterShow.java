package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
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
      "Its parents, what its file says (for one of the trainer's: which labels and whose, from when"
          + " to when, how many examples of each class), how its round ended, the gate's figures,"
          + " each decision about"
          + " it, who made it and when, where it is in force now, which workers refuse it and which"
          + " have it loaded."
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
    Outcomes outcomes = Outcomes.read(access.settings().ingest());
    try (RegistryView view = access.view()) {
      String digest = RegistryAccess.digest(view, start);
      Adapter adapter = Adapter.of(view.file(digest, access.registry().maxBytes()));
      ObjectNode root = describe(view, outcomes, adapter);
      if (json) {
        out.println(root.toPrettyString());
      } else {
        print(root, "", out);
      }
    }
    out.flush();
  }

  private ObjectNode describe(RegistryView view, Outcomes outcomes, Adapter adapter) {
    String digest = adapter.digest();
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("adapter", digest).put("publishedAt", view.publishedAt(digest).toString());
    ArrayNode lineage = root.putArray("lineage");
    lineage(view, adapter).forEach(lineage::add);
    root.put("parameters", adapter.shape().parameters());
    ObjectNode file = root.putObject("file");
    adapter.metadata().forEach(file::put);
    // What a round of the trainer or a fit says of its data and of itself.
    root.set("report", report(file.remove("report")));
    ArrayNode cutovers = root.putArray("cutovers");
    view.entries().stream()
        .filter(e -> digest.equals(e.cutover().adapter()))
        .forEach(e -> cutovers.add(AdapterList.json(e)));
    root.set("outcome", outcomes.brief(digest));
    root.set("metrics", metrics(view, outcomes.of(digest), digest));
    Instant now = Instant.now();
    ArrayNode scopes = root.putArray("inForce");
    for (Scope scope : view.ledger().scopes()) {
      view.ledger()
          .inForce(scope, now, c -> !view.refused(c))
          .map(Cutover::adapter)
          .filter(digest::equals)
          .ifPresent(d -> scopes.add(scope.toString()));
    }
    refusals(view, digest).forEach(root.putArray("refusedBy")::add);
    ArrayNode workers = root.putArray("loadedBy");
    Instant since = now.minus(access.registry().aliveInterval().multipliedBy(ALIVE_INTERVALS));
    for (Ack ack : view.alive(since)) {
      if (ack.adapters().contains(digest)) {
        workers.add(ack.worker());
      }
    }
    return root;
  }

  /**
   * Who does not use the adapter though it was decided, and why; what a worker said last counts.
   */
  private static Collection<ObjectNode> refusals(RegistryView view, String digest) {
    Map<String, ObjectNode> refusals = new LinkedHashMap<>();
    for (RegistryView.Entry e : view.entries()) {
      Cutover c = e.cutover();
      if (e.refusal().isEmpty() && digest.equals(c.adapter())) {
        for (Ack ack : view.acks(c.id())) {
          String key = ack.worker() + "/" + c.id();
          refusals.remove(key);
          if (ack.state() == Ack.State.REFUSED) {
            refusals.put(
                key,
                JsonNodeFactory.instance
                    .objectNode()
                    .put("worker", ack.worker())
                    .put("cutover", c.id())
                    .put("reason", ack.reason()));
          }
        }
      }
    }
    return refusals.values();
  }

  /** The report in the file as JSON; what is none, as text. */
  private static @Nullable JsonNode report(@Nullable JsonNode text) {
    if (text == null) {
      return null;
    }
    try {
      return StrictJson.parse(text.asText());
    } catch (NotJsonException e) {
      return text; // The field is free: other programs may write what they like.
    }
  }

  /**
   * What the gate said: when it was last decided about, else when it was refused; null if nothing
   * judged it.
   */
  private static @Nullable JsonNode metrics(
      RegistryView view, @Nullable JsonNode outcome, String digest) {
    JsonNode last = outcome == null ? null : outcome.get("gate");
    for (RegistryView.Entry e : view.entries()) {
      JsonNode gate = e.cutover().gate();
      boolean counts = e.refusal().isEmpty() && digest.equals(e.cutover().adapter());
      last = counts && gate != null ? gate : last;
    }
    return last;
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

  private static void print(JsonNode node, String indent, PrintWriter out) {
    node.properties()
        .forEach(
            e -> {
              JsonNode value = e.getValue();
              if (value.isObject() && !value.isEmpty()) {
                out.println(indent + e.getKey());
                print(value, indent + "  ", out);
              } else if (value.isArray() && !value.isEmpty() && indent.isEmpty()) {
                out.println(e.getKey());
                value.forEach(
                    item -> out.println("  " + (item.isTextual() ? item.asText() : item)));
              } else if (!value.isNull()) {
                out.printf(
                    "%s%-14s %s%n",
                    indent, e.getKey(), value.isValueNode() ? value.asText() : value);
              }
            });
  }
}
