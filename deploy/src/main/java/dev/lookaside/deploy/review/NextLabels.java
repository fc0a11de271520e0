package dev.lookaside.deploy.review;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.CurrentDetections;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.ShortId;
import dev.lookaside.ingest.StreamId;
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
import dev.lookaside.trainer.query.QueryStrategy.Labelled;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The detections whose labels would teach the adapter most, from the topics, for the command and
 * the page. Each search opens its own clients and its own model and closes them.
 */
public final class NextLabels {
  /** Newest detections that are scored: their audio is read and embedded, some 0.1 s of a core. */
  public static final int POOL_MAX = 200;

  /** So many examples of each class represent what is known of it. */
  private static final int LABELLED_PER_CLASS = 10;

  /** Enough for the windows that touch a sound, with any model. */
  private static final Duration CONTEXT = Duration.ofMillis(1_500);

  /** An event that lasts longer is judged by how it begins. */
  private static final Duration LONGEST = Duration.ofSeconds(30);

  private final Settings settings;
  private final Supplier<Optional<ExampleStore>> store;

  /**
   * A detection to label.
   *
   * @param score 0 to 1, within one search
   * @param reasons for people, the weightiest first
   */
  public record Suggestion(Detection detection, double score, List<String> reasons) {
    public Suggestion {
      reasons = List.copyOf(reasons);
    }

    /** When it ended: what is suggested has. */
    public Instant end() {
      return NextLabels.end(detection);
    }
  }

  /**
   * What a search found.
   *
   * @param detections how many were ranked
   * @param withoutAudio how many more would have been, had Kafka retained their audio
   * @param adapter digest of the one in force
   * @param comparedWith digest of the last other one of a trainer; null: there is none
   * @param wanted classes of which the last round needed more labels
   * @param knownExamples labelled sounds that novelty and need are measured from
   */
  public record Found(
      List<Suggestion> suggestions,
      int detections,
      int withoutAudio,
      String adapter,
      @Nullable String comparedWith,
      Set<String> wanted,
      int knownExamples) {
    public Found {
      suggestions = List.copyOf(suggestions);
      wanted = Collections.unmodifiableSet(new TreeSet<>(wanted));
    }

    /** As the command prints it and the page reads it. */
    public ObjectNode json() {
      ObjectNode root = JsonNodeFactory.instance.objectNode();
      root.put("adapter", adapter);
      root.put("comparedWith", comparedWith);
      root.put("detections", detections);
      root.put("withoutAudio", withoutAudio);
      root.put("knownExamples", knownExamples);
      wanted.forEach(root.putArray("wanted")::add);
      ArrayNode sounds = root.putArray("sounds");
      for (Suggestion s : suggestions) {
        Detection d = s.detection();
        ObjectNode one =
            sounds
                .addObject()
                .put("detection", d.id())
                .put("stream", d.stream().value())
                .put("label", d.label())
                .put("adapter", d.origin().adapterDigest())
                .put("onset", d.extent().onsetTime().toString())
                .put("offset", s.end().toString())
                .put("peak", d.peak())
                .put("score", Math.rint(s.score() * 1e6) / 1e6);
        s.reasons().forEach(one.putArray("reasons")::add);
      }
      return root;
    }
  }

  /**
   * Whose sounds are ranked.
   *
   * @param other null: there is no second adapter to compare with
   */
  private record Adapters(Adapter inForce, @Nullable Adapter other, Set<String> wanted) {}

  /**
   * @param store opens the trainer's store, for each search anew; empty where it is not on this
   *     machine, then novelty counts for nothing
   */
  public NextLabels(Settings settings, Supplier<Optional<ExampleStore>> store) {
    this.settings = settings;
    this.store = store;
  }

