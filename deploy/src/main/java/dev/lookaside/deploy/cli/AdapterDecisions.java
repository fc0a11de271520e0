package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Promotion;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.replay.ReplayModel;
import dev.lookaside.deploy.replay.RetainedShadow;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.shadow.ShadowReport;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowTopic;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands that decide which adapter is in force, or try one beside it. */
final class AdapterDecisions {
  private AdapterDecisions() {}

  /** {@code lookaside adapter promote}. */
  @Command(
      name = "promote",
      footer = {
        "",
        "Examples:",
        "  lookaside adapter promote 3f2a",
        "  lookaside adapter promote 3f2a --scope tenant:harbour --json"
      },
      description = {
        "Bring an adapter into force, everywhere at one moment.",
        "",
        "It is announced first. When every live worker has prepared it, or the deadline has passed,"
            + " the moment is set. If a worker rejects it, nothing changes and the exit code is 1.",
        "",
        "An adapter that the trainer's gate has rejected, or that was rolled back, may still be"
            + " promoted; a warning is printed."
      })
  static final class Promote implements Callable<Integer> {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private DecisionOptions decision = new DecisionOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
    private String start = "";

    @Mixin private ScopeOption scope = new ScopeOption();

    @Option(
        names = "--deadline-seconds",
        paramLabel = "N",
        defaultValue = "30",
        description = "How long to wait for the workers. Default: ${DEFAULT-VALUE}.")
    private int deadlineSeconds;

    @Override
    public Integer call() {
      OptionValue.atLeast("--deadline-seconds", deadlineSeconds, 0);
      Scope to = scope.get();
      Outcomes outcomes = Outcomes.read(access.settings().ingest());
      try (RegistryView view = access.view();
          RegistryWriter writer = access.writer()) {
        String digest = RegistryAccess.digest(view, start);
        Adapter adapter = access.adapter(view, digest);
        if (outcomes.against(digest)) {
          output.err().println("warning: " + outcomes.text(digest));
          output.err().flush();
        }
        Cutover draft = decision.draft(access, view, to, adapter, "promote");
        Promotion.Result result =
            promotion(access, view, writer)
                .promote(
                    draft,
                    Duration.ofSeconds(deadlineSeconds),
                    decision.when(access),
                    workers -> {});
        ObjectNode object = PromotionText.json(result);
        object.set("outcome", outcomes.brief(digest));
        output.print(object, PromotionText.text(result));
        return result.inForce() == null ? 1 : 0;
      }
    }

    static Promotion promotion(RegistryAccess access, RegistryView view, RegistryWriter writer) {
      return new Promotion(view, writer, Clock.systemUTC(), access.aliveWithin());
    }
  }

  /** {@code lookaside adapter shadow}. */
  @Command(
      name = "shadow",
      footer = {
        "",
        "Examples:",
        "  lookaside adapter shadow 3f2a --share 0.2 --seconds 60",
        "  lookaside adapter shadow 3f2a --past --json"
      },
      description = {
        "Score live audio with an adapter beside the one in force, without publishing, and compare"
            + " the detections.",
        "",
        "Lets the audio pass, then scores what is retained of it here and compares with what was"
            + " detected meanwhile. Run it with the configuration of the workers. With --write the"
            + " differences go to lookaside.shadows, where a trainer writes those of its"
            + " candidates; --past prints the recorded runs."
      })
  static final class Shadow implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
    private String start = "";

    @Mixin private ScopeOption scope = new ScopeOption();

    @Option(
        names = "--share",
        paramLabel = "S",
        defaultValue = "0.2",
        description = "Share of the streams, above 0 up to 1. Default: ${DEFAULT-VALUE}.")
    private double share;

    @Option(
        names = "--seconds",
        paramLabel = "N",
        defaultValue = "60",
        description = "Seconds of audio from now on. Default: ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
        names = "--seed",
        paramLabel = "N",
        defaultValue = "1",
        description = "Chooses the streams. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
        names = "--settle",
        paramLabel = "N",
        defaultValue = "10",
        description =
            "Seconds to wait for the last detections of the adapter in force. Default:"
                + " ${DEFAULT-VALUE}.")
    private int settle;

