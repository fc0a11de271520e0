package dev.lookaside.trainer.loop;

import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Which examples fits have had, by their numbers: all up to one, but for those whose audio was
 * still to come.
 *
 * @param upTo number of the newest example
 * @param awaited numbers up to it that could not be used yet
 */
public record Seen(long upTo, SortedSet<Long> awaited) {
  public static final Seen NOTHING = new Seen(0, Collections.emptySortedSet());

  /** Copies. */
  public Seen {
    awaited = Collections.unmodifiableSortedSet(new TreeSet<>(awaited));
  }

  /** Whether an example is new to fits. */
  public boolean isNew(long number) {
    return number > upTo || awaited.contains(number);
  }
}
