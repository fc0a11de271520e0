package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.store.Conflict;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside examples conflicts}. */
@Command(
    name = "conflicts",
    footer = {"", "Example:", "  lookaside examples conflicts"},
    description = {
      "List where authors disagree, and who said what.",
      "",
      "Nothing is fitted on such a stretch until one of them has said something else: the newest label of an author counts."
    })
final class ExamplesConflicts implements Runnable {
  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    PrintWriter out = spec.commandLine().getOut();
    try (ExampleStore store = access.open()) {
      List<Conflict> conflicts = store.conflicts();
      if (json) {
        out.println(json(conflicts).toPrettyString());
      } else {
        conflicts.forEach(c -> print(c, out));
      }
    }
    out.flush();
  }

  private static void print(Conflict conflict, PrintWriter out) {
    for (StoredExample e : conflict.examples()) {
      out.printf(
          "%-16s %s to %s  %-20s by %s at %s  (label %s)%n",
          conflict.stream(),
          e.onset(),
          e.offset(),
          LabelText.verdict(e),
          e.author(),
          e.labelledAt(),
          LabelText.brief(e.id()));
    }
    out.println();
  }

  private static ObjectNode json(List<Conflict> conflicts) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode all = root.putArray("conflicts");
    for (Conflict conflict : conflicts) {
      ArrayNode examples = all.addObject().put("stream", conflict.stream()).putArray("examples");
      conflict.examples().forEach(e -> examples.add(ExamplesList.json(e)));
    }
    return root;
  }
}
