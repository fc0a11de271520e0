package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.CurrentDetections;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.NounCommand;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.deploy.review.NextLabels.Found;
import dev.lookaside.deploy.review.NextLabels.Suggestion;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.label.LabelKind;
import dev.lookaside.trainer.label.LabelTopic;
import dev.lookaside.trainer.label.LabelWriter;
import dev.lookaside.trainer.receipt.Receipt;
import dev.lookaside.trainer.receipt.Receipts;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelStandings;
import dev.lookaside.trainer.store.LabelStandings.LabelStanding;
import dev.lookaside.trainer.store.Standing;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside label}: labels of detections, and what becomes of them. */
@Command(
    name = "label",
    subcommands = {
      LabelCommand.Add.class,
      LabelCommand.Confirm.class,
      LabelCommand.Reject.class,
      LabelCommand.Relabel.class,
      LabelCommand.Retract.class,
      LabelCommand.Listing.class,
      LabelCommand.Next.class,
      LabelCommand.Show.class
    },
    footer = {
      "",
      "Example:",
      "  lookaside label add --stream yard --label siren \\",
      "      --onset 2026-03-01T12:00:03Z --offset 2026-03-01T12:00:04.5Z",
    },
    description = "Correct wrong or missed detections, and see what has become of each correction.")
final class LabelCommand extends NounCommand {
  /** {@code lookaside label add}. */
  @Command(
      name = "add",
      footer = {
        "",
        "Example:",
        "  lookaside label add --stream yard --label siren \\",
        "      --onset 2026-03-01T12:00:03Z --offset 2026-03-01T12:00:04.5Z --author ada",
      },
      description = {
        "Add a class that sounds where nothing was detected.",
        "",
        "A class that no adapter knows becomes a new one once there are enough labels of it.",
        "",
        "Two classes may sound at once, but where two thirds of the longer stretch are shared they"
            + " are taken for two names of one sound: of one author the newer counts, of two"
            + " authors neither does until they agree."
      })
  static final class Add implements Runnable {
    @Mixin private LabelOptions options = new LabelOptions();
    @Mixin private Output output = new Output();

    @Option(names = "--stream", required = true, paramLabel = "ID", description = "The stream.")
    private String stream = "";

    @Option(
        names = "--label",
        required = true,
        paramLabel = "CLASS",
        description = "What sounds there.")
    private String label = "";

    @Option(
        names = "--onset",
        required = true,
        paramLabel = "TIME",
        description = "Capture time at which it begins, as 2026-03-01T12:00:00Z.")
    private String onset = "";

    @Option(
        names = "--offset",
        required = true,
        paramLabel = "TIME",
        description = "Capture time at which it ends.")
    private String offset = "";

    @Override
    public void run() {
      options.write(
          Label.add(
              OptionValue.stream(stream),
              label,
              OptionValue.time("--onset", onset),
              OptionValue.time("--offset", offset),
              options.author(),
              Instant.now(),
              options.note()),
          output);
    }
  }

  /** A label of something that was detected. */
  abstract static class Verdict implements Runnable {
    @Mixin private LabelOptions options = new LabelOptions();
    @Mixin private JudgedDetection judged = new JudgedDetection();
    @Mixin private Output output = new Output();

    abstract Label label(Detection of, String author, Instant time, Optional<String> note);

    @Override
    public void run() {
      options.write(
          label(
              judged.find(options.config().ingest()),
              options.author(),
              Instant.now(),
              options.note()),
          output);
    }
  }

  /** {@code lookaside label confirm}. */
  @Command(
      name = "confirm",
      footer = {
        "",
        "Example:",
        "  lookaside label confirm --detection 3f2a9c11",
      },
      description = "Confirm that a detection is right.")
  static final class Confirm extends Verdict {
    @Override
    Label label(Detection of, String author, Instant time, Optional<String> note) {
      return Label.confirm(of, author, time, note);
    }
  }

  /** {@code lookaside label reject}. */
  @Command(
      name = "reject",
      footer = {
        "",
        "Example:",
        "  lookaside label reject --stream yard --onset 2026-03-01T12:00:03Z --offset"
            + " 2026-03-01T12:00:04Z",
      },
      description = "Reject a detection: the class does not occur there.")
  static final class Reject extends Verdict {
    @Override
    Label label(Detection of, String author, Instant time, Optional<String> note) {
      return Label.reject(of, author, time, note);
    }
  }

