package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.replay.CurrentDetections;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.retained.Retained;
import dev.lookaside.ingest.retained.Retained.Piece;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.judge.Trial;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelTopic;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.query.PoolScorer;
import dev.lookaside.trainer.query.QueryStrategy.Choice;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoredExample;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

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
final class LabelNext implements Runnable {
  private static final int MAX_COUNT = 1_000;

  /** Newest detections that are scored: their audio is read and embedded, some 0.1 s of a core. */
  private static final int POOL_MAX = 200;

  /** So many examples of each class say what is known of it. */
  private static final int KNOWN_PER_CLASS = 10;

  /** Enough for the windows that touch a sound, with any model. */
  private static final Duration CONTEXT = Duration.ofMillis(1_500);

  /** An event that lasts longer is judged by how it begins. */
  private static final Duration LONGEST = Duration.ofSeconds(30);

  @Mixin private StoreAccess access = new StoreAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

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

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  /**
   * Whose sounds are ranked.
   *
   * @param other null: there is no second adapter to compare with
   * @param wanted classes of which the last round needed more labels
   */
  private record Adapters(Adapter inForce, @Nullable Adapter other, Set<String> wanted) {}

  /**
   * What was found.
   *
   * @param withoutAudio detections whose audio is not retained
   * @param known sounds with a known name
   */
  private record Found(
      List<Choice> choices, int pool, int withoutAudio, Adapters adapters, int known) {}

  @Override
  public void run() {
    if (count < 1 || count > MAX_COUNT) {
      throw new CliException("--count \"%d\": must be 1 to %d".formatted(count, MAX_COUNT));
    }
    Instant from =
        since == null
            ? Instant.now().minus(Duration.ofHours(1))
            : ReplayCommand.time("--since", since);
    Settings settings = access.settings();
    Topics.ensureTraining(settings.ingest());
    Map<String, Detection> pool = pool(settings, from);
    if (pool.isEmpty()) {
      throw new CliException(
          "--since \"%s\": no detection without a label has been reported since; give an earlier time"
              .formatted(from));
    }
    Path backbone = settings.deploy().backboneFile();
    Path adapter = settings.deploy().adapter();
    Found found;
    if (backbone != null && adapter != null) {
      found = found(settings, pool, Backbone.load(backbone), Adapter.load(adapter));
    } else {
      try (BundledModel bundled = BundledModel.open()) {
        found =
            found(
                settings, pool, Backbone.load(bundled.backbone()), Adapter.load(bundled.adapter()));
      }
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(json(found, pool).toPrettyString());
    } else {
      print(found, pool, out);
    }
    out.flush();
  }

  /** By id, the newest first: events that have ended and that no label touches. */
  private Map<String, Detection> pool(Settings settings, Instant from) {
    Map<String, List<Label>> labels = new HashMap<>();
    try (LabelTopic topic =
        LabelTopic.follow(
            settings.ingest(),
            l -> labels.computeIfAbsent(l.stream().value(), s -> new ArrayList<>()).add(l))) {
      topic.refresh();
    }
    Map<String, Detection> pool = new LinkedHashMap<>();
    CurrentDetections.find(
            settings.ingest(),
            stream == null ? null : LabelCommand.LabelOptions.stream(stream),
            from,
            d -> d.label() != null)
        .stream()
        .filter(d -> !d.extent().open())
        .filter(
            d ->
                labels.getOrDefault(d.stream().value(), List.of()).stream()
                    .noneMatch(l -> touches(l, d)))
        .sorted(Comparator.comparing((Detection d) -> d.extent().onsetTime()).reversed())
        .limit(POOL_MAX)
        .forEach(d -> pool.put(d.id(), d));
    return pool;
  }

  private static boolean touches(Label label, Detection d) {
    return label.onset().isBefore(end(d)) && d.extent().onsetTime().isBefore(label.offset());
  }

  private static Instant end(Detection d) {
    return Objects.requireNonNull(d.extent().offsetTime(), d.id());
  }

  private Found found(
      Settings settings, Map<String, Detection> pool, Backbone backbone, Adapter configured) {
    Adapters adapters = adapters(settings, pool.values().iterator().next(), configured);
    List<Trial> trials = trials(settings, pool);
    try (PoolScorer scorer =
        new PoolScorer(
            backbone,
            settings
                .featurizer()
                .spec(adapters.inForce().frontEnd(), adapters.inForce().windowFrames())
                .hopFrames(),
            settings.detect(),
            settings.classifier().scorer(),
            adapters.inForce(),
            adapters.other())) {
      List<float[]> known = known(scorer);
      List<Choice> choices =
          scorer.strategy(known, adapters.wanted()).choose(scorer.sounds(trials), count);
      return new Found(choices, trials.size(), pool.size() - trials.size(), adapters, known.size());
    }
  }

