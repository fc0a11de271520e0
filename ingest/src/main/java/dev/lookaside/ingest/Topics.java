package dev.lookaside.ingest;

import dev.lookaside.ingest.TopicSettings.Policy;
import dev.lookaside.ingest.TopicSettings.Topic;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes or checks the topics of the main job. Blocks; safe to call from several processes. */
public final class Topics {
  private static final Logger LOG = LoggerFactory.getLogger(Topics.class);

  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final Admin admin;
  private final TopicSettings settings;
  private final String servers;
  private final Duration timeout;

  private Topics(Admin admin, TopicSettings settings, String servers, Duration timeout) {
    this.timeout = timeout;
    this.admin = admin;
    this.settings = settings;
    this.servers = servers;
  }

  /**
   * Opens a connection of its own and {@link #ensure}s the topics.
   *
   * @return partitions per topic name
   * @throws UnreachableException if no broker answers in time
   * @throws IngestException naming the topic that is missing, may not be made or would lose records
   */
  public static Map<String, Integer> ensure(IngestSettings settings) {
    KafkaClients clients = settings.clients();
    try (ResourceCloser opened = new ResourceCloser()) {
      Admin admin = opened.add(clients.admin("topics"));
      return ensure(admin, settings.topics(), clients.servers(), clients.timeout());
    }
  }

  /** As {@link #ensure(IngestSettings)}, for the topics of the adapters. */
  public static Map<String, Integer> ensureRegistry(IngestSettings settings) {
    return ensure(settings, settings.topics().registry().all());
  }

  /**
   * As {@link #ensure(IngestSettings)}, for the topics of the trainer and the dead letters of its
   * labels.
   */
  public static Map<String, Integer> ensureTraining(IngestSettings settings) {
    List<Topic> topics = new ArrayList<>(settings.topics().training().all());
    topics.add(settings.topics().deadLetters());
    return ensure(settings, topics);
  }

  private static Map<String, Integer> ensure(IngestSettings settings, List<Topic> topics) {
    KafkaClients clients = settings.clients();
    try (ResourceCloser opened = new ResourceCloser()) {
      Admin admin = opened.add(clients.admin("topics"));
      return ensure(admin, settings.topics(), topics, clients.servers(), clients.timeout());
    }
  }

  /** {@link #ensure(IngestSettings)} over a connection of the caller's. */
  static Map<String, Integer> ensure(
      Admin admin, TopicSettings settings, String servers, Duration timeout) {
    Map<String, Integer> partitions =
        new LinkedHashMap<>(ensure(admin, settings, settings.all(), servers, timeout));
    Topic progress = settings.progress();
    int wanted = partitions.getOrDefault(settings.chunks().name(), 1);
    Topic sized =
        new Topic(progress.name(), wanted, progress.replicationFactor(), progress.configs());
    partitions.putAll(ensure(admin, settings, List.of(sized), servers, timeout));
    if (partitions.getOrDefault(progress.name(), 0) < wanted) {
      new Topics(admin, settings, servers, timeout).grow(sized);
      partitions.put(progress.name(), wanted);
    }
    return partitions;
  }

  private static Map<String, Integer> ensure(
      Admin admin, TopicSettings settings, List<Topic> topics, String servers, Duration timeout) {
    try {
      return new Topics(admin, settings, servers, timeout).ensure(topics);
    } catch (AuthorizationException e) {
      throw new IngestException("topics at " + servers + ": " + Clients.rootMessage(e), e);
    }
  }

  private Map<String, Integer> ensure(List<Topic> topics) {
    Map<String, Integer> partitions = new LinkedHashMap<>();
    List<Topic> missing = new ArrayList<>();
    for (Topic topic : topics) {
      describe(topic)
          .ifPresentOrElse(
              found -> partitions.put(topic.name(), found.partitions().size()),
              () -> missing.add(topic));
    }
    topics.stream().filter(t -> partitions.containsKey(t.name())).forEach(this::check);
    if (settings.policy() == Policy.FAIL && !missing.isEmpty()) {
      String names =
          missing.stream().map(t -> "\"" + t.name() + "\"").collect(Collectors.joining(", "));
      throw new IngestException(
          "topic %s: missing at %s, and lookaside.ingest.topics.policy is fail"
              .formatted(names, servers));
    }
    for (Topic topic : missing) {
      create(topic);
      partitions.put(topic.name(), known(topic));
    }
    return partitions;
  }

