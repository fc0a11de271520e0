package dev.lookaside.deploy.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.ingest.PartitionProgress;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.StreamProgress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.ProducerFencedException;

/**
 * A cluster in memory, as far as the live path uses one: logs of chunks, a consumer group,
 * transactions with fencing, and the records that were written.
 */
final class SimulatedBroker {
  static final String CHUNKS = "audio.chunks";
  static final String PROGRESS = "lookaside.progress";
  static final String DETECTIONS = "audio.detections";
  static final String DEAD_LETTERS = "audio.dead-letters";

  /** Is told what is durable from now on. */
  interface Observer {
    void durable(List<ProducerRecord<byte[], byte[]>> records, Map<Integer, Long> offsets);
  }

  enum State {
    OPEN,
    COMMITTED,
    ABORTED
  }

  /** A record of ours, in the order of its log. */
  record Written(ProducerRecord<byte[], byte[]> record, Transaction in) {
    boolean committed() {
      return in.state == State.COMMITTED;
    }
  }

  static final class Transaction {
    State state = State.OPEN;
    final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    final Map<Integer, Long> offsets = new TreeMap<>();
  }

  /** What the coordinator of transactions knows of one transactional id. */
  private static final class Sender {
    int epoch;
    Transaction open;
  }

  private static final class Log {
    final List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    long begin;
    long end;

    int index(long offset) {
      int low = 0;
      int high = records.size();
      while (low < high) {
        int middle = (low + high) / 2;
        if (records.get(middle).offset() < offset) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    }
  }

  private final VirtualActors actors;
  private final Observer observer;
  private final SimulatedGroup group;
  private final List<Log> chunks = new ArrayList<>();
  private final List<Written> written = new ArrayList<>();
  private final Map<String, Sender> senders = new HashMap<>();
  private final Map<Integer, Long> committed = new TreeMap<>();

  SimulatedBroker(
      VirtualActors actors, int partitions, long sessionNanos, boolean classic, Observer observer) {
    this.actors = actors;
    this.group = new SimulatedGroup(actors, partitions, sessionNanos, classic);
    this.observer = observer;
    for (int p = 0; p < partitions; p++) {
      chunks.add(new Log());
    }
  }

  int partitions() {
    return chunks.size();
  }

  SimulatedGroup group() {
    return group;
  }

  // Chunks

  /** The offset that the next record gets. */
  long end(int partition) {
    return chunks.get(partition).end;
  }

  long begin(int partition) {
    return chunks.get(partition).begin;
  }

  /** Appends a record; its offset is {@link #end} or later. */
  void append(ConsumerRecord<byte[], byte[]> record) {
    Log log = chunks.get(record.partition());
    log.records.add(record);
    log.end = record.offset() + 1;
  }

  void deleteBefore(int partition, long offset) {
    Log log = chunks.get(partition);
    log.begin = Math.max(log.begin, Math.min(offset, log.end));
  }

  /** Records from an offset on, as far as they exist; not to be changed. */
  List<ConsumerRecord<byte[], byte[]>> read(int partition, long from, int most) {
    Log log = chunks.get(partition);
    int first = log.index(Math.max(from, log.begin));
    return log.records.subList(first, (int) Math.min(log.records.size(), (long) first + most));
  }

  /** All records ever appended, deleted ones too. */
  List<ConsumerRecord<byte[], byte[]>> all(int partition) {
    return chunks.get(partition).records;
  }

  // What we write

  /** Records that a reader of committed records sees, in the order of their logs. */
  List<ProducerRecord<byte[], byte[]>> committed(String topic) {
    return written.stream()
        .filter(w -> w.committed() && w.record().topic().equals(topic))
        .map(Written::record)
        .toList();
  }

