package dev.lookaside.deploy.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.KafkaClients.Membership;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import dev.lookaside.ingest.kafka.TopicWriter;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the toolbox promises of topics with transactions, of groups and of brokers that go away. */
@Timeout(120)
class KafkaToolboxTest {
  private static final String TOPIC = "t";

  private EmbeddedKafka kafka;
  private KafkaClients clients;
  private final List<String> read = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    kafka = EmbeddedKafka.start();
    clients =
        new KafkaClients(
            Map.of("bootstrap.servers", kafka.bootstrapServers()), Duration.ofSeconds(3));
    try (ResourceCloser opened = new ResourceCloser()) {
      opened
          .add(clients.admin("test"))
          .createTopics(List.of(new NewTopic(TOPIC, Optional.of(2), Optional.empty())))
          .all()
          .get();
    }
  }

  @AfterEach
  void stop() {
    kafka.close();
  }

  private void note(ConsumerRecord<byte[], byte[]> record) {
    read.add(new String(record.value(), UTF_8));
  }

  private static ProducerRecord<byte[], byte[]> record(int partition, String value) {
    return new ProducerRecord<>(TOPIC, partition, null, value.getBytes(UTF_8));
  }

  @Test
  void aReadingEndsThoughTheLastOffsetsAreMarkersAndAbortedRecords() throws Exception {
    try (ResourceCloser opened = new ResourceCloser()) {
      Producer<byte[], byte[]> producer =
          opened.add(clients.withTimeout(Duration.ofSeconds(20)).transactional("test", "one"));
      producer.initTransactions();
      producer.beginTransaction();
      producer.send(record(0, "a"));
      producer.send(record(1, "b"));
      producer.commitTransaction();
      producer.beginTransaction();
      producer.send(record(0, "aborted")).get();
      producer.abortTransaction();

      TopicReader reader = opened.add(TopicReader.open(clients, "reader", Start.BEGINNING, TOPIC));
      assertThat(reader.readToEnd(this::note)).isEqualTo(2);
      assertThat(read).containsExactlyInAnyOrder("a", "b");
      assertThat(reader.atEnd()).isTrue();

      // A transaction that is open is not waited for, and seen once it is committed.
      producer.beginTransaction();
      producer.send(record(0, "c")).get();
      assertThat(reader.readToEnd(this::note)).isZero();
      producer.commitTransaction();
      // The brokers write the marker once they have answered.
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> reader.readToEnd(this::note) == 1);

      List<String> scanned = new ArrayList<>();
      TopicReader seeking = opened.add(TopicReader.seeking(clients, "seeking", TOPIC));
      seeking.scanSince(0, Instant.MIN, r -> scanned.add(new String(r.value(), UTF_8)));
      assertThat(scanned).containsExactly("a", "c");
      seeking.scanSince(0, Instant.now().plusSeconds(60), r -> scanned.add("late"));
      assertThat(scanned).hasSize(2);
    }
  }

  @Test
  void aSecondProducerOfAnIdFencesTheFirst() {
    try (ResourceCloser opened = new ResourceCloser()) {
      KafkaClients patient = clients.withTimeout(Duration.ofSeconds(20));
      Producer<byte[], byte[]> zombie = opened.add(patient.transactional("test", "one"));
      zombie.initTransactions();
      zombie.beginTransaction();
      zombie.send(record(0, "zombie"));
      Producer<byte[], byte[]> successor = opened.add(patient.transactional("test", "one"));
      successor.initTransactions();
      assertThatThrownBy(zombie::commitTransaction)
          .isInstanceOf(org.apache.kafka.common.KafkaException.class);
      TopicReader reader = opened.add(TopicReader.open(clients, "reader", Start.BEGINNING, TOPIC));
      assertThat(reader.readToEnd(this::note)).isZero();
    }
  }

  @Test
  void eitherGroupProtocolGivesAStaticMemberItsPartitions() {
    for (GroupProtocol protocol : GroupProtocol.values()) {
      Membership membership =
          new Membership("g-" + protocol, protocol, Optional.of("worker-1"), Optional.empty());
      try (ResourceCloser opened = new ResourceCloser()) {
        Consumer<byte[], byte[]> member = opened.add(clients.member("test", membership));
        member.subscribe(List.of(TOPIC));
        Awaitility.await()
            .atMost(Duration.ofSeconds(40))
            .until(
                () -> {
                  member.poll(Duration.ofMillis(100));
                  return member.assignment().size() == 2;
                });
        assertThat(member.groupMetadata().groupInstanceId()).contains("worker-1");
      }
    }
  }

  @Test
  void everyCallEndsAtTheTimeoutOnceTheBrokerIsGone() {
    try (ResourceCloser opened = new ResourceCloser()) {
      TopicWriter writer = opened.add(TopicWriter.open(clients, "writer"));
      writer.write(record(0, "a"), "a");
      TopicReader reader = opened.add(TopicReader.open(clients, "reader", Start.BEGINNING, TOPIC));
      reader.readToEnd(this::note);
      TopicReader seeking = opened.add(TopicReader.seeking(clients, "seeking", TOPIC));
      assertThat(seeking.range(0)).isEqualTo(new TopicReader.Range(0, 1));
      kafka.close();
      long start = System.nanoTime();
      assertThatThrownBy(() -> reader.readToEnd(this::note)).satisfies(this::namesTheBroker);
      assertThatThrownBy(reader::atEnd).satisfies(this::namesTheBroker);
      assertThat(reader.poll(Duration.ofMillis(10), this::note)).isZero();
      assertThatThrownBy(() -> seeking.scan(0, 0, 1, r -> true)).satisfies(this::namesTheBroker);
      assertThatThrownBy(() -> writer.write(record(0, "b"), "label b"))
          .satisfies(this::namesTheBroker)
          .hasMessageContaining("label b");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }
  }

  private void namesTheBroker(Throwable thrown) {
    assertThat(thrown)
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("topic \"t\" at " + kafka.bootstrapServers());
  }
}
