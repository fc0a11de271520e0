package dev.lookaside.trainer.shadow;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.shadow.ShadowDifference.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/**
 * Two adapters' events over the same audio, paired and counted. Pure: the order of the events does
 * not matter.
 *
 * <p>Of each event, named by its id, the last {@code ended} record counts; {@code retracted} takes
 * it away; all other records are not looked at. Two events of a class agree if they overlap in
 * capture time at all. What is left and covers the same stretch (intersection over union at least
 * {@value #SAME_STRETCH}) under another name is an event whose label differs. Each event has at
 * most one partner; the longest common stretch is paired first.
 *
 * @param classes how far they agree, by label
 * @param differences by stream and time
 */
public record ShadowComparison(
    SortedMap<String, ClassAgreement> classes, List<ShadowDifference> differences) {
  private static final double SAME_STRETCH = 0.5;
  private static final double NANOS = 1e9;

  private static final Comparator<Detection> BY_PLACE =
      Comparator.comparing((Detection d) -> d.stream().value())
          .thenComparing(d -> d.extent().onsetTime())
          .thenComparing(Detection::eventLabel)
          .thenComparing(Detection::id);

  private record Pair(Detection incumbent, Detection candidate, double commonSeconds) {}

  public ShadowComparison {
    classes = Collections.unmodifiableSortedMap(new TreeMap<>(classes));
    differences = List.copyOf(differences);
  }

  /**
   * Compares.
   *
   * @param incumbent records of the adapter in force, in the order in which they were written
   * @param candidate records of the other one, likewise
   */
  public static ShadowComparison of(
      Collection<Detection> incumbent, Collection<Detection> candidate) {
    return new Pairing(standing(incumbent), standing(candidate)).compare();
  }

  /** The events that hold in the end, by stream and time. */
  static List<Detection> standing(Collection<Detection> records) {
    Map<String, Detection> byId = new LinkedHashMap<>();
    for (Detection d : records) {
      switch (d.kind()) {
        case ENDED -> byId.put(d.id(), d);
        case RETRACTED -> byId.remove(d.id());
        case STARTED, GAP, SHED -> {}
      }
    }
    return byId.values().stream().sorted(BY_PLACE).toList();
  }

  private static final class Tally {
    private int agreed;
    private int onlyIncumbent;
    private int onlyCandidate;
    private int namedOtherwise;
    private int namedAnew;
    private double shift;
    private double magnitude;

    ClassAgreement sum() {
      int pairs = Math.max(1, agreed);
      return new ClassAgreement(
          agreed,
          onlyIncumbent,
          onlyCandidate,
          namedOtherwise,
          namedAnew,
          shift / pairs,
          magnitude / pairs);
    }
  }

  private static final class Pairing {
    private final List<Detection> incumbents;
    private final List<Detection> candidates;
    private final Map<StreamId, List<Detection>> candidatesByStream = new HashMap<>();
    private final Set<String> taken = new HashSet<>();
    private final SortedMap<String, Tally> tallies = new TreeMap<>();
    private final List<ShadowDifference> differences = new ArrayList<>();

    Pairing(List<Detection> incumbents, List<Detection> candidates) {
      this.incumbents = incumbents;
      this.candidates = candidates;
      candidates.forEach(
          c -> candidatesByStream.computeIfAbsent(c.stream(), s -> new ArrayList<>()).add(c));
    }

    ShadowComparison compare() {
      for (Pair p : pairs((a, b) -> a.eventLabel().equals(b.eventLabel()))) {
        Tally tally = tally(p.incumbent());
        double shift =
            seconds(p.incumbent().extent().onsetTime(), p.candidate().extent().onsetTime());
        tally.agreed++;
        tally.shift += shift;
        tally.magnitude += Math.abs(shift);
      }
      for (Pair p : pairs((a, b) -> sameStretch(a, b))) {
        tally(p.incumbent()).namedOtherwise++;
        tally(p.candidate()).namedAnew++;
        differences.add(new ShadowDifference(Kind.LABEL_DIFFERS, p.incumbent(), p.candidate()));
      }
      for (Detection d : incumbents) {
        if (!taken.contains("incumbent " + d.id())) {
          tally(d).onlyIncumbent++;
          differences.add(new ShadowDifference(Kind.ONLY_INCUMBENT, d, null));
        }
      }
      for (Detection d : candidates) {
        if (!taken.contains("candidate " + d.id())) {
          tally(d).onlyCandidate++;
          differences.add(new ShadowDifference(Kind.ONLY_CANDIDATE, null, d));
        }
      }
      differences.sort(Comparator.comparing(ShadowDifference::either, BY_PLACE));
      SortedMap<String, ClassAgreement> classes = new TreeMap<>();
      tallies.forEach((label, tally) -> classes.put(label, tally.sum()));
      return new ShadowComparison(classes, differences);
    }

    private Tally tally(Detection d) {
      return tallies.computeIfAbsent(d.eventLabel(), label -> new Tally());
    }

    /** Pairs of events that have no partner yet; takes them. */
    private List<Pair> pairs(BiPredicate<Detection, Detection> mayPair) {
      List<Pair> possible = new ArrayList<>();
      for (Detection i : incumbents) {
        for (Detection c : candidatesByStream.getOrDefault(i.stream(), List.of())) {
          double common = commonSeconds(i, c);
          if (common > 0 && free(i, c) && mayPair.test(i, c)) {
            possible.add(new Pair(i, c, common));
          }
        }
      }
      possible.sort(
          Comparator.comparingDouble(Pair::commonSeconds)
              .reversed()
              .thenComparing(Pair::incumbent, BY_PLACE)
              .thenComparing(Pair::candidate, BY_PLACE));
      List<Pair> found = new ArrayList<>();
      for (Pair p : possible) {
        if (free(p.incumbent(), p.candidate())) {
          taken.add("incumbent " + p.incumbent().id());
          taken.add("candidate " + p.candidate().id());
          found.add(p);
        }
      }
      return found;
    }

    private boolean free(Detection incumbent, Detection candidate) {
      return !taken.contains("incumbent " + incumbent.id())
          && !taken.contains("candidate " + candidate.id());
    }
  }

  private static boolean sameStretch(Detection a, Detection b) {
    double common = commonSeconds(a, b);
    double union = length(a) + length(b) - common;
    return common >= SAME_STRETCH * union;
  }

  private static double commonSeconds(Detection a, Detection b) {
    Instant from = later(a.extent().onsetTime(), b.extent().onsetTime());
    Instant until = end(a).isBefore(end(b)) ? end(a) : end(b);
    return Math.max(0, seconds(from, until));
  }

  private static double length(Detection d) {
    return seconds(d.extent().onsetTime(), end(d));
  }

  private static Instant end(Detection d) {
    return Objects.requireNonNull(d.extent().offsetTime(), "offsetTime");
  }

  private static Instant later(Instant a, Instant b) {
    return a.isAfter(b) ? a : b;
  }

  private static double seconds(Instant from, Instant until) {
    return Duration.between(from, until).toNanos() / NANOS;
  }
}
