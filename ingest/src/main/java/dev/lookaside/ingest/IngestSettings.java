package dev.lookaside.ingest;

import com.typesafe.config.Config;
import dev.lookaside.ingest.TopicSettings.Policy;
import dev.lookaside.ingest.TopicSettings.Topic;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.KafkaClients.Membership;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.jspecify.annotations.Nullable;

/**
 * {@code lookaside.ingest}, read and checked once at start.
 *
 * @param clients makes every Kafka client of every module
 * @param chunkSource {@code ce_source} of chunks sent from here
 * @param maxPayloadBytes a longer record is rejected
 * @param defaultFormat of records that do not say theirs; null: they are rejected
 */
public record IngestSettings(
    KafkaClients clients,
    String chunkSource,
    int maxPayloadBytes,
    @Nullable AudioFormat defaultFormat,
    TopicSettings topics,
    SourceSettings source,
    RetainedSettings retained) {
  /**
   * Reading audio back. Senders' clocks may be a minute ahead of the broker's and chunks two
   * minutes late; audio outside is found, too, only slower. One reading may take 30 s and keep 10
   * minutes: at 48 kHz 115 MB.
   */
  private static final RetainedSettings RETAINED =
      new RetainedSettings(60_000, 120_000, 30_000, 600);

  private static final String ROOT = "lookaside.ingest";
  private static final String SERVERS = "bootstrap.servers";

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws IngestException naming key, value and range of the first one that is wrong
   */
  public static IngestSettings of(Config config) {
    Config ingest = config.getConfig(ROOT);
    Map<String, Object> clients = properties(ingest.getConfig("kafka-clients"));
    if (String.valueOf(clients.getOrDefault(SERVERS, "")).isBlank()) {
      throw new IngestException(
          ROOT + ".kafka-clients." + SERVERS + " \"\": must be host:port, comma separated");
    }
    Config chunks = ingest.getConfig("chunks");
    return new IngestSettings(
        new KafkaClients(
            clients, Duration.ofMillis(number(ingest, "", "broker-timeout-millis", 100, 600_000))),
        text(chunks, "chunks", "source"),
        (int) number(chunks, "chunks", "max-payload-bytes", 1, 1 << 30),
        defaultFormat(chunks.getString("default-content-type")),
        topics(ingest.getConfig("topics")),
        source(ingest.getConfig("source")),
        RETAINED);
  }

  /** The same with other clients. */
  public IngestSettings with(KafkaClients others) {
    return new IngestSettings(
        others, chunkSource, maxPayloadBytes, defaultFormat, topics, source, retained);
  }

  /** The brokers, as configured. */
  public String servers() {
    return clients.servers();
  }

  /** Properties for every Kafka client of every module. */
  public Map<String, Object> kafkaClients() {
    return clients.properties();
  }

  /** The codec these settings describe. */
  public AudioChunkCodec codec() {
    return new AudioChunkCodec(chunkSource, maxPayloadBytes, defaultFormat);
  }

  /** A {@code kafka-clients {}} block as client properties; see {@link KafkaKeys}. */
  public static Map<String, Object> properties(Config block) {
    return KafkaKeys.properties(block);
  }

  private static @Nullable AudioFormat defaultFormat(String contentType) {
    try {
      return contentType.isBlank() ? null : AudioFormat.parse(contentType);
    } catch (IngestException e) {
      throw new IngestException(ROOT + ".chunks.default-content-type: " + e.getMessage(), e);
    }
  }

  private static TopicSettings topics(Config topics) {
    short replicas = (short) number(topics, "topics", "replication-factor", -1, 100);
    if (replicas == 0) {
      throw wrong("topics.replication-factor", "0", "must be -1 or 1 to 100");
    }
    return new TopicSettings(
        policy(topics.getString("policy")),
        topic(topics, "audio-chunks", replicas),
        topic(topics, "audio-detections", replicas),
        topic(topics, "audio-dead-letters", replicas),
        progress(topics, replicas),
        new TopicSettings.Registry(
            topic(topics, "adapters", replicas),
            topic(topics, "cutovers", replicas),
            topic(topics, "acks", replicas)),
        new TopicSettings.Training(
            topic(topics, "audio-labels", replicas),
            topic(topics, "requests", replicas),
            topic(topics, "shadows", replicas)));
  }

  /** As many partitions as the chunks have, whatever that is when it is made. */
  private static Topic progress(Config topics, short replicas) {
    Config topic = topics.getConfig("progress");
    Map<String, String> configs = new HashMap<>();
    properties(topic.getConfig("configs")).forEach((k, v) -> configs.put(k, String.valueOf(v)));
    return new Topic(text(topic, "topics.progress", "name"), 1, replicas, configs);
  }

  private static Policy policy(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "create" -> Policy.CREATE;
      case "fail" -> Policy.FAIL;
      default -> throw wrong("topics.policy", value, "must be create or fail");
    };
  }

  private static Topic topic(Config topics, String key, short replicas) {
    Config topic = topics.getConfig(key);
    String path = "topics." + key;
    Map<String, String> configs = new HashMap<>();
    properties(topic.getConfig("configs")).forEach((k, v) -> configs.put(k, String.valueOf(v)));
    return new Topic(
        text(topic, path, "name"),
        (int) number(topic, path, "partitions", 1, 10_000),
        replicas,
        configs);
  }

  private static SourceSettings source(Config source) {
    String at = "source";
    Map<String, Object> consumer = properties(source.getConfig("kafka-clients"));
    return new SourceSettings(
        membership(source, consumer),
        delivery(source.getString("delivery")),
        startsAtEnd(consumer),
        (int) number(source, at, "credit-records", 1, 1_000_000),
        number(source, at, "credit-bytes", 1, 1L << 40),
        number(source, at, "max-bytes-under-way", 1, 1L << 40),
        number(source, at, "read-ahead-bytes", 1, 1L << 40),
        number(source, at, "commit-interval-millis", 10, 600_000),
        number(source, at, "poll-millis", 1, 1_000),
        number(source, at, "unreachable-after-millis", 100, 600_000),
        number(source, at, "report-interval-millis", 100, 600_000),
        number(source, at, "stop-timeout-millis", 0, 60_000),
        consumer);
  }

  private static Membership membership(Config source, Map<String, Object> consumer) {
    String protocol = source.getString("group-protocol");
    GroupProtocol its =
        switch (protocol.toLowerCase(Locale.ROOT)) {
          case "consumer" -> GroupProtocol.CONSUMER;
          case "classic" -> GroupProtocol.CLASSIC;
          default -> throw wrong("source.group-protocol", protocol, "must be consumer or classic");
        };
    String instance = source.getString("instance");
    return new Membership(
        text(source, "source", "group"),
        its,
        instance.isBlank() ? Optional.empty() : Optional.of(instance),
        Optional.empty());
  }

  private static boolean delivery(String value) {
    return switch (value.toLowerCase(Locale.ROOT)) {
      case "exactly-once" -> true;
      case "at-least-once" -> false;
      default -> throw wrong("source.delivery", value, "must be exactly-once or at-least-once");
    };
  }

  /** Kafka's own key, which this source reads itself: see {@link SourceClients}. */
  private static boolean startsAtEnd(Map<String, Object> consumer) {
    String value = String.valueOf(consumer.getOrDefault("auto.offset.reset", "earliest"));
    return switch (value) {
      case "earliest" -> false;
      case "latest" -> true;
      default ->
          throw wrong(
              "source.kafka-clients.auto.offset.reset", value, "must be earliest or latest");
    };
  }

  private static String text(Config block, String path, String key) {
    String value = block.getString(key);
    if (value.isBlank()) {
      throw wrong(path + "." + key, value, "must not be empty");
    }
    return value;
  }

  private static long number(Config block, String path, String key, long min, long max) {
    long value = block.getLong(key);
    if (value < min || value > max) {
      throw wrong(
          path.isEmpty() ? key : path + "." + key,
          Long.toString(value),
          "must be " + min + " to " + max);
    }
    return value;
  }

  private static IngestException wrong(String key, String value, String message) {
    return new IngestException(ROOT + "." + key + " \"" + value + "\": " + message);
  }
}
