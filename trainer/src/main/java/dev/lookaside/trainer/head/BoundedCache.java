package dev.lookaside.trainer.head;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/** Caches what fits into so many bytes; what was used longest ago goes first. Any thread. */
public final class BoundedCache<V> {
  private final long maxBytes;
  private final ToLongFunction<V> bytesOf;
  private final Map<Object, V> cached = new LinkedHashMap<>(256, 0.75f, true);
  private long bytes;

  /**
   * @param maxBytes of all values; 0: nothing is cached
   * @param bytesOf a value's
   */
  public BoundedCache(long maxBytes, ToLongFunction<V> bytesOf) {
    this.maxBytes = maxBytes;
    this.bytesOf = bytesOf;
  }

  /**
   * The value of a key.
   *
   * @param key says all that it depends on
   * @param make called without a lock, by two threads at once at worst
   */
  public V of(Object key, Supplier<V> make) {
    V found = get(key);
    if (found == null) {
      found = make.get();
      put(key, found);
    }
    return found;
  }

  synchronized @Nullable V get(Object key) {
    return cached.get(key);
  }

  synchronized void put(Object key, V value) {
    V before = cached.put(key, value);
    bytes += bytesOf.applyAsLong(value) - (before == null ? 0 : bytesOf.applyAsLong(before));
    Iterator<V> oldest = cached.values().iterator();
    while (bytes > maxBytes && oldest.hasNext()) {
      bytes -= bytesOf.applyAsLong(oldest.next());
      oldest.remove();
    }
  }

  synchronized void clear() {
    cached.clear();
    bytes = 0;
  }
}
