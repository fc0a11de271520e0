package dev.lookaside.ingest.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.kafka.TopicReader.Start;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TopicReaderTest {
  private static final String TOPIC = "audio.labels";

  private final AtomicLong nanos = new AtomicLong();
  private final Broker broker = new Broker();
  private final List<String> read = new ArrayList<>();

  private TopicReader reader(Start start) {
    return new TopicReader(
        GivenClients.of(broker.consumer), "test", start, nanos::get, List.of(TOPIC));
  }

  private void note(ConsumerRecord<byte[], byte[]> record) {
    read.add(record.partition() + ":" + new String(record.value(), UTF_8));
  }

  @Test
  void readsToTheEndAndOnFromThere() {
    broker.partitions(2);
    broker.add(0, "a", "b");
    broker.add(1, "c");
    TopicReader reader = reader(Start.BEGINNING);
    assertThat(reader.readToEnd(this::note)).isEqualTo(3);
    assertThat(read).containsExactlyInAnyOrder("0:a", "0:b", "1:c");
    assertThat(reader.readToEnd(this::note)).isZero();
    broker.add(1, "d");
    assertThat(reader.atEnd()).isFalse();
    assertThat(reader.readToEnd(this::note)).isEqualTo(1);
    assertThat(reader.atEnd()).isTrue();
    assertThat(read).endsWith("1:d");
  }

  @Test
  void aFollowerSeesWhatIsWrittenOnceItIsPositioned() {
    broker.partitions(1);
    broker.add(0, "old");
    TopicReader reader = reader(Start.END);
    reader.position();
    broker.add(0, "new");
    assertThat(reader.poll(Duration.ZERO, this::note)).isEqualTo(1);
    assertThat(read).containsExactly("0:new");
  }

  @Test
  void partitionsThatWereAddedAreReadFromTheirBeginning() {
    broker.partitions(1);
    broker.add(0, "a");
    TopicReader reader = reader(Start.END);
    reader.readToEnd(this::note);
    broker.partitions(2);
    broker.add(1, "b");
    broker.add(0, "c");
    reader.readToEnd(this::note);
    assertThat(read).containsExactlyInAnyOrder("1:b", "0:c");
  }

  @Test
  void aRecordWhoseHandlerThrowsIsReadAgain() {
    broker.partitions(2);
    broker.add(0, "a", "b", "c");
    broker.add(1, "d");
    TopicReader reader = reader(Start.BEGINNING);
    assertThatThrownBy(
            () ->
                reader.readToEnd(
                    record -> {
                      if (new String(record.value(), UTF_8).equals("b")) {
                        throw new IllegalStateException("store is full");
                      }
                      note(record);
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("store is full");
    reader.readToEnd(this::note);
    assertThat(read).containsOnlyOnce("0:a", "0:b", "0:c", "1:d");
  }

  @Test
  void aReadingEndsWhereTheBrokersGoAway() {
    broker.partitions(1);
    broker.add(0, "a");
    // Says that there is more, and sends none of it.
    broker.consumer.updateEndOffsets(Map.of(new TopicPartition(TOPIC, 0), 5L));
    assertThatThrownBy(() -> reader(Start.BEGINNING).readToEnd(this::note))
        .isInstanceOf(UnreachableException.class)
        .hasMessage("topic \"audio.labels\" at k1:9092: no broker answered within 2000 ms");
    assertThat(read).containsExactly("0:a");
    assertThat(nanos.get()).isLessThan(Duration.ofSeconds(3).toNanos());
  }

  @Test
  void aReadingThatGoesOnIsNotEndedHoweverLongItTakes() {
    broker.partitions(1);
    broker.consumer.setMaxPollRecords(1);
    IntStream.range(0, 100).forEach(i -> broker.add(0, "r" + i));
    assertThat(reader(Start.BEGINNING).readToEnd(this::note)).isEqualTo(100);
    assertThat(nanos.get()).isGreaterThan(Duration.ofSeconds(9).toNanos());
  }

  @Test
  void theTimeThatAHandlerTakesIsNotTheBrokers() {
    broker.partitions(1);
    broker.consumer.setMaxPollRecords(1);
    broker.add(0, "a", "b");
    reader(Start.BEGINNING)
        .readToEnd(
            record -> {
              note(record);
              nanos.addAndGet(Duration.ofSeconds(3).toNanos());
            });
    assertThat(read).containsExactly("0:a", "0:b");
  }

  @Test
  void readingWithinALimitEndsAtIt() {
    broker.partitions(1);
    broker.consumer.setMaxPollRecords(1);
    IntStream.range(0, 100).forEach(i -> broker.add(0, "r" + i));
    TopicReader reader = reader(Start.BEGINNING).within(Duration.ofSeconds(3));
    assertThatThrownBy(() -> reader.scan(0, 0, 100, record -> read.add("x")))
        .isInstanceOf(SlowReadException.class)
        .hasMessage("topic \"audio.labels\" at k1:9092: not read within 3000 ms");
    assertThat(read).hasSizeBetween(25, 30);
  }

  @Test
  void scansAPartOfAPartitionAsFarAsIsWanted() {
    broker.partitions(1);
    broker.add(0, "a", "b", "c", "d");
    TopicReader reader = reader(Start.BEGINNING);
    assertThat(reader.partitions()).isEqualTo(1);
    assertThat(reader.range(0)).isEqualTo(new TopicReader.Range(0, 4));
    List<Long> offsets = new ArrayList<>();
    reader.scan(0, 1, 3, record -> offsets.add(record.offset()));
    reader.scan(0, 0, 4, record -> offsets.add(record.offset()) && false);
    assertThat(offsets).containsExactly(1L, 2L, 0L);
    reader.readToEnd(this::note);
    assertThat(read).containsExactly("0:a", "0:b", "0:c", "0:d");
  }

  @Test
  void whatIsWrongIsNamed() {
    assertThatThrownBy(() -> reader(Start.BEGINNING).readToEnd(this::note))
        .isInstanceOf(BrokerException.MissingTopic.class)
        .hasMessageStartingWith("topic \"audio.labels\" at k1:9092: does not exist");
    broker.partitions(1);
    broker.consumer.setOffsetsException(new TimeoutException("Failed to get offsets"));
    assertThatThrownBy(() -> reader(Start.BEGINNING).atEnd())
        .isInstanceOf(UnreachableException.class)
        .hasMessageStartingWith(
            "topic \"audio.labels\" at k1:9092: no broker answered within 2000 ms");
    broker.add(0, "a");
    broker.consumer.setPollException(new TopicAuthorizationException(TOPIC));
    assertThatThrownBy(() -> reader(Start.BEGINNING).readToEnd(this::note))
        .isExactlyInstanceOf(BrokerException.class)
        .hasMessageStartingWith("topic \"audio.labels\" at k1:9092: the brokers do not permit");
  }

  /** A consumer of one topic whose time passes while it polls. */
  private final class Broker {
    final MockConsumer<byte[], byte[]> consumer =
        new MockConsumer<>("earliest") {
          @Override
          public synchronized ConsumerRecords<byte[], byte[]> poll(Duration timeout) {
            nanos.addAndGet(Duration.ofMillis(100).toNanos());
            return super.poll(timeout);
          }

          @Override
          public synchronized void assign(Collection<TopicPartition> partitions) {
            super.assign(partitions);
            refill();
          }

          @Override
          public synchronized void seek(TopicPartition partition, long offset) {
            super.seek(partition, offset);
            refill();
          }
        };
    private final List<List<ConsumerRecord<byte[], byte[]>>> log = new ArrayList<>();

    void partitions(int count) {
      Node node = new Node(1, "k1", 9092);
      List<PartitionInfo> infos = new ArrayList<>();
      for (int p = 0; p < count; p++) {
        infos.add(new PartitionInfo(TOPIC, p, node, new Node[] {node}, new Node[] {node}));
        if (log.size() <= p) {
          log.add(new ArrayList<>());
          consumer.updateBeginningOffsets(Map.of(new TopicPartition(TOPIC, p), 0L));
          consumer.updateEndOffsets(Map.of(new TopicPartition(TOPIC, p), 0L));
        }
      }
      consumer.updatePartitions(TOPIC, infos);
    }

    void add(int partition, String... values) {
      List<ConsumerRecord<byte[], byte[]>> records = log.get(partition);
      for (String value : values) {
        ConsumerRecord<byte[], byte[]> record =
            new ConsumerRecord<>(TOPIC, partition, records.size(), null, value.getBytes(UTF_8));
        records.add(record);
        if (consumer.assignment().contains(new TopicPartition(TOPIC, partition))) {
          consumer.addRecord(record);
        }
      }
      consumer.updateEndOffsets(
          Map.of(new TopicPartition(TOPIC, partition), (long) records.size()));
    }

    /** The mock forgets what it was given when it is assigned anew or has handed it out. */
    private void refill() {
      for (List<ConsumerRecord<byte[], byte[]>> records : log) {
        for (ConsumerRecord<byte[], byte[]> record : records) {
          if (consumer.assignment().contains(new TopicPartition(TOPIC, record.partition()))) {
            consumer.addRecord(record);
          }
        }
      }
    }
  }
}
