package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Examples to fit on that are judged on instead, while their class has no held-out recording. Which
 * ones does not depend on the round: what one round judges on no earlier one has been fitted on,
 * because each starts from the adapter of the one before.
 *
 * @param seed of the store's split
 * @param upTo number of the newest example that a round has chosen from; those up to it that are
 *     not lent may have been fitted on
 * @param ids lent ones
 */
record Lent(long seed, long upTo, Set<String> ids) {
  private static final JsonMapper MAPPER = new JsonMapper();

  /** One of so many. */
  private static final int SHARE = 4;

  Lent {
    ids = Set.copyOf(ids);
  }

  /** What is lent together, or stays to be fitted on together. */
  private record Unit(Rank rank, long draw, String name, List<StoredExample> examples) {}

  /** In the order in which units are lent. */
  private enum Rank {
    /** Lent before. */
    KEPT,
    /** Not there when a round last chose. */
    NEW,
    /** Perhaps fitted on: for want of anything else. */
    FITTED
  }

  static Lent none(long seed) {
    return new Lent(seed, 0, Set.of());
  }

  /** As the last round of a scope has left it. */
  static Lent of(ExampleStore store, Scope scope) {
    return store
        .state(stateName(scope))
        .map(Lent::fromJson)
        .orElseGet(() -> none(store.splitSeed()));
  }

  void keep(ExampleStore store, Scope scope) {
    store.setState(stateName(scope), toJson());
  }

  private static String stateName(Scope scope) {
    return "lent " + scope;
  }

  /**
   * After a round has chosen.
   *
   * @param usable what it chose from
   */
  Lent after(RoundPlan plan, List<StoredExample> usable) {
    Set<String> judged = new HashSet<>(plan.heldOut());
    Set<String> lent = new TreeSet<>();
    long newest = upTo;
    for (StoredExample e : usable) {
      if (e.split() == Split.TRAIN && judged.contains(e.id())) {
        lent.add(e.id());
      }
      newest = Math.max(newest, e.number());
    }
    return new Lent(seed, newest, lent);
  }

  /**
   * About a quarter of a class: whole recordings while there are two, else single examples of the
   * only one. At least one example stays to be fitted on.
   *
   * @param all that could be fitted on, two or more
   */
  List<StoredExample> of(String label, List<StoredExample> all) {
    int wanted = Math.max(1, all.size() / SHARE);
    List<StoredExample> lent = new ArrayList<>();
    for (Unit unit : units(label, all)) {
      boolean take =
          switch (unit.rank()) {
            case KEPT -> true;
            case NEW -> lent.size() < wanted;
            case FITTED -> lent.isEmpty();
          };
      if (take && lent.size() + unit.examples().size() < all.size()) {
        lent.addAll(unit.examples());
      }
    }
    return lent;
  }

  private List<Unit> units(String label, List<StoredExample> all) {
    Map<String, List<StoredExample>> units = new LinkedHashMap<>();
    boolean single = all.stream().map(StoredExample::recording).distinct().count() == 1;
    all.stream()
        .sorted(Comparator.comparing(StoredExample::onset).thenComparing(StoredExample::id))
        .forEach(
            e ->
                units
                    .computeIfAbsent(single ? e.id() : e.recording(), u -> new ArrayList<>())
                    .add(e));
    Map<String, Integer> ofStream = new HashMap<>();
    return units.entrySet().stream()
        .map(
            u -> {
              String stream = u.getValue().get(0).stream();
              int ordinal = ofStream.merge(stream, 1, Integer::sum);
              return unit(draw(label, stream, ordinal), u.getKey(), u.getValue());
            })
        .sorted(
            Comparator.comparing(Unit::rank)
                .thenComparingLong(Unit::draw)
                .thenComparing(Unit::name))
        .toList();
  }

  /**
   * By whose it is and which one of its stream's, not by when it was: what people correct in the
   * same sounds is lent the same way on another day.
   */
  private long draw(String label, String stream, int ordinal) {
    return Seeds.mix(seed, label.hashCode(), stream.hashCode(), ordinal);
  }

  private Unit unit(long draw, String name, List<StoredExample> examples) {
    List<StoredExample> kept = examples.stream().filter(e -> ids.contains(e.id())).toList();
    boolean fitted = examples.stream().anyMatch(e -> e.number() <= upTo && !ids.contains(e.id()));
    Rank rank = kept.isEmpty() ? (fitted ? Rank.FITTED : Rank.NEW) : Rank.KEPT;
    // A recording that was the only one was torn; what was lent of it stays so, and no more of it.
    List<StoredExample> lent = rank == Rank.KEPT && fitted ? kept : examples;
    return new Unit(rank, draw, name, lent);
  }

  String toJson() {
    try {
      return MAPPER.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("ids are plain data", e);
    }
  }

  static Lent fromJson(String json) {
    try {
      return MAPPER.readValue(json, Lent.class);
    } catch (JsonProcessingException e) {
      throw new TrainerException("lent examples: " + e.getOriginalMessage(), e);
    }
  }
}
