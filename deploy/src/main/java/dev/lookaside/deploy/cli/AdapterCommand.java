package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.Preparation;
import dev.lookaside.classifier.registry.RegistryException;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.NounCommand;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.trainer.fit.AtomicFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside adapter}: the adapters on Kafka, and the ledger of which is in force. */
@Command(
    name = "adapter",
    subcommands = {
      AdapterCommand.Listing.class,
      AdapterCommand.Show.class,
      AdapterCommand.Verify.class,
      AdapterCommand.Publish.class,
      AdapterDecisions.Shadow.class,
      AdapterDecisions.Promote.class,
      AdapterDecisions.Rollback.class,
      AdapterDecisions.Pin.class,
      AdapterCommand.Export.class,
      AdapterCommand.Diff.class,
      AdapterCommand.Mean.class
    },
    footer = {"", "Example:", "  lookaside adapter promote 3f2a"},
    description = "Publish adapters and decide which one is in force, where and since when.")
final class AdapterCommand extends NounCommand {
  /** {@code lookaside adapter list}. */
  @Command(
      name = "list",
      footer = {"", "Example:", "  lookaside adapter list --json"},
      description = {
        "List the adapters on the topic, and the ledger.",
        "",
        "Of a trainer's adapters it shows how their round ended: published, rejected by the gate"
            + " and why, rolled back or failed."
      })
  static final class Listing implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Override
    public void run() {
      PrintWriter out = output.out();
      Outcomes outcomes = Outcomes.read(access.settings().ingest());
      try (RegistryView view = access.view()) {
        view.unreadable().forEach(text -> output.err().println("cannot be read: " + text));
        output.print(() -> json(view, outcomes), () -> print(view, outcomes, out));
      }
    }

