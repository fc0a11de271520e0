package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.label.LabelKind;
import dev.lookaside.trainer.label.LabelTopic;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelStandings;
import dev.lookaside.trainer.store.LabelStandings.Stands;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside label list}. */
@Command(
    name = "list",
    footer = {"", "Example:", "  lookaside label list --stream yard --standing conflict"},
    description = {
      "List the labels on audio.labels, oldest first, and where they stand.",
      "",
      "What has become of their audio (held, awaited, lost) is said where the trainer's store is."
    })
final class LabelList implements Runnable {
  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--stream", paramLabel = "ID", description = "Of this stream.")
  private @Nullable String stream;

  @Option(names = "--author", paramLabel = "NAME", description = "By this author.")
  private @Nullable String author;

  @Option(
      names = "--kind",
      paramLabel = "KIND",
      description = "Of this kind: confirm, reject, relabel, add or retract.")
  private @Nullable LabelKind kind;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Written then or later, as 2026-03-01T12:00:00Z.")
  private @Nullable String since;

  @Option(
      names = "--standing",
      paramLabel = "STANDING",
      description = "Standing so: usable, superseded, conflict, duplicate or retraction.")
  private @Nullable Standing standing;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    Instant from = since == null ? Instant.MIN : ReplayCommand.time("--since", since);
    IngestSettings ingest = access.settings().ingest();
    Topics.ensureTraining(ingest);
    PrintWriter out = spec.commandLine().getOut();
    try (LabelTopic topic = LabelTopic.open(ingest)) {
      topic.refresh();
      topic.unreadable().forEach(spec.commandLine().getErr()::println);
      Map<String, Stands> stands = LabelStandings.of(topic.labels());
      List<Label> wanted =
          topic.labels().stream().filter(l -> wanted(l, stands.get(l.id()), from)).toList();
      Optional<Map<String, StoredExample>> examples = examples();
      if (json) {
        out.println(json(wanted, stands, examples).toPrettyString());
      } else {
        wanted.forEach(l -> out.println(line(l, stands, examples)));
      }
    }
    out.flush();
  }

  private boolean wanted(Label label, @Nullable Stands stands, Instant from) {
    return (stream == null || stream.equals(label.stream().value()))
        && (author == null || author.equals(label.author()))
        && (kind == null || kind == label.kind())
        && (standing == null || stands != null && standing == stands.standing())
        && !label.time().isBefore(from);
  }

  /** By label; empty if there is no store here. */
  private Optional<Map<String, StoredExample>> examples() {
    Optional<ExampleStore> store = access.openIfThere();
    if (store.isEmpty()) {
      return Optional.empty();
    }
    try (ExampleStore open = store.get()) {
      Map<String, StoredExample> byId = new HashMap<>();
      open.all().forEach(e -> byId.put(e.id(), e));
      return Optional.of(byId);
    }
  }

  private static String line(
      Label label, Map<String, Stands> stands, Optional<Map<String, StoredExample>> examples) {
    Stands its = stands.get(label.id());
    return "%-12s  %-10s  %s%s"
        .formatted(
            LabelText.brief(label.id()),
            its == null ? "" : its.standing().word(),
            LabelText.said(label),
            examples.map(e -> "  audio " + LabelText.audio(e.get(label.id()))).orElse(""));
  }

  private static ObjectNode json(
      List<Label> labels,
      Map<String, Stands> stands,
      Optional<Map<String, StoredExample>> examples) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    ArrayNode all = root.putArray("labels");
    for (Label label : labels) {
      ObjectNode one = new LabelCodec().toNode(label);
      Stands its = stands.get(label.id());
      if (its != null) {
        one.put("standing", its.standing().word());
        its.because().forEach(one.putArray("because")::add);
      }
      examples.ifPresent(e -> LabelText.audio(one, Optional.ofNullable(e.get(label.id()))));
      all.add(one);
    }
    return root;
  }
}
