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
 * How labels stand to each other, from the labels alone: what a store that has taken them all says
 * of them, for those who have none. Pure.
 */
public final class LabelStandings {
  /**
   * Where one label stands.
   *
   * @param because ids of the labels that supersede it, contradict it or say the same; empty for a
   *     usable one
   * @param takenBack whether it is superseded because its author takes it back with these
   */
  public record Stands(Standing standing, List<String> because, boolean takenBack) {
    public Stands {
      because = List.copyOf(because);
    }

    /** Of a label that nobody has taken back. */
    public Stands(Standing standing, List<String> because) {
      this(standing, because, false);
    }
  }

  private LabelStandings() {}

  /** By id. */
  public static Map<String, Stands> of(Collection<Label> labels) {
    Map<String, List<Label>> byStream = new TreeMap<>();
    for (Label label : labels) {
      byStream.computeIfAbsent(label.stream().value(), s -> new ArrayList<>()).add(label);
    }
    Map<String, Stands> all = new HashMap<>();
    for (List<Label> ofStream : byStream.values()) {
      ofStream.sort(Comparator.comparing(Label::onset));
      List<Claim> together = new ArrayList<>();
      Instant until = Instant.MIN;
      for (Label label : ofStream) {
        if (!label.onset().isBefore(until)) {
          judge(together, all);
          together.clear();
        }
        until = label.offset().isAfter(until) ? label.offset() : until;
        together.add(claim(label));
      }
      judge(together, all);
    }
    return all;
  }

  /** Claims that overlap, directly or through others. */
  private static void judge(List<Claim> together, Map<String, Stands> all) {
    Map<String, Standing> standings = Claim.standings(together);
    List<Claim> said = together.stream().filter(c -> takers(c, together).isEmpty()).toList();
    for (Claim claim : together) {
      Standing standing = standings.getOrDefault(claim.id(), Standing.USABLE);
      List<String> because = new ArrayList<>(takers(claim, together));
      boolean takenBack = !because.isEmpty();
      if (!takenBack) {
        List<Claim> others = standing == Standing.RETRACTION ? together : said;
        for (Claim other : others) {
          if (other != claim
              && claim.stands(
                  standing, other, standings.getOrDefault(other.id(), Standing.USABLE))) {
            because.add(other.id());
          }
        }
      }
      all.put(claim.id(), new Stands(standing, because, takenBack));
    }
  }

  /** Ids of the claims that take this one back. */
  private static List<String> takers(Claim claim, List<Claim> together) {
    return together.stream().filter(o -> o.takesBack(claim)).map(Claim::id).toList();
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