    @Option(names = "--write", description = "Write what differs to lookaside.shadows as well.")
    private boolean write;

    @Option(
        names = "--past",
        description =
            "Do not start a run; print the adapter's recorded ones from lookaside.shadows.")
    private boolean past;

    @Override
    public void run() {
      IngestSettings ingest = access.settings().ingest();
      if (past) {
        printPast(ingest);
        return;
      }
      check();
      if (write) {
        Topics.ensureTraining(ingest);
      }
      ShadowReport report = shadow();
      if (write) {
        new ShadowTopic(ingest).write(report);
      }
      output.print(report.toJson(), ShadowText.of(report));
    }

    private void check() {
      if (!(share > 0 && share <= 1)) {
        throw new CliException("--share \"" + share + "\": must be above 0 and at most 1");
      }
      OptionValue.atLeast("--seconds", seconds, 1);
      OptionValue.atLeast("--settle", settle, 0);
    }

    private ShadowReport shadow() {
      Clock clock = Clock.systemUTC();
      try (RegistryView view = access.view();
          ReplayModel model = ReplayModel.open(access.settings())) {
        ShadowRequest request =
            new ShadowRequest(
                RegistryAccess.digest(view, start),
                scope.get(),
                share,
                Duration.ofSeconds(seconds),
                seed);
        RetainedShadow shadow = new RetainedShadow(model, view, clock, Duration.ofSeconds(settle));
        return ShadowReport.of(
            shadow.run(request, () -> false),
            UUID.randomUUID().toString(),
            OptionValue.userName(),
            clock.instant());
      }
    }

