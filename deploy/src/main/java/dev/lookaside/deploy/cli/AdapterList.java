package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import java.io.PrintWriter;
import java.util.Objects;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter list}. */
@Command(
    name = "list",
    footer = {"", "Example:", "  lookaside adapter list --json"},
    description = {
      "List the adapters on the topic, and the ledger.",
      "",
      "Of a trainer's adapters it says how their round ended: published, refused by the gate and why,"
          + " rolled back or failed."
    })
final class AdapterList implements Runnable {
  private static final int SHOWN_DIGITS = 12;

  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    Outcomes outcomes = Outcomes.read(access.settings().ingest());
    try (RegistryView view = access.view()) {
      view.unreadable()
          .forEach(text -> spec.commandLine().getErr().println("cannot be read: " + text));
      if (json) {
        out.println(json(view, outcomes).toPrettyString());
      } else {
        print(view, outcomes, out);
      }
    }
    out.flush();
  }

  private static void print(RegistryView view, Outcomes outcomes, PrintWriter out) {
    for (String digest : view.adapters()) {
      String outcome = outcomes.text(digest);
      out.printf(
          "adapter  %s  published %s%s%n",
          brief(digest), view.publishedAt(digest), outcome.isEmpty() ? "" : "  " + outcome);
    }
    for (RegistryView.Entry entry : view.entries()) {
      Cutover c = entry.cutover();
      out.printf(
          "cutover  %-24s %-12s from %-24s %s by %s%s%n",
          c.id(),
          c.adapter() == null ? "(released)" : brief(c.adapter()),
          c.effectiveFrom() == null ? "(announced)" : c.effectiveFrom(),
          c.reason(),
          c.author(),
          entry.refusal().map(r -> "  REFUSED " + r.message()).orElse(""));
    }
  }

  private static ObjectNode json(RegistryView view, Outcomes outcomes) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode adapters = root.putArray("adapters");
    for (String digest : view.adapters()) {
      adapters
          .addObject()
          .put("adapter", digest)
          .put("publishedAt", view.publishedAt(digest).toString())
          .set("outcome", outcomes.brief(digest));
    }
    ArrayNode cutovers = root.putArray("cutovers");
    view.entries().forEach(e -> cutovers.add(json(e)));
    return root;
  }

  /** One ledger record, as all these commands print it. */
  static ObjectNode json(RegistryView.Entry entry) {
    Cutover c = entry.cutover();
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("cutover", c.id())
            .put("scope", c.scope().toString())
            .put("number", c.number())
            .put("adapter", c.adapter())
            .put("effectiveFrom", Objects.toString(c.effectiveFrom(), null))
            .put("reason", c.reason())
            .put("author", c.author())
            .put("written", c.written().toString())
            .put("previous", c.previous())
            .put("key", entry.keyId().orElse(null));
    node.put("refused", entry.refusal().map(r -> r.message()).orElse(null));
    if (c.gate() != null) {
      node.set("gate", c.gate());
    }
    return node;
  }

  static String brief(String digest) {
    return digest.substring(0, SHOWN_DIGITS);
  }
}
