package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelTopic;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipts;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelStandings;
import dev.lookaside.trainer.store.LabelStandings.Stands;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside label show}: the receipt of a label. */
@Command(
    name = "show",
    footer = {"", "Example:", "  lookaside label show 3f2a9c11"},
    description = {
      "Show what has become of a label: the adapter it is in since when, and what the adapters say.",
      "",
      "From the labels and the ledger on Kafka. What has become of its audio is said where the trainer's store is."
    })
final class LabelShow implements Runnable {
  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "ID", description = "The label's id, or how it begins.")
  private String start = "";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    Settings settings = access.settings();
    Topics.ensureTraining(settings.ingest());
    PrintWriter out = spec.commandLine().getOut();
    try (LabelTopic topic = LabelTopic.open(settings.ingest());
        RegistryView view = RegistryView.open(settings.ingest(), settings.registry()::trusted)) {
      topic.refresh();
      Label label = label(topic.labels(), start);
      Stands stands =
          LabelStandings.of(topic.labels())
              .getOrDefault(label.id(), new Stands(Standing.USABLE, List.of()));
      Receipt receipt = new Receipts(view.ledger()).of(label, stands, Instant.now());
      print(receipt, out);
    }
    out.flush();
  }

  /** The label whose id begins so. */
  static Label label(List<Label> labels, String start) {
    List<Label> found = labels.stream().filter(l -> l.id().startsWith(start)).toList();
    if (found.size() != 1) {
      throw new CliException(
          "label \"%s\": %s"
              .formatted(
                  start,
                  found.isEmpty()
                      ? "no label on the topic begins so"
                      : found.size() + " labels begin so; give more digits"));
    }
    return found.get(0);
  }

  private void print(Receipt receipt, PrintWriter out) {
    Label label = receipt.label();
    Optional<ExampleStore> store = access.openIfThere();
    Optional<StoredExample> example = Optional.empty();
    if (store.isPresent()) {
      try (ExampleStore open = store.get()) {
        example = open.find(label.id());
      }
    }
    if (json) {
      ObjectNode root = receipt.toJson();
      if (store.isPresent()) {
        LabelText.audio(root, example);
      }
      out.println(root.toPrettyString());
      return;
    }
    out.println("your label " + LabelText.brief(label.id()) + " " + receipt.sentence());
    out.println();
    line(out, "label", label.id());
    line(out, "says", LabelText.said(label) + " at " + label.time());
    label.note().ifPresent(n -> line(out, "note", n));
    line(out, "standing", standing(receipt.stands()));
    line(
        out,
        "audio",
        store.isPresent()
            ? LabelText.audio(example.orElse(null))
            : "not known: no store in " + access.folder());
    receipt.decisions().forEach(d -> decision(out, d, label.label()));
  }

  private static String standing(Stands stands) {
    return stands.because().isEmpty()
        ? stands.standing().word()
        : stands.standing().word() + ", because of " + String.join(", ", stands.because());
  }

  private static void decision(PrintWriter out, Receipt.Decision d, String judged) {
    line(
        out,
        "adapter",
        "%s since %s, %s (%s)"
            .formatted(
                LabelText.brief(d.adapter()),
                d.since(),
                d.fitted() ? "fitted on it" : "judged on it, not fitted",
                d.cutover()));
    d.before(judged)
        .ifPresent(said -> line(out, "", LabelText.brief(d.incumbent()) + " said " + said));
    d.after(judged)
        .ifPresent(said -> line(out, "", LabelText.brief(d.adapter()) + " says " + said));
  }

  private static void line(PrintWriter out, String name, String value) {
    out.printf("%-10s %s%n", name, value);
  }
}
