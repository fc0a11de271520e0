package dev.lookaside.trainer.collect;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What a round works with, chosen once when it begins and kept in its folder, so that a round that
 * goes on after a kill sees the same. By ids of examples.
 *
 * <p>Every example of a class is fitted on and judged on: recordings are dealt out to {@value
 * #FOLDS} folds, and each sound is scored by a fit without its fold. A refit of the whole adapter
 * leaves out fold {@value #LEFT_OUT} and is judged on it.
 *
 * @param incumbent digest of the adapter that the fit starts from and the candidate is judged
 *     against
 * @param added classes that the incumbent does not know
 * @param corrected classes that labels speak of
 * @param examples of classes, to fit on and to judge on
 * @param folds of these
 * @param unlabelled of no class, to fit on
 * @param background of no class, to count false alarms on
 * @param corrections labels that are looked at one by one, the newest last; among the examples are
 *     those that name a class
 * @param fresh of these, the ones that no adapter in force comes from
 */
public record RoundPlan(
    String incumbent,
    List<String> added,
    List<String> corrected,
    List<String> examples,
    Map<String, Integer> folds,
    List<String> unlabelled,
    List<String> background,
    List<String> corrections,
    Set<String> fresh) {
  /** Fewer leave a class of three recordings none to fit on, more take as many fits. */
  public static final int FOLDS = 4;

  /** The fold that refits of the whole adapter are judged on. */
  public static final int LEFT_OUT = 0;

  private static final JsonMapper MAPPER = new JsonMapper();

  /** Each is scored by itself, which a round of many labels must have time for. */
  static final int CORRECTIONS_MAX = 100;

  /** Of more that no report has gone into yet, so many are the newest; the rest waited longest. */
  private static final int NEWEST_MAX = CORRECTIONS_MAX / 2;

  public RoundPlan {
    added = List.copyOf(added);
    corrected = List.copyOf(corrected);
    examples = List.copyOf(examples);
    folds = Map.copyOf(folds);
    unlabelled = List.copyOf(unlabelled);
    background = List.copyOf(background);
    corrections = List.copyOf(corrections);
    fresh = Set.copyOf(fresh);
  }

  /**
   * Chooses.
   *
   * @param usable examples of both splits
   * @param known the incumbent's classes
   * @param reported corrections that a report of the adapter in force, or of one that it comes
   *     from, goes into already
   * @throws TrainerException if a class of the incumbent has no example to fit on: a fit without it
   *     would make the adapter unable to detect it
   */
  public static RoundPlan choose(
      List<StoredExample> usable,
      String incumbent,
      List<String> known,
      RefitSettings settings,
      Predicate<StoredExample> reported) {
    return new Choice(usable, known, settings).plan(incumbent, reported);
  }

  /** Whose fold an example is in; {@link #LEFT_OUT} of one without a class. */
  public int fold(String id) {
    return folds.getOrDefault(id, LEFT_OUT);
  }

  /** Examples of the fold, or of all others. */
  public List<String> examples(boolean leftOut) {
    return examples.stream().filter(id -> (fold(id) == LEFT_OUT) == leftOut).toList();
  }

  /** Without examples that are not to be fitted on or judged by. */
  public RoundPlan without(Set<String> doubted) {
    return new RoundPlan(
        incumbent,
        added,
        corrected,
        examples.stream().filter(id -> !doubted.contains(id)).toList(),
        folds,
        unlabelled,
        background,
        corrections.stream().filter(id -> !doubted.contains(id)).toList(),
        fresh);
  }

  /** For the round's folder. */
  public String toJson() {
    return MAPPER.valueToTree(this).toString();
  }

  /**
   * Reads {@link #toJson}.
   *
   * @throws TrainerException if it is none
   */
  public static RoundPlan fromJson(String json) {
    try {
      return StrictJson.bind(MAPPER, StrictJson.parse(json), RoundPlan.class);
    } catch (NotJsonException e) {
      throw new TrainerException("plan of a round: " + e.getMessage(), e);
    }
  }

  private static final class Choice {
    private final List<String> known;
    private final RefitSettings settings;
    private final Map<String, List<StoredExample>> byLabel = new TreeMap<>();
    private final List<StoredExample> unlabelled = new ArrayList<>();
    private final List<StoredExample> background = new ArrayList<>();
    private final List<StoredExample> labelled = new ArrayList<>();

    Choice(List<StoredExample> usable, List<String> known, RefitSettings settings) {
      this.known = known;
      this.settings = settings;
      List<StoredExample> ordered = new ArrayList<>(usable);
      ordered.sort(Comparator.comparingLong(StoredExample::number));
      for (StoredExample e : ordered) {
        if (e.label().isPresent()) {
          byLabel.computeIfAbsent(e.label().get(), l -> new ArrayList<>()).add(e);
        } else if (e.split() == Split.TRAIN) {
          unlabelled.add(e);
        } else if (e.origin() != Origin.LABEL) {
          background.add(e);
        }
        if (e.origin() == Origin.LABEL) {
          labelled.add(e);
        }
      }
    }

    RoundPlan plan(String incumbent, Predicate<StoredExample> reported) {
      for (String label : known) {
        if (!byLabel.containsKey(label)) {
          throw new TrainerException(
              "class \"%s\": the store has no example to fit on; import what the adapter was fitted on"
                  .formatted(label));
        }
      }
      Set<String> added = new TreeSet<>(byLabel.keySet());
      known.forEach(added::remove);
      List<StoredExample> followed = followed(reported);
      Set<String> single = new HashSet<>(ids(followed));
      List<StoredExample> examples = new ArrayList<>();
      byLabel.forEach((label, all) -> examples.addAll(limited(label, all, single)));
      Set<String> fresh = new HashSet<>();
      followed.stream().filter(reported.negate()).forEach(e -> fresh.add(e.id()));
      return new RoundPlan(
          incumbent,
          List.copyOf(added),
          corrected(),
          ids(examples),
          dealt(examples),
          ids(limited("", unlabelled, single)),
          ids(background),
          ids(followed),
          fresh);
    }

    /**
     * Those that no report goes into yet, then the newest of the others. Each has its turn, however
     * many come: a part of the places is for those that have waited longest.
     */
    private List<StoredExample> followed(Predicate<StoredExample> reported) {
      List<StoredExample> due = labelled.stream().filter(reported.negate()).toList();
      List<StoredExample> others = labelled.stream().filter(reported).toList();
      List<StoredExample> followed = new ArrayList<>();
      if (due.size() > CORRECTIONS_MAX) {
        followed.addAll(due.subList(0, CORRECTIONS_MAX - NEWEST_MAX));
        followed.addAll(newest(due, NEWEST_MAX));
      } else {
        followed.addAll(due);
        followed.addAll(newest(others, CORRECTIONS_MAX - due.size()));
      }
      followed.sort(Comparator.comparingLong(StoredExample::number));
      return followed;
    }

    private static List<StoredExample> newest(List<StoredExample> examples, int most) {
      return examples.subList(Math.max(0, examples.size() - most), examples.size());
    }

    private List<String> corrected() {
      Set<String> corrected = new TreeSet<>();
      for (StoredExample e : labelled) {
        Optional<String> label = e.label().isPresent() ? e.label() : e.rejectedLabel();
        label.filter(byLabel::containsKey).ifPresent(corrected::add);
      }
      return List.copyOf(corrected);
    }

    /** Labels that are looked at one by one, the newest others and, drawn, older ones. */
    private List<StoredExample> limited(
        String label, List<StoredExample> examples, Set<String> single) {
      List<StoredExample> newest = new ArrayList<>();
      List<StoredExample> others = new ArrayList<>();
      for (int i = examples.size() - 1; i >= 0; i--) {
        StoredExample e = examples.get(i);
        boolean fresh = e.origin() == Origin.LABEL && newest.size() < settings.freshPerClass();
        (fresh || single.contains(e.id()) ? newest : others).add(e);
      }
      // Each class has draws of its own: what is new in one does not change another one's. They are
      // the same in every round: what is made of them is cached, and the refit of the whole adapter
      // is judged on the sounds of the head that it replaces.
      Collections.shuffle(others, new Random(Seeds.mix(settings.seed(), 1, label.hashCode())));
      List<StoredExample> chosen = new ArrayList<>(newest);
      chosen.addAll(others.subList(0, Math.min(others.size(), settings.replayPerClass())));
      return chosen;
    }

    /**
     * A fold for each example: recordings are dealt out as they have come. Those of people are
     * dealt out by themselves: where the others lie does not depend on them.
     */
    private static Map<String, Integer> dealt(List<StoredExample> examples) {
      Map<String, List<StoredExample>> groups = new TreeMap<>();
      for (StoredExample e : examples) {
        String group = e.label().orElseThrow() + (e.origin() == Origin.LABEL ? " label" : " other");
        groups.computeIfAbsent(group, g -> new ArrayList<>()).add(e);
      }
      Map<String, Integer> dealt = new HashMap<>();
      for (List<StoredExample> group : groups.values()) {
        // Single examples of the only recording are better than none.
        boolean whole = group.stream().map(StoredExample::recording).distinct().count() > 1;
        group.sort(Comparator.comparingLong(StoredExample::number));
        List<String> hands =
            group.stream().map(e -> whole ? e.recording() : e.id()).distinct().toList();
        // Others begin at one fold further: of two examples one is then fitted on by all refits.
        for (StoredExample e : group) {
          dealt.put(e.id(), (hands.indexOf(whole ? e.recording() : e.id()) + 1) % FOLDS);
        }
      }
      return dealt;
    }

    private static List<String> ids(List<StoredExample> examples) {
      return examples.stream().map(StoredExample::id).toList();
    }
  }
}
