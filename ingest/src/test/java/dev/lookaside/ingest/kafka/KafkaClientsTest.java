package dev.lookaside.ingest.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.Test;

class KafkaClientsTest {
  private final CountingClients made = CountingClients.real();

  private Map<String, Object> last() {
    return made.properties().get(made.properties().size() - 1);
  }

  private KafkaClients clients(Map<String, Object> more) {
    Map<String, Object> all = new HashMap<>(Map.of("bootstrap.servers", "127.0.0.1:1"));
    all.putAll(more);
    return new KafkaClients(all, Duration.ofSeconds(4), made);
  }

  @Test
  void consumersReadCommittedRecordsOnlyWhateverIsConfigured() {
    KafkaClients clients =
        clients(
            Map.of(
                "isolation.level", "read_uncommitted",
                "enable.auto.commit", "true",
                "allow.auto.create.topics", "true",
                "group.id", "somebody's",
                "fetch.max.bytes", "1000"));
    try (Consumer<?, ?> consumer = clients.consumer("labels")) {
      assertThat(last())
          .containsEntry("client.id", "lookaside-labels")
          .containsEntry("isolation.level", "read_committed")
          .containsEntry("enable.auto.commit", "false")
          .containsEntry("allow.auto.create.topics", "false")
          .containsEntry("fetch.max.bytes", "1000")
          .containsEntry("default.api.timeout.ms", "4000")
          .doesNotContainKey("group.id");
    }
    assertThat(made.open()).isEmpty();
  }

  @Test
  void membersOfEitherProtocolCanBeMade() {
    KafkaClients clients = clients(Map.of("client.id", "edge7"));
    for (GroupProtocol protocol : GroupProtocol.values()) {
      KafkaClients.Membership membership =
          new KafkaClients.Membership("g", protocol, Optional.of("a"), Optional.empty());
      try (Consumer<?, ?> consumer = clients.member("source", membership)) {
        assertThat(last())
            .containsEntry("client.id", "edge7-source")
            .containsEntry("group.id", "g")
            .containsEntry("group.instance.id", "a")
            .containsEntry("isolation.level", "read_committed");
        assertThat(last().containsKey("partition.assignment.strategy"))
            .isEqualTo(protocol == GroupProtocol.CLASSIC);
      }
    }
    KafkaClients.Membership leader = KafkaClients.Membership.classic("g", Duration.ofSeconds(8));
    try (Consumer<?, ?> consumer = clients.member("leader", leader)) {
      assertThat(last())
          .containsEntry("session.timeout.ms", "8000")
          .containsEntry("heartbeat.interval.ms", "2000")
          .doesNotContainKey("group.instance.id");
    }
    assertThatThrownBy(
            () ->
                new KafkaClients.Membership(
                    "g", GroupProtocol.CONSUMER, Optional.empty(), Optional.of(Duration.ZERO)))
        .hasMessageContaining("group g");
  }

  @Test
  void producersGiveUpAtTheTimeoutUnlessConfiguredOtherwise() {
    try (Producer<?, ?> producer = clients(Map.of("acks", "1")).producer("labels")) {
      assertThat(last())
          .containsEntry("acks", "all")
          .containsEntry("enable.idempotence", "true")
          .containsEntry("max.block.ms", "4000")
          .containsEntry("delivery.timeout.ms", "4000")
          .doesNotContainKey("transactional.id")
          .doesNotContainKey("retry.backoff.ms");
    }
    // Kafka would not take a delivery time-out below this one.
    try (Producer<?, ?> producer =
        clients(Map.of("request.timeout.ms", 9_000, "linger.ms", "5")).producer("labels")) {
      assertThat(last()).containsEntry("delivery.timeout.ms", "9005");
    }
    KafkaClients patient =
        clients(Map.of()).withDefaults(Map.of("delivery.timeout.ms", "60000", "linger.ms", "5"));
    try (Producer<?, ?> producer = patient.transactional("detections", "worker-1")) {
      assertThat(last())
          .containsEntry("transactional.id", "worker-1")
          .containsEntry("retry.backoff.ms", "5")
          .containsEntry("delivery.timeout.ms", "60000");
    }
    try (Producer<?, ?> producer =
        patient.with(Map.of("retry.backoff.ms", "40")).transactional("detections", "worker-1")) {
      assertThat(last()).containsEntry("retry.backoff.ms", "40");
    }
    try (Producer<?, ?> producer =
        patient.with(Map.of("linger.ms", "7")).withTimeout(Duration.ofSeconds(1)).producer("x")) {
      assertThat(last()).containsEntry("linger.ms", "7").containsEntry("max.block.ms", "1000");
    }
    assertThat(made.open()).isEmpty();
  }

  @Test
  void whatIsWrongIsNamed() {
    assertThatThrownBy(() -> clients(Map.of("security.protocol", "BANANA")).consumer("x"))
        .isExactlyInstanceOf(BrokerException.class)
        .hasMessageStartingWith("kafka-clients: Invalid value BANANA");
    assertThatThrownBy(() -> clients(Map.of("request.timeout.ms", "soon")).producer("x"))
        .hasMessage("kafka-clients.request.timeout.ms \"soon\": must be a whole number");
    assertThatThrownBy(
            () -> clients(Map.of("bootstrap.servers", "no.such.host.invalid:1")).admin("x"))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("no.such.host.invalid:1");
    assertThatThrownBy(() -> clients(Map.of("bootstrap.servers", " ")))
        .hasMessageContaining("bootstrap.servers \"\": must be host:port");
  }

  @Test
  void closingClosesEveryPartTheLastFirst() {
    KafkaClients clients = clients(Map.of());
    List<String> closed = new java.util.ArrayList<>();
    ResourceCloser owner;
    try (ResourceCloser opened = new ResourceCloser()) {
      opened.add(() -> closed.add("first"));
      opened.add(
          () -> {
            throw new IllegalStateException("does not close");
          });
      opened.add(clients.consumer("a"));
      opened.add(clients.producer("b"));
      Admin admin = opened.add(clients.admin("c"));
      assertThat(admin).isNotNull();
      assertThat(made.open()).hasSize(3);
      owner = opened.keep();
    }
    assertThat(made.open()).hasSize(3);
    assertThat(closed).isEmpty();
    owner.close();
    assertThat(made.open()).isEmpty();
    assertThat(closed).containsExactly("first");
  }

  @Test
  void whatWasOpenedIsClosedWhenALaterPartFails() {
    KafkaClients clients = clients(Map.of());
    made.fail("requests");
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(
              () -> {
                try (ResourceCloser opened = new ResourceCloser()) {
                  opened.add(TopicReader.open(clients, "labels", TopicReader.Start.END, "t"));
                  opened.add(TopicWriter.open(clients, "answers"));
                  opened.add(TopicWriter.open(clients, "requests"));
                }
              })
          .isInstanceOf(BrokerException.class);
    }
    assertThat(made.opened()).isEqualTo(20);
    assertThat(made.open()).isEmpty();
  }
}
