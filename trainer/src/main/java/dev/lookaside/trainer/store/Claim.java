package dev.lookaside.trainer.store;

import dev.lookaside.trainer.label.LabelKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one label states about one interval of one stream, and its standing among the others. Pure,
 * and the same in whatever order labels arrive.
 *
 * <p>Two labels are about the same sound if they are about the same detection, or if at least half
 * of the shorter interval is shared. Two classes may sound at once, so they contradict each other
 * only if one states that a class sounds and the other that it does not, or if they give one
 * detection two names, or if both add a sound that was missed, of different classes, and at least
 * two thirds of the longer interval are shared: that is one sound with two names. Newer is what has
 * the later time, then the greater id.
 *
 * <p>What an author retracts, by naming its class and exactly its interval, is as if it had never
 * been written: it supersedes nothing, either.
 *
 * @param detected the class that a relabel states does not sound
 */
record Claim(
    String id,
    String author,
    Instant time,
    Instant onset,
    Instant offset,
    LabelKind kind,
    String label,
    Optional<String> detected,
    Optional<String> detection) {
  private static final Comparator<Claim> BY_AGE =
      Comparator.comparing(Claim::time).thenComparing(Claim::id);

  /** The standing of each of the claims about one stream. */
  static Map<String, Standing> standings(List<Claim> claims) {
    List<Claim> byAge = claims.stream().sorted(BY_AGE).toList();
    Map<String, Standing> standings = new HashMap<>();
    List<Claim> active = new ArrayList<>();
    for (Claim c : byAge) {
      if (c.kind() == LabelKind.RETRACT) {
        standings.put(c.id(), Standing.RETRACTION);
      } else if (byAge.stream().anyMatch(o -> o.retracts(c))) {
        standings.put(c.id(), Standing.SUPERSEDED);
      } else {
        active.add(c);
      }
    }
    for (Claim c : active) {
      boolean superseded = active.stream().anyMatch(o -> o.supersedes(c));
      standings.put(c.id(), superseded ? Standing.SUPERSEDED : Standing.USABLE);
    }
    List<Claim> live =
        active.stream().filter(c -> standings.get(c.id()) == Standing.USABLE).toList();
    for (Claim c : live) {
      if (live.stream().anyMatch(o -> !o.author().equals(c.author()) && o.contradicts(c))) {
        standings.put(c.id(), Standing.CONFLICT);
      }
    }
    Set<Claim> kept = new HashSet<>();
    for (Claim c : live) {
      if (standings.get(c.id()) != Standing.CONFLICT) {
        if (kept.stream().anyMatch(o -> o.agrees(c))
            || live.stream().anyMatch(o -> o.namesWhatItRejects(c))) {
          standings.put(c.id(), Standing.DUPLICATE);
        } else {
          kept.add(c);
        }
      }
    }
    return standings;
  }

  /**
   * Whether another claim about the same, neither of them retracted, is a reason for this one's
   * standing.
   *
   * @param standing of this one
   */
  boolean explains(Standing standing, Claim other, Standing itsStanding) {
    boolean live = itsStanding != Standing.SUPERSEDED && itsStanding != Standing.RETRACTION;
    return switch (standing) {
      case USABLE -> false;
      case SUPERSEDED -> other.supersedes(this);
      case RETRACTION -> retracts(other);
      case CONFLICT -> live && !author.equals(other.author()) && other.contradicts(this);
      case DUPLICATE ->
          itsStanding == Standing.USABLE && other.agrees(this)
              || live && other.namesWhatItRejects(this);
    };
  }

  private Optional<String> affirmed() {
    return kind == LabelKind.REJECT ? Optional.empty() : Optional.of(label);
  }

  private Optional<String> denied() {
    return kind == LabelKind.REJECT ? Optional.of(label) : detected;
  }

  /** Whether this one retracts the other, older one. */
  boolean retracts(Claim older) {
    return kind == LabelKind.RETRACT
        && older.kind() != LabelKind.RETRACT
        && author.equals(older.author())
        && BY_AGE.compare(this, older) > 0
        && label.equals(older.label())
        && onset.equals(older.onset())
        && offset.equals(older.offset());
  }

  private boolean supersedes(Claim older) {
    return kind != LabelKind.RETRACT
        && older.kind() != LabelKind.RETRACT
        && author.equals(older.author())
        && BY_AGE.compare(this, older) > 0
        && (sameDetection(older)
            || contradicts(older)
            || agrees(older)
            || namesWhatItRejects(older));
  }

  private boolean contradicts(Claim other) {
    boolean clash =
        shared(affirmed(), other.denied())
            || shared(denied(), other.affirmed())
            || sameDetection(other)
                && affirmed().isPresent()
                && other.affirmed().isPresent()
                && !affirmed().equals(other.affirmed());
    return clash && sameStretch(other) || renames(other);
  }

  /** Both add a sound, and it is the same one by another name. */
  private boolean renames(Claim other) {
    return kind == LabelKind.ADD
        && other.kind() == LabelKind.ADD
        && !label.equals(other.label())
        && 3 * shared(other) >= 2 * Math.max(length(), other.length());
  }

  /** Both state the same about the same interval. */
  private boolean agrees(Claim other) {
    boolean same =
        shared(affirmed(), other.affirmed())
            || affirmed().isEmpty()
                && other.affirmed().isEmpty()
                && shared(denied(), other.denied());
    return same && sameStretch(other);
  }

  /** The other rejects a class there, this one names another: it is no background after all. */
  private boolean namesWhatItRejects(Claim other) {
    return affirmed().isPresent()
        && other.affirmed().isEmpty()
        && !shared(affirmed(), other.denied())
        && sameStretch(other);
  }

  private boolean sameDetection(Claim other) {
    return shared(detection, other.detection());
  }

  private boolean sameStretch(Claim other) {
    if (sameDetection(other)) {
      return true;
    }
    long shared = shared(other);
    return shared > 0 && 2 * shared >= Math.min(length(), other.length());
  }

  private long shared(Claim other) {
    return Math.min(Nanos.of(offset), Nanos.of(other.offset()))
        - Math.max(Nanos.of(onset), Nanos.of(other.onset()));
  }

  private long length() {
    return Nanos.of(offset) - Nanos.of(onset);
  }

  private static boolean shared(Optional<String> a, Optional<String> b) {
    return a.isPresent() && a.equals(b);
  }
}
