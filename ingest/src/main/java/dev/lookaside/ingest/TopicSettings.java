package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.KafkaKeys;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The topics of the main job and what to do when one is missing.
 *
 * @param policy make missing topics or fail
 * @param chunks audio in
 * @param detections what was detected
 * @param deadLetters what could not be used
 * @param progress how far each stream is; has as many partitions as {@code chunks}
 * @param registry which adapter is in force, and the adapters
 * @param training what the trainer learns from and is asked for
 */
public record TopicSettings(
    Policy policy,
    Topic chunks,
    Topic detections,
    Topic deadLetters,
    Topic progress,
    Registry registry,
    Training training) {
  /** What happens when a topic is missing. */
  public enum Policy {
    CREATE,
    FAIL
  }

  /**
   * The topics of the adapters.
   *
   * @param adapters their files in slices
   * @param cutovers the ledger
   * @param acks what became of it at each worker
   */
  public record Registry(Topic adapters, Topic cutovers, Topic acks) {
    /** All of them. */
    public List<Topic> all() {
      return List.of(adapters, cutovers, acks);
    }
  }

  /**
   * The topics of the trainer.
   *
   * @param labels people's corrections of detections
   * @param requests what the trainer is asked to do
   * @param shadows what candidates would have detected beside the adapter in force
   */
  public record Training(Topic labels, Topic requests, Topic shadows) {
    /** All of them. */
    public List<Topic> all() {
      return List.of(labels, requests, shadows);
    }
  }

  /**
   * One topic and how it is made.
   *
   * @param partitions when it is made
   * @param replicationFactor when it is made, -1 for the broker's default
   * @param configs topic settings when it is made; {@code cleanup.policy} is checked on topics that
   *     exist
   */
  public record Topic(
      String name, int partitions, short replicationFactor, Map<String, String> configs) {
    public Topic {
      Objects.requireNonNull(name, "name");
      configs = Map.copyOf(configs);
    }
  }

  /**
   * Settings of topics when they are made. The user's come before them, not in the internal ones.
   */
  private static final Map<String, String> DELETED = Map.of("cleanup.policy", "delete");

  private static final Map<String, String> COMPACTED = Map.of("cleanup.policy", "compact");

  /**
   * Kept for ever: a replay needs the history of decisions, and a trainer that lost its store fills
   * it again from the labels.
   */
  private static final Map<String, String> KEPT =
      Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1");

  /** As long as the detections by default: what is compared with them. */
  private static final Map<String, String> A_WEEK =
      Map.of("cleanup.policy", "delete", "retention.ms", "604800000");

  /**
   * The broker's clock, one for all senders: it decides when a stream has fallen silent and when
   * audio is old. With the senders' clocks one that is fast would end all the others.
   */
  private static final Map<String, String> CHUNKS =
      Map.of("cleanup.policy", "delete", "message.timestamp.type", "LogAppendTime");

  /** The broker's default for chunks plus room for the reason headers. */
  private static final Map<String, String> DEAD_LETTERS =
      Map.of("cleanup.policy", "delete", "max.message.bytes", "1114124");

  /**
   * Compacted soon and into small segments, as a worker that is given a partition reads it whole.
   */
  private static final Map<String, String> PROGRESS =
      Map.of(
          "cleanup.policy", "compact",
          "segment.bytes", "16777216",
          "segment.ms", "600000",
          "min.cleanable.dirty.ratio", "0.2",
          "max.compaction.lag.ms", "600000",
          "compression.type", "lz4");

  /** Reads {@code lookaside.ingest.topics}. */
  static TopicSettings of(SettingsBlock topics) {
    short replicas = (short) topics.number("replication-factor", -1, 100);
    if (replicas == 0) {
      throw topics.wrong("replication-factor", "must be -1 or 1 to 100");
    }
    Internal internal = new Internal(topics.block("internal"), replicas);
    return new TopicSettings(
        topics.choice("policy", Map.of("create", Policy.CREATE, "fail", Policy.FAIL)),
        topic(topics.block("audio-chunks"), replicas, CHUNKS),
        topic(topics.block("audio-detections"), replicas, DELETED),
        topic(topics.block("audio-dead-letters"), replicas, DEAD_LETTERS),
        internal.topic("progress", PROGRESS),
        new Registry(
            internal.topic("adapters", COMPACTED),
            internal.topic("cutovers", KEPT),
            internal.topic("acks", A_WEEK)),
        new Training(
            topic(topics.block("audio-labels"), replicas, KEPT),
            internal.topic("requests", A_WEEK),
            internal.topic("shadows", A_WEEK)));
  }

  private static Topic topic(SettingsBlock own, short replicas, Map<String, String> fixed) {
    return new Topic(
        own.name("name"),
        own.count("partitions", 1, 10_000),
        replicas,
        configs(fixed, own.block("configs")));
  }

  private static Map<String, String> configs(Map<String, String> below, SettingsBlock users) {
    Map<String, String> configs = new HashMap<>(below);
    KafkaKeys.properties(users.config()).forEach((k, v) -> configs.put(k, String.valueOf(v)));
    return configs;
  }

  /**
   * The topics that only Lookaside reads and writes. One partition each: everybody reads them from
   * the beginning, and their order decides; {@link #progress} has as many as the chunks, whatever
   * that is when it is made.
   */
  private record Internal(SettingsBlock own, short replicas) {
    Topic topic(String name, Map<String, String> fixed) {
      Map<String, String> configs = configs(Map.of(), own.block("configs"));
      configs.putAll(fixed);
      return new Topic(own.name("prefix") + name, 1, replicas, configs);
    }
  }

  public TopicSettings {
    Objects.requireNonNull(policy, "policy");
    Objects.requireNonNull(chunks, "chunks");
    Objects.requireNonNull(detections, "detections");
    Objects.requireNonNull(deadLetters, "deadLetters");
    Objects.requireNonNull(progress, "progress");
    Objects.requireNonNull(registry, "registry");
    Objects.requireNonNull(training, "training");
  }

  /** Those of the audio, in the order of its way; {@link #progress} goes by {@link #chunks}. */
  public List<Topic> all() {
    return List.of(chunks, detections, deadLetters);
  }
}
