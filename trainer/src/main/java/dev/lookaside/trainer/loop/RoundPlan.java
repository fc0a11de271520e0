package dev.lookaside.trainer.loop;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Seeds;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Split;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What a round works with, chosen once when it begins and kept in its folder, so that a round that
 * goes on after a kill sees the same. By ids of examples.
 *
 * @param incumbent digest of the adapter that the fit starts from and the candidate is judged
 *     against
 * @param added classes that the incumbent does not know
 * @param corrected classes that labels speak of: their thresholds are chosen anew
 * @param train of classes, to fit on
 * @param unlabelled of no class, to fit on
 * @param heldOut of classes, to judge on
 * @param background of no class, to judge on
 * @param corrections of which the report says what is heard there, the newest last
 * @param notes for the report
 */
record RoundPlan(
    String incumbent,
    List<String> added,
    List<String> corrected,
    List<String> train,
    List<String> unlabelled,
    List<String> heldOut,
    List<String> background,
    List<String> corrections,
    List<String> notes) {
  private static final JsonMapper MAPPER = new JsonMapper();

  /** Both adapters score the windows of each, which a round of many labels must have time for. */
  static final int CORRECTIONS_MAX = 100;

  /** Of more that no report has gone into yet, so many are the newest; the rest waited longest. */
  private static final int NEWEST_MAX = CORRECTIONS_MAX / 2;

  RoundPlan {
    added = List.copyOf(added);
    corrected = List.copyOf(corrected);
    train = List.copyOf(train);
    unlabelled = List.copyOf(unlabelled);
    heldOut = List.copyOf(heldOut);
    background = List.copyOf(background);
    corrections = List.copyOf(corrections);
    notes = List.copyOf(notes);
  }

  /**
   * Chooses.
   *
   * @param usable examples of both splits
   * @param known the incumbent's classes
   * @param lent by earlier rounds
   * @param told corrections that a report of the adapter in force, or of one that it comes from,
   *     goes into already
   * @param seed of what is drawn to fit on
   * @throws TrainerException if a class of the incumbent has no example to fit on: a fit without it
   *     would make the adapter deaf to it
   */
  static RoundPlan choose(
      List<StoredExample> usable,
      String incumbent,
      List<String> known,
      RefitSettings settings,
      Lent lent,
      Predicate<StoredExample> told,
      long seed) {
    return new Choice(usable, known, settings, lent, seed).plan(incumbent, told);
  }

  /** Chooses where no report has gone into anything yet. */
  static RoundPlan choose(
      List<StoredExample> usable,
      String incumbent,
      List<String> known,
      RefitSettings settings,
      Lent lent,
      long seed) {
    return choose(usable, incumbent, known, settings, lent, e -> false, seed);
  }

  String toJson() {
    try {
      return MAPPER.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a plan is plain data", e);
    }
  }

  static RoundPlan fromJson(String json) {
    try {
      return MAPPER.readValue(json, RoundPlan.class);
    } catch (JsonProcessingException e) {
      throw new TrainerException("plan of a round: " + e.getOriginalMessage(), e);
    }
  }

  private static final class Choice {
    private final List<String> known;
    private final RefitSettings settings;
    private final Lent lent;
    private final long seed;
    private final Map<String, List<StoredExample>> train = new TreeMap<>();
    private final Map<String, List<StoredExample>> heldOut = new TreeMap<>();
    private final List<StoredExample> unlabelled = new ArrayList<>();
    private final List<StoredExample> background = new ArrayList<>();
    private final List<StoredExample> labelled = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    Choice(
        List<StoredExample> usable,
        List<String> known,
        RefitSettings settings,
        Lent lent,
        long seed) {
      this.known = known;
      this.settings = settings;
      this.lent = lent;
      this.seed = seed;
      List<StoredExample> ordered = new ArrayList<>(usable);
      ordered.sort(Comparator.comparingLong(StoredExample::number));
      for (StoredExample e : ordered) {
        boolean fit = e.split() == Split.TRAIN;
        if (e.label().isPresent()) {
          (fit ? train : heldOut).computeIfAbsent(e.label().get(), l -> new ArrayList<>()).add(e);
        } else {
          (fit ? unlabelled : background).add(e);
        }
        if (e.origin() == Origin.LABEL) {
          labelled.add(e);
        }
      }
    }

    RoundPlan plan(String incumbent, Predicate<StoredExample> told) {
      for (String label : known) {
        if (!train.containsKey(label)) {
          throw new TrainerException(
              "class \"%s\": the store has no example to fit on; import what the adapter was fitted on"
                  .formatted(label));
        }
      }
      Set<String> added = new TreeSet<>(train.keySet());
      known.forEach(added::remove);
      Set<String> unfit = new TreeSet<>(heldOut.keySet());
      unfit.removeAll(train.keySet());
      for (String label : unfit) {
        notes.add("class %s: held-out recordings only, not fitted".formatted(label));
        heldOut.remove(label);
      }
      List<String> toFit = new ArrayList<>();
      train.forEach((label, examples) -> toFit.addAll(ids(replayed(label, examples))));
      List<String> toJudge = new ArrayList<>();
      heldOut.forEach((label, examples) -> toJudge.addAll(ids(examples)));
      return new RoundPlan(
          incumbent,
          List.copyOf(added),
          corrected(),
          toFit,
          ids(limited("", unlabelled)),
          toJudge,
          ids(background),
          ids(followed(told)),
          notes);
    }

    /**
     * Those that no report goes into yet, then the newest of the others. Each has its turn, however
     * many come: a part of the places is for those that have waited longest.
     */
    private List<StoredExample> followed(Predicate<StoredExample> told) {
      List<StoredExample> due = labelled.stream().filter(told.negate()).toList();
      List<StoredExample> others = labelled.stream().filter(told).toList();
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
      labelled.forEach(e -> e.label().filter(train::containsKey).ifPresent(corrected::add));
      return List.copyOf(corrected);
    }

    /**
     * Holds some back if nothing of the class is held out, or nothing from before there were
     * labels: those are what the gate can trust if labels are wrong.
     */
    private List<StoredExample> replayed(String label, List<StoredExample> all) {
      List<StoredExample> examples = all;
      List<StoredExample> kept = heldOut.computeIfAbsent(label, l -> new ArrayList<>());
      List<StoredExample> seeds = seeds(all);
      List<StoredExample> lenders = seeds.size() > 1 ? seeds : all;
      boolean lacking = kept.isEmpty() || seeds.size() > 1 && seeds(kept).isEmpty();
      if (lacking && lenders.size() > 1) {
        List<StoredExample> back = lent.of(label, lenders);
        examples = new ArrayList<>(all);
        examples.removeAll(back);
        kept.addAll(back);
        notes.add(
            "class %s: no held-out recording yet, judged on %d of its %d examples that were not fitted"
                .formatted(label, back.size(), all.size()));
      }
      return limited(label, examples);
    }

    private static List<StoredExample> seeds(List<StoredExample> examples) {
      return examples.stream().filter(e -> e.origin() == Origin.SEED).toList();
    }

    /** The newest from labels and, drawn, older ones and those from elsewhere. */
    private List<StoredExample> limited(String label, List<StoredExample> examples) {
      List<StoredExample> newest = new ArrayList<>();
      List<StoredExample> others = new ArrayList<>();
      for (int i = examples.size() - 1; i >= 0; i--) {
        StoredExample e = examples.get(i);
        boolean fresh = e.origin() == Origin.LABEL && newest.size() < settings.freshPerClass();
        (fresh ? newest : others).add(e);
      }
      // Each class has draws of its own: what is new in one does not change another one's.
      Collections.shuffle(others, new Random(Seeds.mix(seed, 1, label.hashCode())));
      List<StoredExample> chosen = new ArrayList<>(newest);
      chosen.addAll(others.subList(0, Math.min(others.size(), settings.replayPerClass())));
      return chosen;
    }

    private static List<String> ids(List<StoredExample> examples) {
      return examples.stream().map(StoredExample::id).toList();
    }
  }
}