  /** Waits until a topic that was just made can be used: brokers learn of it one by one. */
  private int known(Topic topic) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (System.nanoTime() < deadline) {
      Optional<TopicDescription> found = describe(topic);
      if (found.isPresent()) {
        return found.get().partitions().size();
      }
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    throw unreachable(new TimeoutException("topic " + topic.name() + " does not appear"));
  }

  private Optional<TopicDescription> describe(Topic topic) {
    try {
      return Optional.of(
          get(topic, admin.describeTopics(List.of(topic.name())).topicNameValues(), topic.name()));
    } catch (UnknownTopicOrPartitionException e) {
      return Optional.empty();
    }
  }

  private void create(Topic topic) {
    NewTopic wanted =
        new NewTopic(
                topic.name(),
                Optional.of(topic.partitions()),
                topic.replicationFactor() < 0
                    ? Optional.empty()
                    : Optional.of(topic.replicationFactor()))
            .configs(topic.configs());
    try {
      get(topic, admin.createTopics(List.of(wanted)).values(), topic.name());
      LOG.info("Made topic {} with {} partitions", topic.name(), topic.partitions());
    } catch (TopicExistsException e) {
      LOG.debug("Another worker made topic {} at the same moment", topic.name());
    }
  }

  /** The progress of a partition lies in the partition of that number. */
  private void grow(Topic topic) {
    if (settings.policy() == Policy.FAIL) {
      throw new IngestException(
          "topic \"%s\" at %s: must have at least %d partitions, as many as %s"
              .formatted(topic.name(), servers, topic.partitions(), settings.chunks().name()));
    }
    try {
      get(
          topic,
          admin
              .createPartitions(Map.of(topic.name(), NewPartitions.increaseTo(topic.partitions())))
              .values(),
          topic.name());
      LOG.info("Topic {} now has {} partitions", topic.name(), topic.partitions());
    } catch (IngestException e) {
      if (!(e.getCause() instanceof InvalidPartitionsException)
          || known(topic) < topic.partitions()) {
        throw e;
      }
      LOG.debug("Another worker made topic {} larger at the same moment", topic.name());
    }
  }

  /** A topic that compacts where it should not would drop audio, and the other way round. */
  private void check(Topic topic) {
    String wanted = topic.configs().get(TopicConfig.CLEANUP_POLICY_CONFIG);
    if (wanted == null) {
      return;
    }
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic.name());
    Config config;
    try {
      config = get(topic, admin.describeConfigs(List.of(resource)).values(), resource);
    } catch (UnknownTopicOrPartitionException e) {
      return; // Just made by somebody, with the same settings or to be checked at the next start.
    } catch (AuthorizationException e) {
      LOG.warn(
          "Topic {}: not allowed to read its settings, cleanup.policy unchecked", topic.name());
      return;
    }
    ConfigEntry found = config.get(TopicConfig.CLEANUP_POLICY_CONFIG);
    if (found != null && !wanted.equals(found.value())) {
      throw new IngestException(
          "topic \"%s\": cleanup.policy is %s, must be %s or records are lost"
              .formatted(topic.name(), found.value(), wanted));
    }
  }

  private <K, T> T get(Topic topic, Map<K, KafkaFuture<T>> answers, K key) {
    try {
      return Objects.requireNonNull(answers.get(key), "answer")
          .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw unreachable(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unreachable(e);
    } catch (ExecutionException e) {
      throw translated(topic, e.getCause() == null ? e : e.getCause());
    }
  }

  private RuntimeException translated(Topic topic, Throwable cause) {
    if (cause instanceof UnknownTopicOrPartitionException
        || cause instanceof TopicExistsException
        || cause instanceof AuthorizationException) {
      return (RuntimeException) cause;
    }
    if (cause instanceof RetriableException) {
      return unreachable(cause);
    }
    return new IngestException(
        "topic \"%s\" at %s: %s".formatted(topic.name(), servers, Clients.rootMessage(cause)),
        cause);
  }

  private UnreachableException unreachable(Throwable cause) {
    return new UnreachableException(
        "bootstrap.servers \"%s\": no broker answered within %d ms"
            .formatted(servers, timeout.toMillis()),
        cause);
  }
}