  /** The adapter that the newest detection is from, and the newest other one of a trainer. */
  private static Adapters adapters(Settings settings, Detection newest, Adapter configured) {
    String digest = newest.origin().adapterDigest();
    try (RegistryView view = RegistryView.open(settings.ingest(), settings.registry()::trusted)) {
      boolean isConfigured = digest.equals(configured.digest());
      if (!isConfigured && !view.adapters().contains(digest)) {
        throw new CliException(
            "detection %s: its adapter %s is neither configured nor on the topic; give its file with --set lookaside.deploy.adapter=FILE"
                .formatted(LabelText.brief(newest.id()), AdapterCommand.Listing.brief(digest)));
      }
      Adapter inForce =
          isConfigured ? configured : Adapter.of(view.file(digest, settings.registry().maxBytes()));
      JsonNode last = null;
      for (JsonNode outcome : RefitTopic.lastOutcomes(settings.ingest()).values()) {
        last = last == null || time(outcome).isAfter(time(last)) ? outcome : last;
      }
      String other = last == null ? "" : last.path("candidate").asText();
      if (other.equals(digest)) {
        other = inForce.metadata().getOrDefault("parent", "");
      }
      Adapter compared =
          view.adapters().contains(other)
              ? Adapter.of(view.file(other, settings.registry().maxBytes()))
              : other.equals(configured.digest()) && !isConfigured ? configured : null;
      Set<String> wanted = new TreeSet<>();
      if (last != null) {
        last.path("gate").path("wanted").fieldNames().forEachRemaining(wanted::add);
      }
      return new Adapters(inForce, compared, wanted);
    }
  }

  private static Instant time(JsonNode outcome) {
    return Instant.parse(outcome.path("time").asText());
  }

  /** Those whose audio is retained. */
  private List<Trial> trials(Settings settings, Map<String, Detection> pool) {
    List<Trial> trials = new ArrayList<>();
    try (RetainedAudio audio = RetainedAudio.open(settings.ingest(), settings.deploy().channel())) {
      for (Detection d : pool.values()) {
        Instant onset = d.extent().onsetTime();
        Instant limit = onset.plus(LONGEST);
        Instant end = end(d).isBefore(limit) ? end(d) : limit;
        Retained found = audio.read(d.stream(), onset.minus(CONTEXT), end.plus(CONTEXT));
        if (found instanceof Retained.Audio some) {
          some.pieces().stream()
              .filter(p -> !p.start().isAfter(onset) && p.end().isAfter(onset))
              .findFirst()
              .ifPresent(p -> trials.add(trial(d, p, onset, end)));
        }
      }
    }
    return trials;
  }

  private static Trial trial(Detection d, Piece piece, Instant onset, Instant end) {
    return new Trial(
        d.id(),
        d.id(),
        d.label(),
        null,
        false,
        0,
        piece.pcm(),
        seconds(piece.start(), onset),
        seconds(piece.start(), end));
  }

  private static double seconds(Instant from, Instant until) {
    return Duration.between(from, until).toNanos() * 1e-9;
  }

  /** Sounds with a known name, some of each class; none where there is no store. */
  private List<float[]> known(PoolScorer scorer) {
    Optional<ExampleStore> store = access.openIfThere();
    if (store.isEmpty()) {
      return List.of();
    }
    List<float[]> known = new ArrayList<>();
    try (ExampleStore open = store.get()) {
      Map<String, Integer> counts = new HashMap<>();
      List<StoredExample> newestFirst = new ArrayList<>(open.newestUsable(Scope.ALL, Instant.MAX));
      Collections.reverse(newestFirst);
      for (StoredExample e : newestFirst) {
        if (e.label().isPresent()
            && counts.merge(e.label().get(), 1, Integer::sum) <= KNOWN_PER_CLASS) {
          known.add(
              scorer.embedding(
                  e.heldAudio().read(),
                  e.heldAudio().onsetSeconds(),
                  e.heldAudio().offsetSeconds()));
        }
      }
    }
    return known;
  }

  private static void print(Found found, Map<String, Detection> pool, PrintWriter out) {
    int number = 0;
    for (Choice c : found.choices()) {
      Detection d = Objects.requireNonNull(pool.get(c.sound().id()), c.sound().id());
      number++;
      out.printf(
          Locale.ROOT,
          "%3d  %s  %s %s %.2f s: %s %.2f  %s%n",
          number,
          LabelText.brief(d.id()),
          d.stream(),
          d.extent().onsetTime(),
          seconds(d.extent().onsetTime(), end(d)),
          d.label(),
          d.peak(),
          String.join("; ", c.reasons()));
    }
    Adapter other = found.adapters().other();
    out.printf(
        "%nof %d detections without a label; adapter %s%s; %s%s%n",
        found.pool(),
        AdapterCommand.Listing.brief(found.adapters().inForce().digest()),
        other == null ? "" : " compared with " + AdapterCommand.Listing.brief(other.digest()),
        found.known() == 0
            ? "no store of examples here: novelty does not count"
            : "novelty against %d examples".formatted(found.known()),
        found.withoutAudio() == 0
            ? ""
            : "; the audio of %d more is not retained".formatted(found.withoutAudio()));
  }

  private static ObjectNode json(Found found, Map<String, Detection> pool) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    Adapter other = found.adapters().other();
    root.put("adapter", found.adapters().inForce().digest());
    root.put("comparedWith", other == null ? null : other.digest());
    root.put("detections", found.pool());
    root.put("withoutAudio", found.withoutAudio());
    root.put("knownExamples", found.known());
    found.adapters().wanted().forEach(root.putArray("wanted")::add);
    ArrayNode sounds = root.putArray("sounds");
    for (Choice c : found.choices()) {
      Detection d = Objects.requireNonNull(pool.get(c.sound().id()), c.sound().id());
      ObjectNode one =
          sounds
              .addObject()
              .put("detection", d.id())
              .put("stream", d.stream().value())
              .put("label", d.label())
              .put("onset", d.extent().onsetTime().toString())
              .put("offset", end(d).toString())
              .put("peak", d.peak())
              .put("score", Math.rint(c.score() * 1e6) / 1e6);
      c.reasons().forEach(one.putArray("reasons")::add);
    }
    return root;
  }
}
