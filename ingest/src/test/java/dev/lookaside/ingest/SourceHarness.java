package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import akka.actor.testkit.typed.javadsl.BehaviorTestKit;
import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.javadsl.Behaviors;
import dev.lookaside.ingest.KafkaSource.Assigned;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetCommitCallback;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Time;

/**
 * A source on one thread, its messages run one by one, over logs that stay. Its streams' actors are
 * inboxes, and so is the sink.
 */
final class SourceHarness {
  static final String TOPIC = "audio.chunks";
  static final String PCM = "audio/x-raw;format=S16LE;rate=16000;channels=1";

  /** Append time of record 0; every record is one millisecond later than the one before. */
  static final long LOG_MILLIS = 1_700_000_000_000L;

  private static final byte[] NO_STATE = {};

  /** What brokers keep; several sources, one after the other, may read it. */
  static final class Broker {
    final Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> logs = new HashMap<>();
    final Map<TopicPartition, Long> begins = new HashMap<>();
    final Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
    final Map<Integer, Map<StreamId, StreamProgress>> progress = new HashMap<>();

    List<ConsumerRecord<byte[], byte[]>> log(TopicPartition p) {
      return logs.computeIfAbsent(p, none -> new ArrayList<>());
    }

    long begin(TopicPartition p) {
      return begins.getOrDefault(p, 0L);
    }

    long end(TopicPartition p) {
      List<ConsumerRecord<byte[], byte[]>> log = log(p);
      return log.isEmpty() ? begin(p) : log.get(log.size() - 1).offset() + 1;
    }

    void deleteBefore(int partition, long offset) {
      TopicPartition p = at(partition);
      begins.put(p, offset);
      log(p).removeIf(r -> r.offset() < offset);
    }

    void makeAnew(int partition) {
      logs.remove(at(partition));
      begins.remove(at(partition));
    }
  }

  /** A consumer over the broker's logs; counts received bytes as a real one does. */
  static final class Reader extends MockConsumer<byte[], byte[]> {
    private final Broker broker;
    private final Map<TopicPartition, Long> positions = new HashMap<>();
    volatile Runnable beforePoll = () -> {};
    KafkaException pollFault;
    KafkaException commitFault;
    double bytesIn;
    long polled;
    int generation = 1;
    int maxPollRecords = 500;

    Reader(Broker broker) {
      super("none");
      this.broker = broker;
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      bytesIn++;
      Runnable first = beforePoll;
      beforePoll = () -> {};
      first.run();
      if (pollFault != null) {
        KafkaException fault = pollFault;
        pollFault = null;
        throw fault;
      }
      Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> found = new HashMap<>();
      int room = maxPollRecords;
      for (TopicPartition p : assignment()) {
        if (paused().contains(p)) {
          continue;
        }
        long from = position(p);
        if (from < broker.begin(p) || from > broker.end(p)) {
          throw new OffsetOutOfRangeException(Map.of(p, from));
        }
        List<ConsumerRecord<byte[], byte[]>> records =
            broker.log(p).stream().filter(r -> r.offset() >= from).limit(room).toList();
        if (!records.isEmpty()) {
          found.put(p, records);
          room -= records.size();
          polled += records.size();
          positions.put(p, records.get(records.size() - 1).offset() + 1);
        }
      }
      return new ConsumerRecords<>(found, Map.of());
    }

    @Override
    public synchronized Set<TopicPartition> paused() {
      Set<TopicPartition> paused = new java.util.HashSet<>(super.paused());
      paused.retainAll(assignment());
      return paused;
    }

    @Override
    public synchronized void seek(TopicPartition p, long offset) {
      if (!assignment().contains(p)) {
        throw new IllegalStateException("not assigned: " + p);
      }
      positions.put(p, offset);
    }

    @Override
    public synchronized long position(TopicPartition p) {
      Long at = positions.get(p);
      if (at == null) {
        throw new IllegalStateException("no position, and no reset: " + p);
      }
      return at;
    }

    @Override
    public synchronized long position(TopicPartition p, Duration timeout) {
      return position(p);
    }

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
        Set<TopicPartition> partitions, Duration timeout) {
      Map<TopicPartition, OffsetAndMetadata> found = new HashMap<>();
      partitions.forEach(p -> found.put(p, broker.committed.get(p)));
      return found;
    }

    @Override
    public synchronized void commitAsync(
        Map<TopicPartition, OffsetAndMetadata> offsets, OffsetCommitCallback callback) {
      KafkaException fault = commitFault;
      commitFault = null;
      if (fault == null) {
        broker.committed.putAll(offsets);
      }
      callback.onComplete(offsets, fault);
    }

    @Override
    public void commitSync(Map<TopicPartition, OffsetAndMetadata> offsets, Duration timeout) {
      broker.committed.putAll(offsets);
    }

    @Override
    public Map<TopicPartition, Long> beginningOffsets(
        Collection<TopicPartition> of, Duration timeout) {
      Map<TopicPartition, Long> found = new HashMap<>();
      of.forEach(p -> found.put(p, broker.begin(p)));
      return found;
    }

