package dev.lookaside.trainer.store;

import dev.lookaside.trainer.label.Label;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The standing of labels among each other, from the labels alone: what a store that has them all
 * computes, for those who have none. Pure.
 */
public final class LabelStandings {
  /**
   * The standing of one label.
   *
   * @param because ids of the labels that supersede it, contradict it or agree with it; empty for a
   *     usable one
   * @param retracted whether it is superseded because its author retracts it with these
   */
  public record LabelStanding(Standing standing, List<String> because, boolean retracted) {
    public LabelStanding {
      because = List.copyOf(because);
    }

    /** Of a label that nobody has retracted. */
    public LabelStanding(Standing standing, List<String> because) {
      this(standing, because, false);
    }
  }

  private LabelStandings() {}

  /** By id. */
  public static Map<String, LabelStanding> of(Collection<Label> labels) {
    Map<String, List<Label>> byStream = new TreeMap<>();
    for (Label label : labels) {
      byStream.computeIfAbsent(label.stream().value(), s -> new ArrayList<>()).add(label);
    }
    Map<String, LabelStanding> all = new HashMap<>();
    for (List<Label> ofStream : byStream.values()) {
      ofStream.sort(Comparator.comparing(Label::onset));
      List<Claim> together = new ArrayList<>();
      Instant until = Instant.MIN;
      for (Label label : ofStream) {
        if (!label.onset().isBefore(until)) {
          compare(together, all);
          together.clear();
        }
        until = label.offset().isAfter(until) ? label.offset() : until;
        together.add(claim(label));
      }
      compare(together, all);
    }
    return all;
  }

  /** Claims that overlap, directly or through others. */
  private static void compare(List<Claim> together, Map<String, LabelStanding> all) {
    Map<String, Standing> standings = Claim.standings(together);
    List<Claim> active = together.stream().filter(c -> retractions(c, together).isEmpty()).toList();
    for (Claim claim : together) {
      Standing standing = standings.getOrDefault(claim.id(), Standing.USABLE);
      List<String> because = new ArrayList<>(retractions(claim, together));
      boolean retracted = !because.isEmpty();
      if (!retracted) {
        List<Claim> others = standing == Standing.RETRACTION ? together : active;
        for (Claim other : others) {
          if (other != claim
              && claim.explains(
                  standing, other, standings.getOrDefault(other.id(), Standing.USABLE))) {
            because.add(other.id());
          }
        }
      }
      all.put(claim.id(), new LabelStanding(standing, because, retracted));
    }
  }

  /** Ids of the claims that retract this one. */
  private static List<String> retractions(Claim claim, List<Claim> together) {
    return together.stream().filter(o -> o.retracts(claim)).map(Claim::id).toList();
  }

  private static Claim claim(Label label) {
    return new Claim(
        label.id(),
        label.author(),
        label.time(),
        label.onset(),
        label.offset(),
        label.kind(),
        label.label(),
        label.detected(),
        label.detection());
  }
}
