package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.kafka.KafkaClients;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Workers with a static name in the group, {@code source.instance}, on a real broker. */
@Timeout(180)
class StaticMembersTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static EmbeddedKafka kafka;

  @BeforeAll
  static void start() {
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  @Test
  void aWorkerThatComesBackHasItsPartitionsWithoutTheOthersBeingAsked() throws Exception {
    try (Service other = worker("back", "consumer", "other")) {
      Service first = worker("back", "consumer", "first");
      awaitHealthy(first);
      awaitHealthy(other);
      ConsumerGroupDescription before = awaitShared("back");
      first.close();
      try (Service again = worker("back", "consumer", "first")) {
        awaitHealthy(again);
        ConsumerGroupDescription now = awaitShared("back");
        assertThat(now.groupEpoch()).isEqualTo(before.groupEpoch());
        assertThat(partitions(now)).isEqualTo(partitions(before));
      }
    }
  }

  /** As after a crash: the brokers know of a member of this name until its session is over. */
  @Test
  void aWorkerWhoseNameIsStillAMembersWaitsForItsPlace() throws Exception {
    try (Service first = worker("wait", "consumer", "same")) {
      awaitHealthy(first);
      try (Service second = worker("wait", "consumer", "same")) {
        Awaitility.await()
            .atMost(PATIENCE)
            .until(() -> second.health().text().contains("source.instance \"same\""));
        assertThat(second.health().healthy()).isFalse();
        assertThat(first.health().healthy()).as(first.health().text()).isTrue();
        assertThat(second.scrape()).contains("instance-taken");
        first.close();
        awaitHealthy(second);
      }
    }
  }

  @Test
  void byTheClassicProtocolTheOlderOfTwoOfOneNameEndsAndSaysWhy() throws Exception {
    try (Service older = worker("two", "classic", "same")) {
      awaitHealthy(older);
      try (Service newer = worker("two", "classic", "same")) {
        assertThat(older.awaitFailure(PATIENCE).orElse("it runs on"))
            .contains("source.instance \"same\"", "another process has joined group two");
        awaitHealthy(newer);
        assertThat(newer.awaitFailure(Duration.ZERO)).isEmpty();
      }
    }
  }

  /**
   * A member that was to give partitions away, and ends before it asks for the rebalance that
   * distributes them: whoever takes its place is given the rest alone, and brokers rebalance
   * nothing.
   */
  @Test
  void byTheClassicProtocolWhatACrashedMemberWasToGiveAwayIsDistributed() {
    try (Service started = worker("given", "classic", "first")) {
      awaitHealthy(started);
    }
    try (Consumer<byte[], byte[]> crashes = member("given", "first")) {
      crashes.subscribe(List.of("audio.chunks"), new CrashesWhenItGivesAway());
      Awaitility.await()
          .atMost(PATIENCE)
          .until(
              () -> {
                crashes.poll(Duration.ofMillis(100));
                return crashes.assignment().size() == 4;
              });
      try (Service other = worker("given", "classic", "other")) {
        Awaitility.await()
            .atMost(PATIENCE)
            .untilAsserted(
                () ->
                    assertThatThrownBy(() -> crashes.poll(Duration.ofMillis(100)))
                        .hasRootCauseMessage("crashed"));
        crashes.close(CloseOptions.timeout(Duration.ZERO));
        try (Service again = worker("given", "classic", "first")) {
          awaitHealthy(again);
          awaitShared("given");
          awaitHealthy(other);
        }
      }
    }
  }

  private static Consumer<byte[], byte[]> member(String group, String instance) {
    return clients()
        .member(
            "test",
            new KafkaClients.Membership(
                group, GroupProtocol.CLASSIC, Optional.of(instance), Optional.empty()));
  }

  private static KafkaClients clients() {
    return new KafkaClients(Map.of("bootstrap.servers", kafka.bootstrapServers()), PATIENCE);
  }

  private static final class CrashesWhenItGivesAway implements ConsumerRebalanceListener {
    private boolean crashed;

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      if (!partitions.isEmpty() && !crashed) {
        crashed = true;
        throw new IllegalStateException("crashed");
      }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
  }

  private static Service worker(String group, String protocol, String instance) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers());
    settings.put("lookaside.ingest.source.group", group);
    settings.put("lookaside.ingest.source.group-protocol", protocol);
    settings.put("lookaside.ingest.source.instance", instance);
    settings.put("lookaside.ingest.topics.audio-chunks.partitions", 4);
    settings.put("lookaside.classifier.registry.enabled", false);
    Config config = Configuration.over(settings);
    return Service.start(config, event -> {});
  }

  private static void awaitHealthy(Service worker) {
    Awaitility.await().atMost(PATIENCE).until(() -> worker.health().healthy());
  }

  /** The group once both of its members have two partitions. */
  private static ConsumerGroupDescription awaitShared(String group) {
    try (Admin admin = clients().admin("test")) {
      return Awaitility.await()
          .atMost(PATIENCE)
          .until(
              () -> describe(admin, group),
              its ->
                  its.members().size() == 2
                      && partitions(its).values().stream().allMatch(p -> p.size() == 2));
    }
  }

  private static ConsumerGroupDescription describe(Admin admin, String group)
      throws ExecutionException, InterruptedException {
    return admin.describeConsumerGroups(List.of(group)).all().get().get(group);
  }

  private static Map<String, Set<TopicPartition>> partitions(ConsumerGroupDescription group) {
    return group.members().stream()
        .collect(
            Collectors.toMap(
                m -> m.groupInstanceId().orElse(""),
                (MemberDescription m) -> m.assignment().topicPartitions()));
  }
}
