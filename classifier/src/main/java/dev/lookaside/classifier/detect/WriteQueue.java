package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.DetectionSink.Publish;
import dev.lookaside.classifier.detect.DetectionSink.Reply;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Records between publish and acknowledgement, numbered in the order they came. What is put back
 * stands where it stood. Pure.
 */
final class WriteQueue {
  /** One record and the publish it belongs to. */
  static final class Entry {
    private final long sequence;
    private final Pending pending;
    private final ProducerRecord<byte[], byte[]> record;

    private Entry(long sequence, Pending pending, ProducerRecord<byte[], byte[]> record) {
      this.sequence = sequence;
      this.pending = pending;
      this.record = record;
    }

    long sequence() {
      return sequence;
    }

    ProducerRecord<byte[], byte[]> record() {
      return record;
    }

    /**
     * The record is written.
     *
     * @return the publish's answer if this was the last it waited for
     */
    Optional<Reply> written() {
      pending.left--;
      return pending.left > 0 || pending.failed
          ? Optional.empty()
          : Optional.of(new DetectionSink.Durable(pending.publish.number()));
    }

    /** The record never will be written: the answer, unless the publish had one. */
    Optional<Reply> failed(String reason) {
      boolean first = !pending.failed;
      pending.left--;
      pending.failed = true;
      return first
          ? Optional.of(new DetectionSink.Failed(pending.publish.number(), reason))
          : Optional.empty();
    }

    void answer(Reply reply) {
      pending.publish.replyTo().tell(reply);
    }
  }

  private static final class Pending {
    private final Publish publish;
    private final long sinceNanos;
    private int left;
    private boolean failed;

    Pending(Publish publish, long sinceNanos, int records) {
      this.publish = publish;
      this.sinceNanos = sinceNanos;
      this.left = records;
    }
  }

  private final TreeMap<Long, Entry> unsent = new TreeMap<>();
  private final TreeMap<Long, Entry> underWay = new TreeMap<>();
  private long nextSequence;

  void add(Publish publish, List<ProducerRecord<byte[], byte[]>> records, long nowNanos) {
    Pending pending = new Pending(publish, nowNanos, records.size());
    for (ProducerRecord<byte[], byte[]> record : records) {
      unsent.put(nextSequence, new Entry(nextSequence, pending, record));
      nextSequence++;
    }
  }

  boolean hasUnsent() {
    return !unsent.isEmpty();
  }

  int underWay() {
    return underWay.size();
  }

  /** Records not acknowledged. */
  int size() {
    return unsent.size() + underWay.size();
  }

  /**
   * The next record to send, under way from now on.
   *
   * @throws NoSuchElementException if there is none
   */
  Entry send() {
    Map.Entry<Long, Entry> first = unsent.firstEntry();
    if (first == null) {
      throw new NoSuchElementException("no record is unsent");
    }
    unsent.remove(first.getKey());
    underWay.put(first.getKey(), first.getValue());
    return first.getValue();
  }

  /** Takes the record off the way; null if it is not on it. */
  @Nullable Entry arrived(long sequence) {
    return underWay.remove(sequence);
  }

  void putBack(Entry entry) {
    unsent.put(entry.sequence, entry);
  }

  /** How long the oldest record has waited; 0 if none waits. */
  long oldestWaitNanos(long nowNanos) {
    long wait = 0;
    for (TreeMap<Long, Entry> map : List.of(unsent, underWay)) {
      Map.Entry<Long, Entry> first = map.firstEntry();
      if (first != null) {
        wait = Math.max(wait, nowNanos - first.getValue().pending.sinceNanos);
      }
    }
    return wait;
  }
}