  /** {@code lookaside label relabel}. */
  @Command(
      name = "relabel",
      footer = {
        "",
        "Example:",
        "  lookaside label relabel --detection 3f2a9c11 --label siren",
      },
      description = "Replace the class of a detection with the one that sounds there.")
  static final class Relabel extends Verdict {
    @Option(
        names = "--label",
        required = true,
        paramLabel = "CLASS",
        description = "What sounds there.")
    private String label = "";

    @Override
    Label label(Detection of, String author, Instant time, Optional<String> note) {
      return Label.relabel(of, label, author, time, note);
    }
  }

  /** {@code lookaside label retract}. */
  @Command(
      name = "retract",
      footer = {"", "Example:", "  lookaside label retract 3f2a9c11"},
      description = {
        "Retract a label, as if it had never been written.",
        "",
        "All of the author's labels of this class on exactly this interval go. What they had"
            + " superseded counts again. An adapter that has learned it keeps it until the next"
            + " refit."
      })
  static final class Retract implements Runnable {
    @Mixin private LabelOptions options = new LabelOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "ID", description = "The label's id, or how it begins.")
    private String start = "";

    @Override
    public void run() {
      Label retracted;
      try (LabelTopic topic = LabelTopic.open(options.training())) {
        topic.refresh();
        retracted = Show.label(topic.labels(), start);
      }
      if (!retracted.author().equals(options.author())) {
        throw new CliException(
            "label \"%s\": is of %s, and only its author may retract it; pass --author if that is you, or add a label that contradicts it"
                .formatted(ShortId.of(retracted.id()), retracted.author()));
      }
      options.write(Label.retract(retracted, Instant.now(), options.note()), output);
    }
  }

  /** {@code lookaside label list}. */
  @Command(
      name = "list",
      footer = {"", "Example:", "  lookaside label list --stream yard --standing conflict"},
      description = {
        "List the labels on audio.labels, oldest first, with their standing.",
        "",
        "What has become of their audio (held, awaited, lost) is shown where the trainer's store"
            + " is."
      })
  static final class Listing implements Runnable {
    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

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

    @Override
    public void run() {
      Instant from = since == null ? Instant.MIN : OptionValue.time("--since", since);
      PrintWriter out = output.out();
      try (LabelTopic topic = LabelTopic.open(access.training())) {
        topic.refresh();
        topic.unreadable().forEach(output.err()::println);
        Map<String, LabelStanding> stands = LabelStandings.of(topic.labels());
        List<Label> wanted =
            topic.labels().stream().filter(l -> wanted(l, stands.get(l.id()), from)).toList();
        Optional<Map<String, StoredExample>> examples = examples();
        output.print(
            () -> json(wanted, stands, examples),
            () -> wanted.forEach(l -> out.println(line(l, stands, examples))));
      }
    }

    private boolean wanted(Label label, @Nullable LabelStanding stands, Instant from) {
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
        Label label,
        Map<String, LabelStanding> stands,
        Optional<Map<String, StoredExample>> examples) {
      LabelStanding its = stands.get(label.id());
      return "%-12s  %-10s  %s%s"
          .formatted(
              ShortId.of(label.id()),
              its == null ? "" : its.standing().word(),
              LabelText.line(label),
              examples.map(e -> "  audio " + LabelText.audio(e.get(label.id()))).orElse(""));
    }

    private static ObjectNode json(
        List<Label> labels,
        Map<String, LabelStanding> stands,
        Optional<Map<String, StoredExample>> examples) {
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      ArrayNode all = root.putArray("labels");
      for (Label label : labels) {
        ObjectNode one = new LabelCodec().toNode(label);
        LabelStanding its = stands.get(label.id());
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

  /** {@code lookaside label show}: the receipt of a label. */
  @Command(
      name = "show",
      footer = {"", "Example:", "  lookaside label show 3f2a9c11"},
      description = {
        "Show what has become of a label: the adapter it is in and since when, and what the"
            + " adapters detect.",
        "",
        "From the labels and the ledger on Kafka. What has become of its audio is shown where the"
            + " trainer's store is."
      })
  static final class Show implements Runnable {
    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "ID", description = "The label's id, or how it begins.")
    private String start = "";

    @Override
    public void run() {
      Settings settings = access.settings();
      PrintWriter out = output.out();
      try (LabelTopic topic = LabelTopic.open(access.training());
          RegistryView view = RegistryView.open(settings.ingest(), settings.registry()::trusted)) {
        topic.refresh();
        Label label = label(topic.labels(), start);
        LabelStanding stands =
            LabelStandings.of(topic.labels())
                .getOrDefault(label.id(), new LabelStanding(Standing.USABLE, List.of()));
        Receipt receipt = new Receipts(view.ledger()).of(label, stands, Instant.now());
        print(receipt, out);
      }
      out.flush();
    }

    /** The label whose id begins so. */
    static Label label(List<Label> labels, String start) {
      return OptionValue.startingWith("label", start, labels, Label::id);
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
      if (output.json()) {
        ObjectNode root = receipt.toJson();
        if (store.isPresent()) {
          LabelText.audio(root, example);
        }
        out.println(root.toPrettyString());
        return;
      }
      out.println("your label " + ShortId.of(label.id()) + " " + receipt.sentence());
      out.println();
      line(out, "label", label.id());
      line(out, "statement", LabelText.line(label) + " at " + label.time());
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

    private static String standing(LabelStanding stands) {
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
                  ShortId.of(d.adapter()),
                  d.since(),
                  d.fitted() ? "fitted on it" : "held out, evaluated on it",
                  d.cutover()));
      d.before(judged)
          .ifPresent(text -> line(out, "", ShortId.of(d.incumbent()) + " detected " + text));
      d.after(judged)
          .ifPresent(text -> line(out, "", ShortId.of(d.adapter()) + " detects " + text));
    }

    private static void line(PrintWriter out, String name, String value) {
      out.printf("%-10s %s%n", name, value);
    }
  }

  /** Which detection a label is about: its id, or where it lies. */
  static final class JudgedDetection {
    /** Records are written after the audio was captured; senders' clocks are off by less. */
    private static final Duration SLACK = Duration.ofMinutes(10);

    private static final int LISTED = 5;

    @Option(
        names = "--detection",
        paramLabel = "ID",
        description = "The detection's id, or how it begins (lookaside listen --json prints it).")
    private @Nullable String id;

    @Option(
        names = "--stream",
        paramLabel = "ID",
        description = "The stream; without --detection also --onset and --offset.")
    private @Nullable String stream;

    @Option(
        names = "--onset",
        paramLabel = "TIME",
        description = "Capture time, as 2026-03-01T12:00:00Z: the only event that overlaps...")
    private @Nullable String onset;

    @Option(names = "--offset", paramLabel = "TIME", description = "...the stretch up to here.")
    private @Nullable String offset;

    @Option(
        names = "--detected",
        paramLabel = "CLASS",
        description = "Of several events there, the one of this class.")
    private @Nullable String detected;

    /**
     * Looks it up on the topic.
     *
     * @throws CliException if there is none, or more than one
     */
    Detection find(IngestSettings ingest) {
      String wantedId = id;
      StreamId of = stream == null ? null : OptionValue.stream(stream);
      if (wantedId != null && !wantedId.isBlank()) {
        return only(
            CurrentDetections.find(ingest, of, Instant.MIN, d -> d.id().startsWith(wantedId)),
            "--detection \"" + wantedId + "\"");
      }
      if (of == null || onset == null || offset == null) {
        throw new CliException(
            "--detection \"\": must be given, or else --stream, --onset and --offset");
      }
      Instant from = OptionValue.time("--onset", onset);
      Instant until = OptionValue.time("--offset", offset);
      if (!from.isBefore(until)) {
        throw new CliException("--offset \"" + offset + "\": must be after --onset, " + onset);
      }
      List<Detection> found =
          CurrentDetections.find(ingest, of, from.minus(SLACK), d -> d.label() != null).stream()
              .filter(overlap(from, until))
              .filter(d -> detected == null || detected.equals(d.label()))
              .toList();
      return only(found, "--stream \"%s\", %s to %s".formatted(stream, onset, offset));
    }

    private static Predicate<Detection> overlap(Instant from, Instant until) {
      return d -> {
        Instant end = d.extent().offsetTime();
        return d.extent().onsetTime().isBefore(until) && (end == null || end.isAfter(from));
      };
    }

    private static Detection only(List<Detection> found, String what) {
      if (found.size() == 1) {
        return found.get(0);
      }
      if (found.isEmpty()) {
        throw new CliException(what + ": no such event is on the topic");
      }
      String some =
          found.stream()
              .limit(LISTED)
              .map(d -> ShortId.of(d.id()) + " " + d.label())
              .collect(Collectors.joining(", "));
      throw new CliException("%s: %d events: %s".formatted(what, found.size(), some));
    }
  }

  /** Options of the commands that write a label, and its way to the topic. */
  static final class LabelOptions {
    @Mixin private ConfigOptions options = new ConfigOptions();

    @Option(
        names = "--author",
        paramLabel = "NAME",
        description = "The label's author (default: the user's name).")
    private @Nullable String author;

    @Option(
        names = "--note",
        paramLabel = "TEXT",
        description = "Free text for people; training ignores it.")
    private @Nullable String note;

    ConfigOptions config() {
      return options;
    }

    IngestSettings training() {
      return options.training();
    }

    String author() {
      String given = author;
      return given == null ? OptionValue.userName() : given;
    }

    Optional<String> note() {
      return Optional.ofNullable(note);
    }

    /** Returns when the label is on all replicas. */
    void write(Label label, Output output) {
      try (LabelWriter writer = LabelWriter.open(training())) {
        writer.write(label);
      }
      output.print(
          new LabelCodec().toNode(label), "label " + label.id() + "  " + LabelText.line(label));
    }
  }

  /** {@code lookaside label next}. */
  @Command(
      name = "next",
      footer = {
        "",
        "Examples:",
        "  lookaside label next",
        "  lookaside label next --count 5 --since 2026-03-01T12:00:00Z --stream yard --json",
      },
      description = {
        "List the detections whose labels would teach the adapter most, the first one first.",
        "",
        "Ranks the newest detections that nobody has labelled and whose audio Kafka still retains:"
            + " uncertain ones (a posterior near its threshold), those on which the adapter in force"
            + " and the last other one of a trainer disagree, novel ones (unlike every sound in the"
            + " trainer's store, where that is on this machine), and those of classes of which the"
            + " last round needed more labels. Sounds that resemble one further up rank lower.",
        "",
        "Answer with lookaside label confirm, relabel or reject --detection ID."
      })
  static final class Next implements Runnable {
    private static final int MAX_COUNT = 1_000;

    @Mixin private StoreAccess access = new StoreAccess();
    @Mixin private Output output = new Output();

    @Option(
        names = "--count",
        paramLabel = "N",
        defaultValue = "10",
        description = "How many, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int count;

    @Option(
        names = "--since",
        paramLabel = "TIME",
        description = "Reported then or later, as 2026-03-01T12:00:00Z. Default: within an hour.")
    private @Nullable String since;

    @Option(names = "--stream", paramLabel = "ID", description = "Of this stream.")
    private @Nullable String stream;

    @Override
    public void run() {
      OptionValue.within("--count", count, 1, MAX_COUNT);
      Instant from =
          since == null
              ? Instant.now().minus(Duration.ofHours(1))
              : OptionValue.time("--since", since);
      Found found =
          new NextLabels(access.settings(), access::openIfThere)
              .find(stream == null ? null : OptionValue.stream(stream), from, count)
              .orElseThrow(
                  () ->
                      new CliException(
                          "--since \"%s\": no detection without a label has been reported since; give an earlier time"
                              .formatted(from)));
      PrintWriter out = output.out();
      output.print(() -> found.json(), () -> print(found, out));
    }

    private static void print(Found found, PrintWriter out) {
      int number = 0;
      for (Suggestion s : found.suggestions()) {
        Detection d = s.detection();
        number++;
        out.printf(
            Locale.ROOT,
            "%3d  %s  %s %s %.2f s: %s %.2f  %s%n",
            number,
            ShortId.of(d.id()),
            d.stream(),
            d.extent().onsetTime(),
            Duration.between(d.extent().onsetTime(), s.end()).toNanos() * 1e-9,
            d.label(),
            d.peak(),
            String.join("; ", s.reasons()));
      }
      String other = found.comparedWith();
      out.printf(
          "%nof %d detections without a label; adapter %s%s; %s%s%n",
          found.detections(),
          ShortId.of(found.adapter()),
          other == null ? "" : " compared with " + ShortId.of(other),
          found.knownExamples() == 0
              ? "no store of examples here: novelty does not count"
              : "novelty against %d examples".formatted(found.knownExamples()),
          found.withoutAudio() == 0
              ? ""
              : "; the audio of %d more is not retained".formatted(found.withoutAudio()));
    }
  }
}
