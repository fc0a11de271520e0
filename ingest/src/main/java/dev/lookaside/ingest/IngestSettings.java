package dev.lookaside.ingest;

import com.typesafe.config.Config;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.KafkaKeys;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
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
  /** A thread of its own for each actor that blocks; of every module. */
  public static final String PINNED_DISPATCHER = "lookaside.ingest.pinned-dispatcher";

  /**
   * Reading audio back. Senders' clocks may be a minute ahead of the broker's and chunks two
   * minutes late; audio outside is found, too, only slower. One reading may take 30 s and keep 10
   * minutes: at 48 kHz 115 MB.
   */
  private static final RetainedSettings RETAINED =
      new RetainedSettings(60_000, 120_000, 30_000, 600);

  /** Milliseconds between attempts to reach a broker that is away: no flood, yet soon back. */
  private static final Map<String, String> CLIENT_DEFAULTS =
      Map.of("reconnect.backoff.ms", "250", "reconnect.backoff.max.ms", "5000");

  private static final String ROOT = "lookaside.ingest";
  private static final String SERVERS = "bootstrap.servers";

  /**
   * Reads the settings.
   *
   * @param config the whole configuration, with reference.conf beneath
   * @throws SettingsBlock.Fault naming key, value and range of the first one that is wrong
   */
  public static IngestSettings of(Config config) {
    SettingsBlock ingest = SettingsBlock.of(config, ROOT);
    Map<String, Object> clients = new HashMap<>(CLIENT_DEFAULTS);
    clients.putAll(KafkaKeys.properties(ingest.block("kafka-clients").config()));
    if (String.valueOf(clients.getOrDefault(SERVERS, "")).isBlank()) {
      throw new IngestException(
          ROOT + ".kafka-clients." + SERVERS + " \"\": must be host:port, comma separated");
    }
    SettingsBlock chunks = ingest.block("chunks");
    Duration timeout = ingest.millis("broker-timeout-millis", 100, 600_000);
    return new IngestSettings(
        new KafkaClients(clients, timeout),
        chunks.name("source"),
        chunks.count("max-payload-bytes", 1, 1 << 30),
        defaultFormat(chunks),
        TopicSettings.of(ingest.block("topics")),
        SourceSettings.of(ingest.block("source"), timeout),
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

  private static @Nullable AudioFormat defaultFormat(SettingsBlock chunks) {
    String contentType = chunks.text("default-content-type");
    try {
      return contentType.isBlank() ? null : AudioFormat.parse(contentType);
    } catch (IngestException e) {
      throw new IngestException(
          ROOT + ".chunks.default-content-type \"%s\": %s".formatted(contentType, e.getMessage()),
          e);
    }
  }
}
