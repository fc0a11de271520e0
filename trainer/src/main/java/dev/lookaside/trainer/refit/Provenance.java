package dev.lookaside.trainer.refit;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.AdapterFactory;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * What a round's candidate was made from, kept in the adapter file beside what {@link
 * dev.lookaside.trainer.fit.ModelFit} says of the fit. Pure: the same round gives the same bytes.
 *
 * <pre>
 *   report   { "fit": { ... },
 *              "round": { "kind": "head" | "full", "name": text, "trigger": text },
 *              "data": { "classes": { label: { "fromLabels": n, "heldOut": n, "train": n } },
 *                        "background": { "heldOut": n, "train": n },
 *                        "labels": { "count": n, "authors": { name: n }, "streams": [id...],
 *                                    "capturedFrom": time, "capturedUntil": time,
 *                                    "labelledFrom": time, "labelledUntil": time,
 *                                    "ids": [the newest] } } }
 * </pre>
 *
 * Times are left out where no label was used.
 */
final class Provenance {
  /** Enough to look them up, few enough for the head of a file. */
  private static final int IDS = 50;

  private static final Comparator<Instant> ORDER = Comparator.naturalOrder();

  private final RoundPlan plan;
  private final RoundSounds sounds;

  Provenance(RoundPlan plan, RoundSounds sounds) {
    this.plan = plan;
    this.sounds = sounds;
  }

  /** The candidate with all that in its report. */
  Adapter in(Adapter candidate, Round round) {
    ObjectNode report = report(candidate.metadata().getOrDefault("report", "{}"));
    report
        .putObject("round")
        .put("kind", round.kind().word())
        .put("name", round.name())
        .put("trigger", round.trigger());
    report.set("data", data());
    TreeMap<String, String> metadata = new TreeMap<>(candidate.metadata());
    metadata.put("report", report.toString());
    return AdapterFactory.of(candidate.tensors(), metadata);
  }

  /** What the field holds, if it is an object; it is free, and a parent may come from elsewhere. */
  static ObjectNode report(String text) {
    try {
      return StrictJson.parse(text) instanceof ObjectNode object
          ? object
          : JsonNodeFactory.instance.objectNode();
    } catch (NotJsonException e) {
      return JsonNodeFactory.instance.objectNode();
    }
  }

  /** The field {@code data}. */
  ObjectNode data() {
    ObjectNode data = JsonNodeFactory.instance.objectNode();
    Map<String, List<StoredExample>> byLabel = new TreeMap<>();
    for (String id : plan.examples()) {
      StoredExample e = sounds.example(id);
      byLabel.computeIfAbsent(e.label().orElse(""), label -> new ArrayList<>()).add(e);
    }
    ObjectNode classes = data.putObject("classes");
    byLabel.forEach(
        (label, all) ->
            classes
                .putObject(label)
                .put("train", all.size())
                .put("heldOut", count(all, e -> plan.fold(e.id()) == RoundPlan.LEFT_OUT))
                .put("fromLabels", count(all, e -> e.origin() == Origin.LABEL)));
    data.putObject("background")
        .put("train", plan.unlabelled().size())
        .put("heldOut", plan.background().size());
    data.set(
        "labels",
        labels(
            Stream.concat(plan.examples().stream(), plan.unlabelled().stream())
                .map(sounds::example)
                .filter(e -> e.origin() == Origin.LABEL)
                .toList()));
    return data;
  }

  private static long count(List<StoredExample> examples, Predicate<StoredExample> counts) {
    return examples.stream().filter(counts).count();
  }

  private static ObjectNode labels(List<StoredExample> labelled) {
    ObjectNode labels = JsonNodeFactory.instance.objectNode().put("count", labelled.size());
    Map<String, Integer> authors = new TreeMap<>();
    TreeSet<String> streams = new TreeSet<>();
    labelled.forEach(
        e -> {
          authors.merge(e.author(), 1, Integer::sum);
          streams.add(e.stream());
        });
    ObjectNode byAuthor = labels.putObject("authors");
    authors.forEach(byAuthor::put);
    ArrayNode all = labels.putArray("streams");
    streams.stream().limit(IDS).forEach(all::add);
    put(labels, "capturedFrom", labelled.stream().map(StoredExample::onset).min(ORDER));
    put(labels, "capturedUntil", labelled.stream().map(StoredExample::offset).max(ORDER));
    put(labels, "labelledFrom", labelled.stream().map(StoredExample::labelledAt).min(ORDER));
    put(labels, "labelledUntil", labelled.stream().map(StoredExample::labelledAt).max(ORDER));
    ArrayNode ids = labels.putArray("ids");
    labelled.stream()
        .sorted((a, b) -> Long.compare(b.number(), a.number()))
        .limit(IDS)
        .forEach(e -> ids.add(e.id()));
    return labels;
  }

  private static void put(ObjectNode node, String field, Optional<Instant> time) {
    time.ifPresent(t -> node.put(field, t.toString()));
  }
}
