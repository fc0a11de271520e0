package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminAnswers;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.internals.KafkaFutureImpl;
import org.junit.jupiter.api.Test;

class TopicsTest {
  private final Cluster cluster = new Cluster();

  @Test
  void missingTopicsAreMadeAsConfigured() {
    cluster.add("audio.detections", 7, "delete");
    Map<String, Integer> partitions = ensure("topics.replication-factor = 2");
    assertThat(partitions)
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "audio.chunks",
                12,
                "audio.detections",
                7,
                "audio.dead-letters",
                3,
                "lookaside.progress",
                12));
    assertThat(cluster.made).hasSize(3);
    NewTopic progress = cluster.made.get(2);
    assertThat(progress.name()).isEqualTo("lookaside.progress");
    assertThat(progress.numPartitions()).as("as many as the chunks").isEqualTo(12);
    assertThat(progress.configs()).containsEntry("cleanup.policy", "compact");
    NewTopic chunks = cluster.made.get(0);
    assertThat(chunks.name()).isEqualTo("audio.chunks");
    assertThat(chunks.replicationFactor()).isEqualTo((short) 2);
    assertThat(chunks.configs())
        .containsEntry("cleanup.policy", "delete")
        .containsEntry("retention.ms", "86400000");
  }

  @Test
  void missingTopicIsNamedWhenItMayNotBeMade() {
    cluster.add("audio.detections", 1, "delete");
    assertThatThrownBy(() -> ensure("topics.policy = fail"))
        .isExactlyInstanceOf(IngestException.class)
        .hasMessage(
            "topic \"audio.chunks\", \"audio.dead-letters\": missing at broker:9092, and"
                + " lookaside.ingest.topics.policy is fail");
    assertThat(cluster.made).isEmpty();
  }

  @Test
  void topicThatWouldLoseRecordsIsNamed() {
    cluster.add("audio.chunks", 1, "compact");
    assertThatThrownBy(() -> ensure(""))
        .hasMessage(
            "topic \"audio.chunks\": cleanup.policy is compact, must be delete or records are"
                + " lost");
  }

  @Test
  void settingsThatMayNotBeReadAreNoFault() {
    cluster.add("audio.chunks", 1, "compact");
    cluster.configFault = new TopicAuthorizationException("audio.chunks");
    assertThat(ensure("")).containsEntry("audio.chunks", 1);
  }

  @Test
  void twoWorkersMayStartAtOnce() {
    cluster.createFault = new TopicExistsException("made by the other");
    assertThat(ensure("")).hasSize(4);
  }

  @Test
  void progressGrowsWithThePartitionsOfTheChunks() {
    ensure("");
    cluster.add("audio.chunks", 20, "delete");
    assertThat(ensure("")).containsEntry("lookaside.progress", 20);
    assertThat(cluster.partitions).containsEntry("lookaside.progress", 20);
    cluster.add("audio.chunks", 5, "delete");
    assertThat(ensure("")).as("never shrinks").containsEntry("lookaside.progress", 20);
  }

  @Test
  void twoWorkersMayMakeProgressLargerAtOnce() {
    ensure("");
    cluster.add("audio.chunks", 20, "delete");
    cluster.growFault = new InvalidPartitionsException("Topic already has 20 partition(s).");
    cluster.grownByAnother = true;
    assertThat(ensure("")).containsEntry("lookaside.progress", 20);
    cluster.add("audio.chunks", 30, "delete");
    cluster.grownByAnother = false;
    assertThatThrownBy(() -> ensure(""))
        .isExactlyInstanceOf(IngestException.class)
        .hasMessage(
            "topic \"lookaside.progress\" at broker:9092: Topic already has 20 partition(s).");
  }

  @Test
  void progressThatIsTooSmallIsNamedWhenItMayNotBeMadeLarger() {
    ensure("");
    cluster.add("audio.chunks", 20, "delete");
    assertThatThrownBy(() -> ensure("topics.policy = fail"))
        .isExactlyInstanceOf(IngestException.class)
        .hasMessage(
            "topic \"lookaside.progress\" at broker:9092: must have at least 20 partitions, as many"
                + " as audio.chunks");
  }

  @Test
  void progressThatIsNotCompactedIsNamed() {
    cluster.add("lookaside.progress", 12, "delete");
    assertThatThrownBy(() -> ensure(""))
        .hasMessage(
            "topic \"lookaside.progress\": cleanup.policy is delete, must be compact or records are"
                + " lost");
  }

  @Test
  void whatTheBrokerRefusesIsNamed() {
    cluster.createFault = new InvalidReplicationFactorException("3 is larger than 1 broker");
    assertThatThrownBy(() -> ensure(""))
        .isExactlyInstanceOf(IngestException.class)
        .hasMessage("topic \"audio.chunks\" at broker:9092: 3 is larger than 1 broker");
    cluster.createFault = new TopicAuthorizationException("not allowed to make audio.chunks");
    assertThatThrownBy(() -> ensure(""))
        .isExactlyInstanceOf(IngestException.class)
        .hasMessage("topics at broker:9092: not allowed to make audio.chunks");
  }

  @Test
  void silenceIsUnreachable() {
    cluster.silent = true;
    assertThatThrownBy(() -> ensure("broker-timeout-millis = 100"))
        .isInstanceOf(UnreachableException.class)
        .hasMessage("bootstrap.servers \"broker:9092\": no broker answered within 100 ms");
  }

  @Test
  void aNameThatDoesNotResolveIsUnreachableAWrongSettingIsNot() {
    assertThatThrownBy(
            () ->
                Topics.ensure(
                    IngestSettingsTest.of(
                        "kafka-clients.bootstrap.servers = \"no.such.host.invalid:1\"")))
        .isInstanceOf(UnreachableException.class)
        .hasMessage(
            "bootstrap.servers \"no.such.host.invalid:1\": No resolvable bootstrap urls given in"
                + " bootstrap.servers");
    assertThatThrownBy(
            () -> Topics.ensure(IngestSettingsTest.of("kafka-clients.security.protocol = BANANA")))
        .isExactlyInstanceOf(BrokerException.class)
        .hasMessageStartingWith("kafka-clients: Invalid value BANANA");
  }

  private Map<String, Integer> ensure(String overrides) {
    IngestSettings settings = IngestSettingsTest.of(overrides);
    return Topics.ensure(
        cluster.admin(), settings.topics(), "broker:9092", settings.clients().timeout());
  }

  /** The three calls of an Admin that matter here. */
  private static final class Cluster {
    final Map<String, Integer> partitions = new TreeMap<>();
    final Map<String, String> policies = new HashMap<>();
    final List<NewTopic> made = new ArrayList<>();
    RuntimeException createFault;
    RuntimeException configFault;
    RuntimeException growFault;
    boolean grownByAnother;
    boolean silent;

    void add(String name, int count, String policy) {
      partitions.put(name, count);
      policies.put(name, policy);
    }

    Admin admin() {
      return (Admin)
          Proxy.newProxyInstance(
              Admin.class.getClassLoader(),
              new Class<?>[] {Admin.class},
              (proxy, method, args) ->
                  switch (method.getName()) {
                    case "describeTopics" -> describe(first(args));
                    case "createTopics" -> create(first(args));
                    case "createPartitions" -> grow((Map<?, ?>) args[0]);
                    case "describeConfigs" -> configs(first(args));
                    default -> throw new UnsupportedOperationException(method.getName());
                  });
    }

    @SuppressWarnings("unchecked")
    private static <T> T first(Object[] args) {
      return (T) ((Collection<?>) args[0]).iterator().next();
    }

    private Object describe(String name) {
      KafkaFutureImpl<TopicDescription> answer = new KafkaFutureImpl<>();
      Integer count = partitions.get(name);
      if (count != null) {
        List<TopicPartitionInfo> infos = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          infos.add(new TopicPartitionInfo(i, Node.noNode(), List.of(), List.of()));
        }
        answer.complete(new TopicDescription(name, false, infos));
      } else if (!silent) {
        answer.completeExceptionally(new UnknownTopicOrPartitionException(name));
      }
      return AdminAnswers.topic(name, answer);
    }

    private Object create(NewTopic topic) {
      if (createFault == null) {
        made.add(topic);
      }
      if (createFault == null || createFault instanceof TopicExistsException) {
        add(topic.name(), topic.numPartitions(), topic.configs().get("cleanup.policy"));
      }
      return AdminAnswers.created(topic.name(), createFault);
    }

    private Object grow(Map<?, ?> wanted) {
      String name = (String) wanted.keySet().iterator().next();
      if (growFault == null || grownByAnother) {
        partitions.put(name, ((NewPartitions) wanted.get(name)).totalCount());
      }
      return AdminAnswers.grown(name, growFault);
    }

    private Object configs(ConfigResource resource) {
      KafkaFuture<Config> answer =
          KafkaFuture.completedFuture(
              new Config(
                  List.of(
                      new ConfigEntry(
                          "cleanup.policy",
                          Optional.ofNullable(policies.get(resource.name())).orElse("delete")))));
      if (configFault != null) {
        KafkaFutureImpl<Config> failed = new KafkaFutureImpl<>();
        failed.completeExceptionally(configFault);
        answer = failed;
      }
      return AdminAnswers.configs(resource, answer);
    }
  }
}
