package dev.lookaside.deploy.bundled;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.lookaside.deploy.DeployException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class EmbeddedKafkaTest {
  @Test
  void aRecordSentIsConsumedByAGroupAndTheFolderIsGoneAfterClose() throws Exception {
    Path folder;
    try (EmbeddedKafka kafka = EmbeddedKafka.start()) {
      folder = kafka.folder();
      assertThat(folder).isDirectory();
      Map<String, Object> servers = Map.of("bootstrap.servers", kafka.bootstrapServers());
      try (Admin admin = Admin.create(servers)) {
        admin
            .createTopics(List.of(new NewTopic("t", Optional.of(2), Optional.empty())))
            .all()
            .get();
        // The broker learns of it a moment after the controller has made it.
        await().until(() -> admin.listTopics().names().get().contains("t"));
      }
      send(kafka, "t", "hello");
      assertThat(receiveOne(kafka, "t")).isEqualTo("hello");
    }
    assertThat(Files.exists(folder)).isFalse();
  }

  @Test
  void aTakenPortIsNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      assertThatThrownBy(() -> EmbeddedKafka.start(taken.getLocalPort()))
          .isInstanceOf(DeployException.class)
          .hasMessageContaining("port " + taken.getLocalPort());
    }
  }

  /** A port that was free and is not used yet is offered again now and then. */
  @Test
  void freePortsDiffer() {
    assertThat(EmbeddedKafka.freePorts(500)).doesNotHaveDuplicates();
  }

  @Test
  void aPortOutOfRangeIsNamed() {
    assertThatThrownBy(() -> EmbeddedKafka.start(65_536))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("port \"65536\": must be 1..65535");
  }

  private static void send(EmbeddedKafka kafka, String topic, String value) throws Exception {
    Map<String, Object> config =
        Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all");
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(new ProducerRecord<>(topic, value.getBytes(UTF_8))).get();
    }
  }

  private static String receiveOne(EmbeddedKafka kafka, String topic) {
    Map<String, Object> config =
        Map.of(
            "bootstrap.servers", kafka.bootstrapServers(),
            "group.id", "g",
            "auto.offset.reset", "earliest");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topic));
      return Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(200))) {
                  return new String(r.value(), UTF_8);
                }
                return "";
              },
              text -> !text.isEmpty());
    }
  }
}
