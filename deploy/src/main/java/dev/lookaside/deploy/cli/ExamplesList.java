package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside examples list}. */
@Command(
    name = "list",
    footer = {"", "Example:", "  lookaside examples list --label siren --split held-out"},
    description = "List the examples of the store in the order of their arrival.")
final class ExamplesList implements Runnable {
  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--label",
      paramLabel = "CLASS",
      description = "Of this class; (background): of none.")
  private @Nullable String label;

  @Option(names = "--split", paramLabel = "SPLIT", description = "Of this split: train, held-out.")
  private @Nullable String split;

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description = "From there: label, seed or sampled.")
  private @Nullable Origin origin;

  @Option(
      names = "--standing",
      paramLabel = "STANDING",
      description = "Standing so: usable, superseded, conflict or duplicate.")
  private @Nullable Standing standing;

  @Option(
      names = "--audio",
      paramLabel = "STATE",
      description = "Whose audio is held, awaited or lost.")
  private @Nullable AudioState audio;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    Split of = split == null ? null : Split.of(split);
    PrintWriter out = spec.commandLine().getOut();
    try (ExampleStore store = access.open()) {
      List<StoredExample> wanted = store.all().stream().filter(e -> wanted(e, of)).toList();
      if (json) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ArrayNode all = root.putArray("examples");
        wanted.forEach(e -> all.add(json(e)));
        out.println(root.toPrettyString());
      } else {
        wanted.forEach(e -> out.println(line(e)));
      }
    }
    out.flush();
  }

  private boolean wanted(StoredExample e, @Nullable Split of) {
    return (label == null || label.equals(e.label().orElse(ExamplesStats.BACKGROUND)))
        && (of == null || of == e.split())
        && (origin == null || origin == e.origin())
        && (standing == null || standing == e.standing())
        && (audio == null || audio == e.audioState());
  }

  private static String line(StoredExample e) {
    double seconds = Duration.between(e.onset(), e.offset()).toNanos() * 1e-9;
    return String.format(
        Locale.ROOT,
        "%-12s  %-8s  %-10s  %-16s  %6.2f s  %s %s  by %s  audio %s",
        LabelText.brief(e.id()),
        e.split().word(),
        e.standing().word(),
        words(e),
        seconds,
        e.stream(),
        e.onset(),
        e.author(),
        LabelText.audio(e));
  }

  private static String words(StoredExample e) {
    String words = LabelText.verdict(e);
    return words.isEmpty() ? ExamplesStats.BACKGROUND : words;
  }

  /** One example, as these commands print it. */
  static ObjectNode json(StoredExample e) {
    ObjectNode node =
        JsonNodeFactory.instance
            .objectNode()
            .put("id", e.id())
            .put("origin", e.origin().word())
            .put("stream", e.stream())
            .put("label", e.label().orElse(null))
            .put("rejectedLabel", e.rejectedLabel().orElse(null))
            .put("onset", e.onset().toString())
            .put("offset", e.offset().toString())
            .put("recording", e.recording())
            .put("split", e.split().word())
            .put("author", e.author())
            .put("labelledAt", e.labelledAt().toString())
            .put("standing", e.standing().word())
            .put("audio", e.audioState().word())
            .put("audioReason", e.audioReason().orElse(null));
    e.audio()
        .ifPresent(
            a ->
                node.put("file", a.file().toString())
                    .put("onsetSeconds", a.onsetSeconds())
                    .put("offsetSeconds", a.offsetSeconds())
                    .put("whole", a.whole()));
    return node;
  }
}
