package dev.lookaside.trainer.store;

import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.store.LabelStandings.Stands;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Labels as they come, and where the newest stand. A label that comes is judged once, together with
 * those that it overlaps and no others, however many there are. For one thread.
 */
public final class StandingIndex {
  private static final Comparator<Label> BY_AGE =
      Comparator.comparing(Label::time).thenComparing(Label::id);
  private static final Stands ALONE = new Stands(Standing.USABLE, List.of());

  private final int newest;
  private final Map<String, OfStream> streams = new HashMap<>();
  private final NavigableSet<Label> recent = new TreeSet<>(BY_AGE);
  private final Map<String, Stands> stands = new HashMap<>();
  private long judged;

  /** Labels by onset; none lasts longer than {@code longest}, so earlier ones cannot overlap. */
  private static final class OfStream {
    private final NavigableMap<Instant, List<Label>> labels = new TreeMap<>();
    private Duration longest = Duration.ZERO;

    void add(Label label) {
      labels.computeIfAbsent(label.onset(), o -> new ArrayList<>(1)).add(label);
      Duration lasts = Duration.between(label.onset(), label.offset());
      longest = lasts.compareTo(longest) > 0 ? lasts : longest;
    }

    /** Those that overlap a stretch, directly or through others. */
    List<Label> together(Instant from, Instant until) {
      List<Label> found = new ArrayList<>();
      Instant first = from;
      Instant last = until;
      for (List<Label> some : labels.subMap(from.minus(longest), until).values()) {
        for (Label l : some) {
          if (l.offset().isAfter(from)) {
            found.add(l);
            first = l.onset().isBefore(first) ? l.onset() : first;
            last = l.offset().isAfter(last) ? l.offset() : last;
          }
        }
      }
      return first.equals(from) && last.equals(until) ? found : together(first, last);
    }
  }

  /**
   * @param newest labels whose standing is asked for
   */
  public StandingIndex(int newest) {
    this.newest = newest;
  }

  /** Takes a label that was not taken before. */
  public void add(Label label) {
    OfStream its = streams.computeIfAbsent(label.stream().value(), s -> new OfStream());
    its.add(label);
    recent.add(label);
    List<Label> together = its.together(label.onset(), label.offset());
    judged += together.size();
    Map<String, Stands> found = LabelStandings.of(together);
    together.stream()
        .filter(recent::contains)
        .forEach(l -> stands.put(l.id(), found.getOrDefault(l.id(), ALONE)));
    if (recent.size() > newest) {
      Label oldest = recent.first();
      recent.remove(oldest);
      stands.remove(oldest.id());
    }
  }

  /** The newest labels, oldest first. */
  public List<Label> recent() {
    return List.copyOf(recent);
  }

  /** Where one of {@link #recent} stands. */
  public Stands of(Label label) {
    return stands.getOrDefault(label.id(), ALONE);
  }

  /** How often a label was judged, for tests of how that grows. */
  long judged() {
    return judged;
  }
}