  /** What the progress topic says of a partition's streams. */
  PartitionProgress progress(int partition) {
    Map<StreamId, StreamProgress> found = new HashMap<>();
    long lettersThrough = -1;
    for (Written w : written) {
      ProducerRecord<byte[], byte[]> r = w.record();
      if (w.committed() && r.topic().equals(PROGRESS) && r.partition() == partition) {
        String stream = streamOf(r);
        if (stream.isEmpty()) {
          lettersThrough = StreamProgress.of(r.value()).throughOffset();
        } else if (r.value() == null) {
          found.remove(new StreamId(stream));
        } else {
          found.put(new StreamId(stream), StreamProgress.of(r.value()));
        }
      }
    }
    return new PartitionProgress(found, lettersThrough);
  }

  /** Whose progress a record holds; empty: of records without a stream. */
  static String streamOf(ProducerRecord<byte[], byte[]> progress) {
    String key = new String(progress.key(), UTF_8);
    return key.substring(key.indexOf('\0') + 1);
  }

  /** Whether no open transaction has an offset of these partitions. */
  boolean offsetsStable(Collection<Integer> partitions) {
    return senders.values().stream()
        .noneMatch(
            s -> s.open != null && s.open.offsets.keySet().stream().anyMatch(partitions::contains));
  }

  /** Transactions that are open and have progress of these partitions. */
  List<Transaction> openProgress(Collection<Integer> partitions) {
    return written.stream()
        .filter(w -> w.in().state == State.OPEN && w.record().topic().equals(PROGRESS))
        .filter(w -> partitions.contains(w.record().partition()))
        .map(Written::in)
        .distinct()
        .toList();
  }

  Map<Integer, Long> committedOffsets() {
    return committed;
  }

  /** Records without a transaction. */
  void writePlain(List<ProducerRecord<byte[], byte[]>> records) {
    Transaction done = new Transaction();
    done.state = State.COMMITTED;
    records.forEach(r -> written.add(new Written(r, done)));
    observer.durable(records, Map.of());
  }

  void commitOffsets(Map<Integer, Long> offsets, ConsumerGroupMetadata by) {
    group.check(by);
    committed.putAll(offsets);
    observer.durable(List.of(), offsets);
  }

  // Transactions

  /** A producer begins: the one before it is fenced. Returns its epoch. */
  int initialise(String id) {
    Sender sender = senders.computeIfAbsent(id, i -> new Sender());
    abortOpen(sender);
    return ++sender.epoch;
  }

  /** The transaction that a producer has open, which it begins with its first record or offset. */
  Transaction open(String id, int epoch, long timeoutNanos) {
    Sender sender = sender(id, epoch);
    Transaction open = sender.open;
    if (open == null) {
      Transaction begun = new Transaction();
      sender.open = begun;
      open = begun;
      actors.at(
          actors.nowNanos() + timeoutNanos,
          () -> {
            if (sender.open == begun) {
              abortOpen(sender);
              sender.epoch++;
            }
          });
    }
    return open;
  }

  void append(Transaction to, ProducerRecord<byte[], byte[]> record) {
    to.records.add(record);
    written.add(new Written(record, to));
  }

  /** Offsets are part of a transaction from now on, if whoever says so owns them. */
  void addOffsets(Transaction to, Map<Integer, Long> offsets, ConsumerGroupMetadata by) {
    group.check(by);
    to.offsets.putAll(offsets);
  }

  void commit(String id, int epoch) {
    Sender sender = sender(id, epoch);
    Transaction open = sender.open;
    if (open != null) {
      sender.open = null;
      open.state = State.COMMITTED;
      committed.putAll(open.offsets);
      observer.durable(open.records, open.offsets);
    }
  }

  void abort(String id, int epoch) {
    abortOpen(sender(id, epoch));
  }

  private void abortOpen(Sender sender) {
    if (sender.open != null) {
      sender.open.state = State.ABORTED;
      sender.open = null;
    }
  }

  private Sender sender(String id, int epoch) {
    Sender sender = senders.computeIfAbsent(id, i -> new Sender());
    if (sender.epoch != epoch) {
      throw new ProducerFencedException("simulated: epoch " + epoch + ", is " + sender.epoch);
    }
    return sender;
  }
}
