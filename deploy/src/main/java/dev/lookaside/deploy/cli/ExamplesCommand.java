package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.NounCommand;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.Conflict;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelCount;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoreStats;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside examples}: the trainer's store. */
@Command(
    name = "examples",
    subcommands = {
      ExamplesCommand.Stats.class,
      ExamplesCommand.Listing.class,
      ExamplesCommand.Conflicts.class,
      ExamplesCommand.Export.class,
      ExamplesCommand.Import.class
    },
    footer = {"", "Example:", "  lookaside examples conflicts"},
    description = "See, export and import what the trainer fits on and judges by.")
final class ExamplesCommand extends NounCommand {
  /** {@code lookaside examples stats}. */
  @Command(
      name = "stats",
      footer = {"", "Example:", "  lookaside examples stats --json"},
      description = "Show how many examples the store holds, of what and from where.")
  static final class Stats implements Runnable {
    static final String BACKGROUND = "(background)";

    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Override
    public void run() {
      PrintWriter out = output.out();
      try (ExampleStore store = access.open()) {
        ObjectNode root = describe(store);
        output.print(() -> root, () -> print(root, out));
      }
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
      Output.Table classes =
          new Output.Table(out, "%-24s %8d %8d", "usable of class", "train", "held-out");
      root.get("classes")
          .properties()
          .forEach(
              e ->
                  classes.row(
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

  /** {@code lookaside examples conflicts}. */
  @Command(
      name = "conflicts",
      footer = {"", "Example:", "  lookaside examples conflicts"},
      description = {
        "List where authors disagree, with each one's label.",
        "",
        "Nothing is fitted on such an interval until one of them writes another label: the newest"
            + " label of an author counts."
      })
  static final class Conflicts implements Runnable {
    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Override
    public void run() {
      PrintWriter out = output.out();
      try (ExampleStore store = access.open()) {
        List<Conflict> conflicts = store.conflicts();
        output.print(() -> json(conflicts), () -> conflicts.forEach(c -> print(c, out)));
      }
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
            ShortId.of(e.id()));
      }
      out.println();
    }

    private static ObjectNode json(List<Conflict> conflicts) {
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      ArrayNode all = root.putArray("conflicts");
      for (Conflict conflict : conflicts) {
        ArrayNode examples = all.addObject().put("stream", conflict.stream()).putArray("examples");
        conflict.examples().forEach(e -> examples.add(Listing.json(e)));
      }
      return root;
    }
  }

  /** {@code lookaside examples export}. */
  @Command(
      name = "export",
      footer = {
        "",
        "Examples:",
        "  lookaside examples export corrections",
        "  lookaside fit --dataset csv --data corrections --backbone vit.safetensors --out"
            + " a.safetensors",
      },
      description = {
        "Write the usable examples as a data set: a table and their audio.",
        "",
        "FOLDER/clips.csv has path, label, split, onset, offset and where each example is from; fit"
            + " --dataset csv reads it."
      })
  static final class Export implements Runnable {
    /** What {@code --dataset csv} looks for in a folder. */
    static final String TABLE = "clips.csv";

    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "FOLDER", description = "Folder to write, without a table so far.")
    private Path folder = Path.of("");

    @Override
    public void run() {
      Path table = folder.resolve(TABLE);
      if (Files.exists(table)) {
        throw new CliException("\"" + table + "\": is there already; give another folder");
      }
      try (ExampleStore store = access.open()) {
        int examples = store.exportTo(table);
        output.print(
            JsonNodeFactory.instance
                .objectNode()
                .put("table", table.toString())
                .put("examples", examples),
            examples + " examples  " + table);
      }
    }
  }

  /** {@code lookaside examples list}. */
  @Command(
      name = "list",
      footer = {"", "Example:", "  lookaside examples list --label siren --split held-out"},
      description = "List the examples of the store in the order of their arrival.")
  static final class Listing implements Runnable {
    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Option(
        names = "--label",
        paramLabel = "CLASS",
        description = "Of this class; (background): of none.")
    private @Nullable String label;

    @Option(
        names = "--split",
        paramLabel = "SPLIT",
        description = "Of this split: train, held-out.")
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

    @Override
    public void run() {
      Split of = split == null ? null : Split.of(split);
      try (ExampleStore store = access.open()) {
        List<StoredExample> wanted = store.all().stream().filter(e -> wanted(e, of)).toList();
        output.print(() -> json(wanted), () -> wanted.forEach(e -> output.out().println(line(e))));
      }
    }

    private boolean wanted(StoredExample e, @Nullable Split of) {
      return (label == null || label.equals(e.label().orElse(Stats.BACKGROUND)))
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
          ShortId.of(e.id()),
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
      return words.isEmpty() ? Stats.BACKGROUND : words;
    }

    private static ObjectNode json(List<StoredExample> examples) {
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      ArrayNode all = root.putArray("examples");
      examples.forEach(e -> all.add(json(e)));
      return root;
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

  /** {@code lookaside examples import}. */
  @Command(
      name = "import",
      footer = {
        "",
        "Examples:",
        "  lookaside examples import corrections --store /var/lib/lookaside",
        "  lookaside examples import clips.csv",
      },
      description = {
        "Add the clips of a table to the store, which is made if there is none.",
        "",
        "A table of lookaside examples export comes back as it went, splits and labels included."
            + " One with path, label and split alone (onset and offset in seconds if wanted)"
            + " becomes seeds. What is there already changes nothing, so that an import that broke"
            + " off can be done again."
      })
  static final class Import implements Runnable {
    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Parameters(
        paramLabel = "FOLDER|CSV",
        description = "The table, or a folder with " + Export.TABLE + ".")
    private Path place = Path.of("");

    @Override
    public void run() {
      Path table = Files.isDirectory(place) ? place.resolve(Export.TABLE) : place;
      if (!Files.isRegularFile(table)) {
        throw new CliException("\"" + table + "\": no such table");
      }
      try (ExampleStore store = access.openOrMake()) {
        int before = store.all().size();
        int lines = store.importFrom(table);
        int added = store.all().size() - before;
        output.print(
            JsonNodeFactory.instance
                .objectNode()
                .put("store", store.folder().toString())
                .put("lines", lines)
                .put("added", added),
            "%d lines, %d new examples  %s".formatted(lines, added, store.folder()));
      }
    }
  }
}