    private void printPast(IngestSettings ingest) {
      Topics.ensureTraining(ingest);
      List<ShadowReport> reports = new ShadowTopic(ingest).read(start);
      if (reports.isEmpty()) {
        throw new CliException(
            "adapter \"%s\": no run of it is on %s"
                .formatted(start, ingest.topics().training().shadows().name()));
      }
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      reports.forEach(r -> all.add(r.toJson()));
      output.print(() -> all, () -> reports.forEach(r -> output.out().println(ShadowText.of(r))));
    }
  }

  /** A decision that is in the ledger at once, and what the workers answer to it. */
  abstract static class Decision implements Callable<Integer> {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private DecisionOptions decision = new DecisionOptions();
    @Mixin private Output output = new Output();

    @Option(
        names = "--deadline-seconds",
        paramLabel = "N",
        defaultValue = "5",
        description = "How long to wait for the workers' answers. Default: ${DEFAULT-VALUE}.")
    private int deadlineSeconds;

    /** The scope that it is for. */
    abstract Scope scope();

    /** The adapter that is decided for, null for none of its own. */
    abstract @Nullable String digest(RegistryView view, Scope scope);

    /** What the ledger records of it. */
    abstract String reason();

    @Override
    public Integer call() {
      OptionValue.atLeast("--deadline-seconds", deadlineSeconds, 0);
      Scope scope = scope();
      try (RegistryView view = access.view();
          RegistryWriter writer = access.writer()) {
        String digest = digest(view, scope);
        Cutover draft =
            digest == null
                ? decision.release(view, scope, reason())
                : decision.draft(access, view, scope, access.adapter(view, digest), reason());
        Promotion.Result result =
            Promote.promotion(access, view, writer)
                .decide(
                    draft,
                    Duration.ofSeconds(deadlineSeconds),
                    decision.when(access),
                    workers -> {});
        output.print(PromotionText.json(result), PromotionText.text(result));
        return result.refusing().isEmpty() ? 0 : 1;
      }
    }
  }

  /** The result of a promotion, for people and programs. */
  static final class PromotionText {
    private PromotionText() {}

    static String text(Promotion.Result result) {
      StringBuilder text = new StringBuilder();
      for (Promotion.Worker w : result.workers()) {
        text.append("  ").append(line(w, result.announced())).append(System.lineSeparator());
      }
      if (result.workers().isEmpty() && result.announced().adapter() != null) {
        text.append("  no worker is alive: whoever starts prepares it then")
            .append(System.lineSeparator());
      }
      slowest(result.workers(), result.announced())
          .ifPresent(
              w ->
                  text.append(
                          "  slowest: %s, %d ms".formatted(w.name(), waited(w, result.announced())))
                      .append(System.lineSeparator()));
      Cutover c = result.inForce();
      if (c == null) {
        return text.append("refused, nothing changes").toString();
      }
      if (result.late()) {
        text.append(
                "  late: written after that time; windows from %s on may have been scored by what was in force, by some workers and not by others"
                    .formatted(c.effectiveFrom()))
            .append(System.lineSeparator());
      }
      String what =
          c.adapter() == null
              ? "released"
              : result.refusing().isEmpty() ? c.adapter() + " in force" : c.adapter() + " decided";
      text.append("%s from %s (%s)".formatted(what, c.effectiveFrom(), c.id()));
      if (!result.refusing().isEmpty()) {
        text.append(
            "; %d of %d workers refuse it: there what was in force scores on"
                .formatted(result.refusing().size(), result.workers().size()));
      }
      return text.toString();
    }

    private static String line(Promotion.Worker worker, Cutover announced) {
      Ack answer = worker.answer();
      if (answer == null) {
        return worker.name()
            + "  has not answered; it will hold its windows until it has the adapter";
      }
      return answer.state() == Ack.State.REFUSED
          ? worker.name() + "  refuses it: " + answer.reason()
          : "%s  prepared %,d bytes in %d ms, %d ms after the announcement"
              .formatted(worker.name(), answer.bytes(), answer.millis(), waited(worker, announced));
    }

    /** The last of those that have prepared it. */
    private static Optional<Promotion.Worker> slowest(
        List<Promotion.Worker> workers, Cutover announced) {
      return workers.stream()
          .filter(w -> w.answer() != null && w.answer().state() == Ack.State.PREPARED)
          .max(Comparator.comparingLong(w -> waited(w, announced)));
    }

    /** From the announcement, by its writer's clock, to the answer, by the worker's. */
    private static long waited(Promotion.Worker worker, Cutover announced) {
      Ack answer = Objects.requireNonNull(worker.answer());
      return Duration.between(announced.written(), answer.at()).toMillis();
    }

    static ObjectNode json(Promotion.Result result) {
      ObjectNode root = json(result.inForce(), result.workers());
      root.put("late", result.late());
      Promotion.Worker slowest = slowest(result.workers(), result.announced()).orElse(null);
      root.put("slowest", slowest == null ? null : slowest.name());
      root.put("slowestMillis", slowest == null ? null : waited(slowest, result.announced()));
      return root;
    }

    private static ObjectNode json(@Nullable Cutover inForce, List<Promotion.Worker> workers) {
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      root.put("promoted", inForce != null);
      if (inForce != null) {
        root.put("cutover", inForce.id())
            .put("adapter", inForce.adapter())
            .put("effectiveFrom", Objects.toString(inForce.effectiveFrom(), null));
      }
      ArrayNode list = root.putArray("workers");
      for (Promotion.Worker w : workers) {
        ObjectNode node = list.addObject().put("worker", w.name());
        Ack answer = w.answer();
        node.put("state", answer == null ? "silent" : answer.state().word());
        if (answer != null) {
          node.put("at", answer.at().toString())
              .put("millis", answer.millis())
              .put("bytes", answer.bytes())
              .put("reason", answer.reason().isEmpty() ? null : answer.reason());
        }
      }
      return root;
    }
  }

  /** A shadow run for people: a line for each difference, then the numbers. */
  static final class ShadowText {
    private ShadowText() {}

    static String of(ShadowReport report) {
      StringBuilder text = new StringBuilder();
      report.differences().forEach(d -> text.append(line(d)).append(String.format("%n")));
      JsonNode sum = report.summary();
      sum.path("classes")
          .properties()
          .forEach(e -> text.append(line(e.getKey(), e.getValue())).append(String.format("%n")));
      String digest = report.candidate();
      return text.append(
              String.format(
                  Locale.ROOT,
                  "%s by %s: %d streams, %.1f s of audio from %s on, %d differences, agreement"
                      + " %.3f",
                  ShortId.of(digest),
                  sum.path("author").asText(),
                  sum.path("streams").asInt(),
                  sum.path("audioSeconds").asDouble(),
                  sum.path("from").asText(),
                  sum.path("differences").asInt(),
                  sum.path("agreement").asDouble()))
          .toString();
    }

    private static String line(JsonNode d) {
      String name =
          d.has("candidateSays") && d.has("incumbentSays")
              ? d.path("label").asText() + " -> " + d.path("candidateSays").path("label").asText()
              : d.path("label").asText();
      Instant onset = Instant.parse(d.path("onset").asText());
      Instant offset = Instant.parse(d.path("offset").asText());
      return String.format(
          Locale.ROOT,
          "%-15s %s  %-16s %-24s %.2f s",
          d.path("difference").asText(),
          onset,
          d.path("stream").asText(),
          name,
          Duration.between(onset, offset).toNanos() * 1e-9);
    }

    private static String line(String label, JsonNode c) {
      return String.format(
          Locale.ROOT,
          "  %-16s %3d agreed (onset %+.2f s), %d by the incumbent alone, %d by the candidate"
              + " alone, %d named otherwise, %d anew",
          label,
          c.path("agreed").asInt(),
          c.path("onsetShiftSeconds").asDouble(),
          c.path("onlyIncumbent").asInt(),
          c.path("onlyCandidate").asInt(),
          c.path("namedOtherwise").asInt(),
          c.path("namedAnew").asInt());
    }
  }

  /** {@code lookaside adapter rollback}. */
  @Command(
      name = "rollback",
      footer = {"", "Example:", "  lookaside adapter rollback --scope tenant:harbour"},
      description = {
        "Bring back what was in force in a scope before its last decision.",
        "",
        "If that was nothing, the scope is released: less specific scopes decide, or the adapter of"
            + " the configuration.",
        "",
        "Prints the workers' answers; if one rejects the adapter, the exit code is 1."
      })
  static final class Rollback extends Decision {
    @Mixin private ScopeOption scope = new ScopeOption();

    @Override
    Scope scope() {
      return scope.get();
    }

    @Override
    String reason() {
      return "rollback";
    }

    @Override
    @Nullable String digest(RegistryView view, Scope of) {
      List<Cutover> decided = view.ledger().of(of).stream().filter(Cutover::takesEffect).toList();
      if (decided.isEmpty()) {
        throw new CliException("--scope \"" + of + "\": nothing was decided for it");
      }
      return before(decided);
    }

    /** The adapter of the last decision but those for the present one; null if there was none. */
    private static @Nullable String before(List<Cutover> decided) {
      String present = decided.get(decided.size() - 1).adapter();
      for (int i = decided.size() - 2; i >= 0; i--) {
        String adapter = decided.get(i).adapter();
        if (adapter == null || !adapter.equals(present)) {
          return adapter;
        }
      }
      return null;
    }
  }

  /** {@code lookaside adapter pin}. */
  @Command(
      name = "pin",
      footer = {
        "",
        "Examples:",
        "  lookaside adapter pin harbour/crane-2 3f2a",
        "  lookaside adapter pin harbour/crane-2 --release"
      },
      description = {
        "Keep one stream on one adapter, whatever is promoted, or let it go again.",
        "",
        "Takes effect after the lead; a worker that has not prepared the adapter by then holds the"
            + " stream's windows until it has. Prints the workers' answers; if one rejects the"
            + " adapter, the exit code is 1."
      })
  static final class Pin extends Decision {
    @Parameters(index = "0", paramLabel = "STREAM", description = "The stream's id.")
    private String stream = "";

    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "DIGEST",
        description = "The adapter's digest, or how it begins.")
    private @Nullable String start;

    @Option(names = "--release", description = "Let the stream follow its tenant and all again.")
    private boolean release;

    @Override
    Scope scope() {
      if (release == (start != null)) {
        throw new CliException("pin: give a digest or --release, one of them");
      }
      return Scope.of(new StreamId(stream));
    }

    @Override
    String reason() {
      return release ? "release" : "pin";
    }

    @Override
    @Nullable String digest(RegistryView view, Scope scope) {
      String given = start;
      return given == null ? null : RegistryAccess.digest(view, given);
    }
  }
}