    @Override
    public Map<TopicPartition, Long> endOffsets(Collection<TopicPartition> of, Duration timeout) {
      Map<TopicPartition, Long> found = new HashMap<>();
      of.forEach(p -> found.put(p, broker.end(p)));
      return found;
    }

    @Override
    public Map<TopicPartition, OffsetAndTimestamp> offsetsForTimes(
        Map<TopicPartition, Long> times, Duration timeout) {
      Map<TopicPartition, OffsetAndTimestamp> found = new HashMap<>();
      times.forEach(
          (p, time) ->
              broker.log(p).stream()
                  .filter(r -> r.timestamp() >= time)
                  .findFirst()
                  .ifPresent(r -> found.put(p, new OffsetAndTimestamp(r.offset(), r.timestamp()))));
      return found;
    }

    @Override
    public ConsumerGroupMetadata groupMetadata() {
      return new ConsumerGroupMetadata("lookaside", generation, "member", Optional.empty());
    }

    @Override
    public synchronized Map<MetricName, ? extends Metric> metrics() {
      MetricName name =
          new MetricName(
              "incoming-byte-total", "consumer-metrics", "", Map.of("client-id", "test"));
      KafkaMetric metric =
          new KafkaMetric(
              new Object(), name, (config, now) -> bytesIn, new MetricConfig(), Time.SYSTEM);
      return Map.of(name, metric);
    }
  }

  /** What a stream's actor was made with. */
  record Opened(
      String actor,
      Assignment assignment,
      StreamId stream,
      StreamProgress progress,
      long firstOffset) {}

  final Broker broker;
  final Reader live;
  final Reader again;
  final TestInbox<Event> events = TestInbox.create();
  final TestInbox<SinkMessage> sink = TestInbox.create();
  final BehaviorTestKit<Command> kit;
  final List<Event> seen = new ArrayList<>();
  final List<SinkMessage> toSink = new ArrayList<>();
  final List<Opened> opened = new ArrayList<>();
  final Map<String, List<StreamMessage>> given = new HashMap<>();
  private final Map<String, TestInbox<StreamMessage>> inboxes = new HashMap<>();
  long nowMillis = 1_000_000;
  RuntimeException topicFault;
  RuntimeException progressFault;

  SourceHarness(Broker broker, String overrides) {
    // A sink that does not answer is not waited for.
    this(broker, IngestSettingsTest.of(overrides, 1 << 26, 1));
  }

  SourceHarness(Broker broker, IngestSettings settings) {
    this.broker = broker;
    live = new Reader(broker);
    again = new Reader(broker);
    SourceClients clients =
        new SourceClients() {
          @Override
          public CompletionStage<Void> ensureTopics() {
            return topicFault == null
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(topicFault);
          }

          @Override
          public Consumer<byte[], byte[]> member() {
            return live;
          }

          @Override
          public Consumer<byte[], byte[]> again() {
            return again;
          }

          @Override
          public Map<Integer, PartitionProgress> progress(
              Collection<Integer> partitions, Duration within) {
            if (progressFault != null) {
              throw progressFault;
            }
            Map<Integer, PartitionProgress> found = new HashMap<>();
            partitions.forEach(
                p ->
                    found.put(
                        p, new PartitionProgress(broker.progress.getOrDefault(p, Map.of()), -1)));
            return found;
          }
        };
    kit =
        BehaviorTestKit.create(
            SourceActor.create(
                settings,
                Duration.ofSeconds(30),
                (assignment, stream, progress, firstOffset, source) -> {
                  opened.add(
                      new Opened(
                          "stream-" + opened.size(), assignment, stream, progress, firstOffset));
                  return Behaviors.ignore();
                },
                sink.getRef(),
                events.getRef(),
                clients,
                () -> nowMillis));
  }

  /** Connected and with these partitions assigned. */
  static SourceHarness assigned(String overrides, int... partitions) {
    return assigned(new Broker(), overrides, partitions);
  }

  static SourceHarness assigned(Broker broker, String overrides, int... partitions) {
    return assigned(new SourceHarness(broker, overrides), partitions);
  }

  static SourceHarness assigned(SourceHarness harness, int... partitions) {
    harness.settle();
    harness.rebalance(partitions);
    return harness;
  }

  static TopicPartition at(int partition) {
    return new TopicPartition(TOPIC, partition);
  }

  /** Runs what the source told itself, a few rounds: polling goes on for ever. */
  void settle() {
    for (int i = 0; i < 6 && kit.isAlive() && kit.selfInbox().hasMessages(); i++) {
      kit.runOne();
    }
    collect();
  }

  private void collect() {
    seen.addAll(events.getAllReceived());
    toSink.addAll(sink.getAllReceived());
    for (Opened o : opened) {
      // Kept: the kit forgets the inbox of a child that was stopped.
      inboxes.computeIfAbsent(o.actor(), name -> kit.<StreamMessage>childInbox(name));
      given
          .computeIfAbsent(o.actor(), none -> new ArrayList<>())
          .addAll(inboxes.get(o.actor()).getAllReceived());
    }
  }

  void tell(Command command) {
    kit.run(command);
    settle();
  }

  void tick(long millis) {
    nowMillis += millis;
    tell(KafkaSource.TickDue.INSTANCE);
  }

  void poll() {
    tell(KafkaSource.PollDue.INSTANCE);
  }

  /** As a real one, a rebalance happens within a poll. */
  void rebalance(int... partitions) {
    List<TopicPartition> all = new ArrayList<>();
    for (int partition : partitions) {
      all.add(at(partition));
    }
    live.beforePoll = () -> live.rebalance(all);
    poll();
  }

  /** The newest tenure of a partition. */
  Assignment tenure(int partition) {
    return events(Assigned.class)
        .flatMap(e -> e.assignments().stream())
        .filter(a -> a.partition() == partition)
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  <E extends Event> Stream<E> events(Class<E> type) {
    return seen.stream().filter(type::isInstance).map(type::cast);
  }

  <M extends SinkMessage> List<M> sinkGot(Class<M> type) {
    return toSink.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** What the newest actor of a stream was given. */
  List<StreamMessage> given(String stream) {
    return opened.stream()
        .filter(o -> o.stream().value().equals(stream))
        .reduce((a, b) -> b)
        .map(o -> given.get(o.actor()))
        .orElse(List.of());
  }

  /** As offsets; an end as -1. */
  List<Long> offsets(String stream) {
    return given(stream).stream().filter(m -> offset(m) >= -1).map(SourceHarness::offset).toList();
  }

  static long offset(StreamMessage message) {
    if (message instanceof StreamMessage.Chunk chunk) {
      return chunk.record().offset();
    }
    if (message instanceof StreamMessage.Rejected rejected) {
      return rejected.record().offset();
    }
    return message instanceof StreamMessage.End ? -1 : -2;
  }

  void credit(int partition, String stream, int records, long bytes) {
    tell(new KafkaSource.Credit(tenure(partition), new StreamId(stream), records, bytes));
  }

  /** The sink says that a stream's progress is durable. */
  void settled(int partition, String stream, StreamProgress progress) {
    broker
        .progress
        .computeIfAbsent(partition, none -> new HashMap<>())
        .put(new StreamId(stream), progress);
    tell(
        new KafkaSource.Settled(
            List.of(new KafkaSource.Progressed(tenure(partition), new StreamId(stream), progress)),
            List.of()));
  }

  /** Progress of a stream that needs no record it was given. */
  static StreamProgress through(long offset) {
    return new StreamProgress(offset + 1, offset, LOG_MILLIS + offset, false, NO_STATE);
  }

  static StreamProgress ended(long offset) {
    return new StreamProgress(offset + 1, offset, LOG_MILLIS + offset, true, NO_STATE);
  }

  /** The last position of a partition that the sink was told. */
  Optional<Long> position(int partition) {
    return sinkGot(SinkMessage.Positions.class).stream()
        .map(p -> p.offsets().get(tenure(partition)))
        .filter(java.util.Objects::nonNull)
        .reduce((a, b) -> b);
  }

  Optional<Long> committed(int partition) {
    return Optional.ofNullable(broker.committed.get(at(partition))).map(OffsetAndMetadata::offset);
  }

  boolean paused(int partition) {
    return live.paused().contains(at(partition));
  }

  void add(int partition, String stream, int bytes) {
    append(partition, stream, PCM, bytes, LOG_MILLIS + broker.end(at(partition)));
  }

  void addAt(int partition, String stream, long timestamp) {
    append(partition, stream, PCM, 4, timestamp);
  }

  void addPoison(int partition, String stream, int bytes) {
    append(partition, stream, "video/mp4", bytes, LOG_MILLIS + broker.end(at(partition)));
  }

  private void append(int partition, String stream, String contentType, int bytes, long timestamp) {
    TopicPartition p = at(partition);
    broker
        .log(p)
        .add(record(partition, broker.end(p), stream, contentType, new byte[bytes], timestamp));
  }

  static ConsumerRecord<byte[], byte[]> record(
      int partition,
      long offset,
      String stream,
      String contentType,
      byte[] value,
      long timestampMillis) {
    RecordHeaders headers = new RecordHeaders();
    headers.add("content-type", contentType.getBytes(UTF_8));
    headers.add("ce_sequence", Long.toString(offset).getBytes(UTF_8));
    byte[] key = stream == null ? null : stream.getBytes(UTF_8);
    return new ConsumerRecord<>(
        TOPIC,
        partition,
        offset,
        timestampMillis,
        TimestampType.LOG_APPEND_TIME,
        key == null ? 0 : key.length,
        value.length,
        key,
        value,
        headers,
        Optional.empty());
  }
}
