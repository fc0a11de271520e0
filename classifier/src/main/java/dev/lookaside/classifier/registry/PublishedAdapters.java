package dev.lookaside.classifier.registry;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where on the topic the parts of each adapter lie, without their bytes. Pure; takes records in any
 * order, the later offset of a part counts.
 */
public final class PublishedAdapters {
  /** A part's place. */
  private record Place(long offset, int parts, Instant at) {}

  /**
   * An adapter whose parts are all there.
   *
   * @param offsets of its parts on the topic, in the order of the parts
   * @param publishedAt when its last part came
   */
  public record PublishedAdapter(String digest, List<Long> offsets, Instant publishedAt) {
    public PublishedAdapter {
      offsets = List.copyOf(offsets);
    }

    long firstOffset() {
      return offsets.stream().mapToLong(Long::longValue).min().orElseThrow();
    }
  }

  private final Map<String, NavigableMap<Integer, Place>> parts = new HashMap<>();

  /** Takes note of a record. */
  public void add(Slice slice, long offset, Instant at) {
    NavigableMap<Integer, Place> known =
        parts.computeIfAbsent(slice.digest(), d -> new TreeMap<>());
    if (slice.isTombstone()) {
      known.remove(slice.part());
      if (known.isEmpty()) {
        parts.remove(slice.digest());
      }
    } else {
      known.put(slice.part(), new Place(offset, slice.parts(), at));
    }
  }

  /** Digests of all adapters of which there is a part. */
  public Set<String> digests() {
    return Set.copyOf(parts.keySet());
  }

  /** The adapter, or null while parts are missing. */
  public @Nullable PublishedAdapter find(String digest) {
    NavigableMap<Integer, Place> known = parts.get(digest);
    if (known == null || !missing(digest).isEmpty()) {
      return null;
    }
    List<Long> offsets = new ArrayList<>();
    Instant last = Instant.MIN;
    for (Place place : known.headMap(count(known), false).values()) {
      offsets.add(place.offset());
      last = place.at().isAfter(last) ? place.at() : last;
    }
    return new PublishedAdapter(digest, offsets, last);
  }

  /** Numbers of the parts not there yet; part 0 if nothing is known of the adapter. */
  public List<Integer> missing(String digest) {
    NavigableMap<Integer, Place> known = parts.get(digest);
    if (known == null) {
      return List.of(0);
    }
    List<Integer> missing = new ArrayList<>();
    for (int part = 0; part < count(known); part++) {
      if (!known.containsKey(part)) {
        missing.add(part);
      }
    }
    return missing;
  }

  /** Numbers of the parts that are there, whole adapter or not. */
  public Set<Integer> present(String digest) {
    NavigableMap<Integer, Place> known = parts.get(digest);
    return known == null ? Set.of() : Set.copyOf(known.keySet());
  }

  /** When the newest part of an adapter came; {@link Instant#MIN} if there is none. */
  public Instant newest(String digest) {
    NavigableMap<Integer, Place> known = parts.get(digest);
    return known == null
        ? Instant.MIN
        : known.values().stream().map(Place::at).max(Instant::compareTo).orElseThrow();
  }

  /** By the newest record: a file cut anew may have another number of parts. */
  private static int count(NavigableMap<Integer, Place> known) {
    Place newest = known.firstEntry().getValue();
    for (Place place : known.values()) {
      newest = place.offset() > newest.offset() ? place : newest;
    }
    return newest.parts();
  }
}