  /**
   * Searches; takes seconds and up to 200 detections' worth of scoring.
   *
   * @param stream null: all
   * @param from reported then or later
   * @param count at most so many
   * @return empty if no detection without a label has been reported since
   * @throws DeployException if the adapter of the newest detection cannot be had
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers in time
   */
  public Optional<Found> find(@Nullable StreamId stream, Instant from, int count) {
    Topics.ensureTraining(settings.ingest());
    Map<String, Detection> pool = pool(stream, from);
    if (pool.isEmpty()) {
      return Optional.empty();
    }
    Path backbone = settings.deploy().backboneFile();
    Path adapter = settings.deploy().adapter();
    if (backbone != null && adapter != null) {
      return Optional.of(found(pool, Backbone.load(backbone), Adapter.load(adapter), count));
    }
    try (BundledModel bundled = BundledModel.open()) {
      return Optional.of(
          found(pool, Backbone.load(bundled.backbone()), Adapter.load(bundled.adapter()), count));
    }
  }

  /** By id, the newest first: events that have ended and that no label touches. */
  private Map<String, Detection> pool(@Nullable StreamId stream, Instant from) {
    Map<String, List<Label>> labels = new HashMap<>();
    try (LabelTopic topic =
        LabelTopic.follow(
            settings.ingest(),
            l -> labels.computeIfAbsent(l.stream().value(), s -> new ArrayList<>()).add(l))) {
      topic.refresh();
    }
    Map<String, Detection> pool = new LinkedHashMap<>();
    CurrentDetections.find(settings.ingest(), stream, from, d -> d.label() != null).stream()
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
      Map<String, Detection> pool, Backbone backbone, Adapter configured, int count) {
    Adapters adapters = adapters(pool.values().iterator().next(), configured);
    List<Trial> trials = trials(pool);
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
      List<Labelled> labelled = labelled(scorer);
      List<Suggestion> suggestions = new ArrayList<>();
      for (Choice c :
          scorer.strategy(labelled, adapters.wanted()).choose(scorer.sounds(trials), count)) {
        suggestions.add(
            new Suggestion(
                Objects.requireNonNull(pool.get(c.sound().id()), c.sound().id()),
                c.score(),
                c.reasons()));
      }
      Adapter other = adapters.other();
      return new Found(
          suggestions,
          trials.size(),
          pool.size() - trials.size(),
          adapters.inForce().digest(),
          other == null ? null : other.digest(),
          adapters.wanted(),
          labelled.size());
    }
  }

  /** The adapter that the newest detection is from, and the newest other one of a trainer. */
  private Adapters adapters(Detection newest, Adapter configured) {
    String digest = newest.origin().adapterDigest();
    try (RegistryView view = RegistryView.open(settings.ingest(), settings.registry()::trusted)) {
      boolean isConfigured = digest.equals(configured.digest());
      if (!isConfigured && !view.adapters().contains(digest)) {
        throw new DeployException(
            "detection %s: its adapter %s is neither configured nor on the topic; give its file with --set lookaside.deploy.adapter=FILE"
                .formatted(ShortId.of(newest.id()), ShortId.of(digest)));
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
  private List<Trial> trials(Map<String, Detection> pool) {
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

  /** Sounds of the store, some of each class and some of none; none where there is no store. */
  private List<Labelled> labelled(PoolScorer scorer) {
    Optional<ExampleStore> found = store.get();
    if (found.isEmpty()) {
      return List.of();
    }
    List<Labelled> labelled = new ArrayList<>();
    try (ExampleStore open = found.get()) {
      Map<Optional<String>, Integer> counts = new HashMap<>();
      List<StoredExample> newestFirst = new ArrayList<>(open.newestUsable(Scope.ALL, Instant.MAX));
      Collections.reverse(newestFirst);
      for (StoredExample e : newestFirst) {
        if (counts.merge(e.label(), 1, Integer::sum) <= LABELLED_PER_CLASS) {
          labelled.add(
              new Labelled(
                  e.label().orElse(null),
                  scorer.embedding(
                      e.heldAudio().read(),
                      e.heldAudio().onsetSeconds(),
                      e.heldAudio().offsetSeconds())));
        }
      }
    }
    return labelled;
  }
}