    private static void print(RegistryView view, Outcomes outcomes, PrintWriter out) {
      for (String digest : view.adapters()) {
        String outcome = outcomes.text(digest);
        out.printf(
            "adapter  %s  published %s%s%n",
            ShortId.of(digest), view.publishedAt(digest), outcome.isEmpty() ? "" : "  " + outcome);
      }
      for (RegistryView.Entry entry : view.entries()) {
        Cutover c = entry.cutover();
        out.printf(
            "cutover  %-24s %-12s from %-24s %s by %s%s%n",
            c.id(),
            c.adapter() == null ? "(released)" : ShortId.of(c.adapter()),
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
  }

  /** {@code lookaside adapter diff}. */
  @Command(
      name = "diff",
      footer = {"", "Example:", "  lookaside adapter diff 3f2a new.safetensors"},
      description = {
        "Print what differs between two adapters: metadata, and how far each tensor has moved.",
        "",
        "The distance of a tensor is the Euclidean norm of the difference over that of the first."
      })
  static final class Diff implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(
        index = "0",
        paramLabel = "A",
        description = "File, or (the beginning of) a digest.")
    private String first = "";

    @Parameters(
        index = "1",
        paramLabel = "B",
        description = "File, or (the beginning of) a digest.")
    private String second = "";

    @Override
    public void run() {
      ObjectNode root = diff(load(access, first), load(access, second));
      output.print(() -> root, () -> print(root, output.out()));
    }

    private static void print(ObjectNode root, PrintWriter out) {
      root.get("metadata")
          .properties()
          .forEach(
              e ->
                  out.printf(
                      "%-16s %s -> %s%n",
                      e.getKey(),
                      e.getValue().get("a").asText("(none)"),
                      e.getValue().get("b").asText("(none)")));
      root.get("tensors")
          .properties()
          .forEach(e -> out.printf("%-40s %s%n", e.getKey(), e.getValue().asText()));
    }

    private static ObjectNode diff(Adapter a, Adapter b) {
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      root.put("a", a.digest()).put("b", b.digest());
      ObjectNode metadata = root.putObject("metadata");
      TreeSet<String> keys = new TreeSet<>(a.metadata().keySet());
      keys.addAll(b.metadata().keySet());
      for (String key : keys) {
        if (!Objects.equals(a.metadata().get(key), b.metadata().get(key))) {
          metadata.putObject(key).put("a", a.metadata().get(key)).put("b", b.metadata().get(key));
        }
      }
      ObjectNode tensors = root.putObject("tensors");
      TreeSet<String> names = new TreeSet<>(a.tensors().keySet());
      names.addAll(b.tensors().keySet());
      for (String name : names) {
        FloatTensor x = a.tensors().get(name);
        FloatTensor y = b.tensors().get(name);
        if (x == null || y == null) {
          tensors.put(name, x == null ? "only in B" : "only in A");
        } else if (!Arrays.equals(x.shape(), y.shape())) {
          tensors.put(name, Arrays.toString(x.shape()) + " -> " + Arrays.toString(y.shape()));
        } else {
          double distance = distance(x.toArray(), y.toArray());
          if (distance > 0) {
            tensors.put(name, distance);
          }
        }
      }
      return root;
    }

    private static double distance(float[] x, float[] y) {
      double difference = 0;
      double size = 0;
      for (int i = 0; i < x.length; i++) {
        difference += Math.pow((double) y[i] - x[i], 2);
        size += Math.pow(x[i], 2);
      }
      return Math.sqrt(difference) / Math.max(Math.sqrt(size), Double.MIN_NORMAL);
    }
  }

  private static Adapter load(RegistryAccess access, String what) {
    Path file = Path.of(what);
    return Files.isRegularFile(file) ? Adapter.load(file) : Adapter.of(access.bytes(what));
  }

  /** {@code lookaside adapter mean}. */
  @Command(
      name = "mean",
      footer = {
        "",
        "Example:",
        "  lookaside adapter mean first.safetensors second.safetensors --out mean.safetensors"
      },
      description = {
        "Write the mean of adapters, weight by weight.",
        "",
        "The mean of fits that began from the same adapter is often better than each of them. One"
            + " that is named twice counts twice. Labels and thresholds are the last one's; choose"
            + " thresholds anew with calibrate."
      })
  static final class Mean implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(
        arity = "2..*",
        paramLabel = "ADAPTER",
        description = "Files, or (the beginnings of) digests.")
    private List<String> what = List.of();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
    private Path file = Path.of("");

    @Override
    public void run() {
      List<Adapter> adapters = what.stream().map(w -> load(access, w)).toList();
      Adapter unnamed = AdapterFactory.mean(adapters);
      TreeMap<String, String> metadata = new TreeMap<>(unnamed.metadata());
      ObjectNode report = JsonNodeFactory.instance.objectNode();
      ArrayNode digests = report.putArray("mean");
      adapters.forEach(a -> digests.add(a.digest()));
      metadata.put("report", report.toString());
      metadata.remove("parent");
      Adapter mean = AdapterFactory.of(unnamed.tensors(), metadata);
      AtomicFile.write(file, path -> Files.write(path, AdapterFactory.encode(mean)));
      output.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("adapter", mean.digest())
              .put("file", file.toString()),
          mean.digest() + "  " + file);
    }
  }

  /** {@code lookaside adapter verify}. */
  @Command(
      name = "verify",
      footer = {
        "",
        "Examples:",
        "  lookaside adapter verify adapter.safetensors",
        "  lookaside adapter verify 3f2a --json"
      },
      description = {
        "Check whether a worker with these settings would use an adapter.",
        "",
        "An adapter of the topic is checked with its slices; both score a window. Exit code 1 if it"
            + " would be rejected."
      })
  static final class Verify implements Callable<Integer> {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "ADAPTER", description = "File, or (the beginning of) a digest.")
    private String what = "";

    @Override
    public Integer call() {
      String digest = what;
      String refusal = "";
      try {
        byte[] file = access.bytes(what);
        digest = Safetensors.sha256(file);
        Preparation.Result result = check(access, file);
        if (result instanceof Preparation.Refused refused) {
          refusal = refused.refusal().message();
        }
      } catch (RegistryException e) {
        refusal = String.valueOf(e.getMessage());
      }
      boolean sound = refusal.isEmpty();
      output.print(
          JsonNodeFactory.instance
              .objectNode()
              .put("adapter", digest)
              .put("sound", sound)
              .put("refusal", sound ? null : refusal),
          digest + (sound ? "  sound" : "  refused: " + refusal));
      return sound ? 0 : 1;
    }

    /** The check that a worker with these settings would make of a file without a gate's report. */
    static Preparation.Result check(RegistryAccess access, byte[] file) {
      Instant now = Instant.now();
      Cutover unjudged =
          new Cutover(
              Scope.ALL,
              1,
              Safetensors.sha256(file),
              now,
              "verify",
              "nobody",
              now,
              null,
              null,
              null,
              null,
              null);
      return access.withModel(
          (sessions, features) -> new Preparation(sessions, features).prepare(unjudged, file));
    }
  }

  /** {@code lookaside adapter export}. */
  @Command(
      name = "export",
      footer = {"", "Example:", "  lookaside adapter export 3f2a --out adapter.safetensors"},
      description = "Write an adapter of the topic to a file, its digest checked.")
  static final class Export implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
    private String start = "";

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "File to write.")
    private Path file = Path.of("");

    @Override
    public void run() {
      try (RegistryView view = access.view()) {
        String digest = RegistryAccess.digest(view, start);
        byte[] bytes = access.file(view, digest);
        Files.write(file, bytes);
        output.print(
            JsonNodeFactory.instance
                .objectNode()
                .put("adapter", digest)
                .put("file", file.toString())
                .put("bytes", bytes.length),
            digest + "  " + file);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** {@code lookaside adapter show}. */
  @Command(
      name = "show",
      footer = {"", "Example:", "  lookaside adapter show 3f2a"},
      description = {
        "Show where an adapter comes from and where it is in force now.",
        "",
        "Its parents, what its file records (for one of the trainer's: which labels and whose, from"
            + " when to when, how many examples of each class), how its round ended, the gate's"
            + " figures, each decision about it, who made it and when, where it is in force now,"
            + " which workers reject it and which have it loaded."
      })
  static final class Show implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
    private String start = "";

    @Override
    public void run() {
      PrintWriter out = output.out();
      Outcomes outcomes = Outcomes.read(access.settings().ingest());
      try (RegistryView view = access.view()) {
        String digest = RegistryAccess.digest(view, start);
        Adapter adapter = access.adapter(view, digest);
        ObjectNode root = describe(view, outcomes, adapter);
        output.print(() -> root, () -> print(root, "", out));
      }
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
      // What a round of the trainer or a fit records of its data and of itself.
      root.set("report", report(file.remove("report")));
      ArrayNode cutovers = root.putArray("cutovers");
      view.entries().stream()
          .filter(e -> digest.equals(e.cutover().adapter()))
          .forEach(e -> cutovers.add(Listing.json(e)));
      root.set("outcome", outcomes.brief(digest));
      root.set("metrics", metrics(view, outcomes.of(digest), digest));
      Instant now = Instant.now();
      ArrayNode scopes = root.putArray("inForce");
      List<Scope> inOrder =
          view.ledger().scopes().stream().sorted(Comparator.comparing(Scope::toString)).toList();
      for (Scope scope : inOrder) {
        view.ledger()
            .inForce(scope, now, c -> !view.refused(c))
            .map(Cutover::adapter)
            .filter(digest::equals)
            .ifPresent(d -> scopes.add(scope.toString()));
      }
      refusals(view, digest).forEach(root.putArray("refusedBy")::add);
      ArrayNode workers = root.putArray("loadedBy");
      Instant since = now.minus(access.aliveWithin());
      for (Ack ack : view.alive(since)) {
        if (ack.adapters().contains(digest)) {
          workers.add(ack.worker());
        }
      }
      return root;
    }

    /**
     * Who does not use the adapter though it was decided, and why; a worker's last answer counts.
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
     * The gate's report: of the last decision about it, else of its rejection; null without one.
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
                ? access.adapter(view, parent).metadata().get("parent")
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

  /** {@code lookaside adapter publish}. */
  @Command(
      name = "publish",
      footer = {"", "Example:", "  lookaside adapter publish adapter.safetensors"},
      description = {
        "Put an adapter file on the topic, so that it can be promoted.",
        "",
        "A file that a worker with these settings would reject is not published. Adapters that no"
            + " decision needs any more are taken away from the topic on the same occasion."
      })
  static final class Publish implements Runnable {
    @Mixin private RegistryAccess access = new RegistryAccess();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "FILE", description = "Adapter file (safetensors).")
    private Path file = Path.of("");

    @Override
    public void run() {
      byte[] bytes = RegistryAccess.read(file);
      if (Verify.check(access, bytes) instanceof Preparation.Refused refused) {
        throw new CliException(file + ": " + refused.refusal().message());
      }
      try (RegistryView view = access.view();
          RegistryWriter writer = access.writer()) {
        String digest = writer.publish(bytes);
        view.refresh();
        Set<String> pruned =
            new TreeSet<>(writer.prune(view, Instant.now(), access.registry().keep()));
        ObjectNode node = JsonNodeFactory.instance.objectNode().put("adapter", digest);
        pruned.forEach(node.putArray("removed")::add);
        List<String> lines = new ArrayList<>(List.of(digest));
        pruned.forEach(removed -> lines.add("removed " + removed));
        output.print(node, String.join(System.lineSeparator(), lines));
      }
    }
  }
}
