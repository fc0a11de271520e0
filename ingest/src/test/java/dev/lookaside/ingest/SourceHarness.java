package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import akka.actor.testkit.typed.javadsl.BehaviorTestKit;
import akka.actor.testkit.typed.javadsl.TestInbox;
import dev.lookaside.ingest.KafkaSource.Arrived;
import dev.lookaside.ingest.KafkaSource.Assigned;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;

/** A source on one thread, its messages run one by one, over Kafka's own mock clients. */
final class SourceHarness {
  static final String TOPIC = "audio.chunks";
  private static final String WAV = "audio/x-raw;format=S16LE;rate=16000;channels=1";

  final Network consumer = new Network();
  final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
  final TestInbox<Event> events = TestInbox.create();
  final BehaviorTestKit<Command> kit;
  final List<Event> seen = new ArrayList<>();
  long nowMillis = 1_000_000;
  RuntimeException topicFault;

  /** A consumer that counts received bytes as a real one does. */
  static final class Network extends MockConsumer<byte[], byte[]> {
    double bytesIn;

    /** Committed by another consumer of the group. */
    Map<TopicPartition, OffsetAndMetadata> found = Map.of();

    @Override
    public synchronized Map<TopicPartition, OffsetAndMetadata> committed(
        java.util.Set<TopicPartition> partitions) {
      Map<TopicPartition, OffsetAndMetadata> all = new java.util.HashMap<>(found);
      all.keySet().retainAll(partitions);
      all.putAll(super.committed(partitions));
      return all;
    }

    Network() {
      super("earliest");
    }

    @Override
    public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
      bytesIn++;
      return super.poll(timeout);
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

  SourceHarness(String overrides) {
    IngestSettings settings = IngestSettingsTest.of(overrides);
    SourceClients clients =
        new SourceClients() {
          @Override
          public CompletionStage<Void> ensureTopics() {
            return topicFault == null
                ? CompletableFuture.completedFuture(null)
                : CompletableFuture.failedFuture(topicFault);
          }

          @Override
          public Consumer<byte[], byte[]> consumer() {
            return consumer;
          }

          @Override
          public Producer<byte[], byte[]> letterProducer() {
            return producer;
          }
        };
    kit =
        BehaviorTestKit.create(
            SourceActor.create(settings, events.getRef(), clients, () -> nowMillis));
  }

  /** Connected and with these partitions assigned. */
  static SourceHarness assigned(String overrides, int... partitions) {
    SourceHarness harness = new SourceHarness(overrides);
    harness.settle();
    harness.rebalance(partitions);
    return harness;
  }

  /** Runs what the source told itself, at most a few rounds: polling goes on for ever. */
  void settle() {
    for (int i = 0; i < 4 && kit.isAlive() && kit.selfInbox().hasMessages(); i++) {
      kit.runOne();
    }
    seen.addAll(events.getAllReceived());
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

  void rebalance(int... partitions) {
    List<TopicPartition> assigned = new ArrayList<>();
    for (int partition : partitions) {
      TopicPartition tp = new TopicPartition(TOPIC, partition);
      consumer.updateBeginningOffsets(Map.of(tp, 0L));
      assigned.add(tp);
    }
    consumer.rebalance(assigned);
    seen.addAll(events.getAllReceived());
  }

  /** As {@link #rebalance}, where another source's commits are found. */
  void takeOver(SourceHarness before, int partition) {
    TopicPartition tp = new TopicPartition(TOPIC, partition);
    OffsetAndMetadata at = before.consumer.committed(java.util.Set.of(tp)).get(tp);
    consumer.updateBeginningOffsets(Map.of(tp, 0L));
    consumer.found = Map.of(tp, at);
    consumer.rebalance(List.of(tp));
    consumer.seek(tp, at.offset());
    seen.addAll(events.getAllReceived());
  }

  /** Of the offset that was committed. */
  String metadata(int partition) {
    TopicPartition tp = new TopicPartition(TOPIC, partition);
    return consumer.committed(java.util.Set.of(tp)).get(tp).metadata();
  }

  void failPoll(KafkaException fault) {
    consumer.setPollException(fault);
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

  List<Long> arrivedOffsets() {
    return events(Arrived.class).map(a -> a.record().offset()).toList();
  }

  Optional<Long> committed(int partition) {
    TopicPartition tp = new TopicPartition(TOPIC, partition);
    OffsetAndMetadata found = consumer.committed(java.util.Set.of(tp)).get(tp);
    return Optional.ofNullable(found).map(OffsetAndMetadata::offset);
  }

  boolean paused(int partition) {
    return consumer.paused().contains(new TopicPartition(TOPIC, partition));
  }

  void add(int partition, long offset, String stream, int bytes) {
    consumer.addRecord(record(partition, offset, stream, WAV, new byte[bytes]));
  }

  void addPoison(int partition, long offset, String stream, int bytes) {
    consumer.addRecord(record(partition, offset, stream, "video/mp4", new byte[bytes]));
  }

  static ConsumerRecord<byte[], byte[]> record(
      int partition, long offset, String stream, String contentType, byte[] value) {
    RecordHeaders headers = new RecordHeaders();
    headers.add("content-type", contentType.getBytes(UTF_8));
    headers.add("ce_sequence", Long.toString(offset).getBytes(UTF_8));
    byte[] key = stream.getBytes(UTF_8);
    return new ConsumerRecord<>(
        TOPIC,
        partition,
        offset,
        1_700_000_000_000L + offset,
        TimestampType.CREATE_TIME,
        key.length,
        value.length,
        key,
        value,
        headers,
        Optional.empty());
  }
}
