package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.kafka.KafkaClients;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IngestSettingsTest {
  private final List<Map<String, Object>> properties = new ArrayList<>();

  /** Notes what clients are made with. */
  private final KafkaClients opened =
      new KafkaClients(
          Map.of("bootstrap.servers", "k1:9092", "sasl.mechanism", "PLAIN"),
          Duration.ofSeconds(2),
          new KafkaClients.Factory() {
            @Override
            public Consumer<byte[], byte[]> consumer(Map<String, Object> its) {
              properties.add(Map.copyOf(its));
              return new MockConsumer<>("none");
            }

            @Override
            public Producer<byte[], byte[]> producer(Map<String, Object> its) {
              throw new AssertionError("a producer");
            }

            @Override
            public Admin admin(Map<String, Object> its) {
              throw new AssertionError("an admin");
            }
          });

  @Test
  void referenceConfIsComplete() {
    IngestSettings settings = of("");
    assertThat(settings.servers()).isEqualTo("localhost:9092");
    assertThat(settings.defaultFormat()).isNull();
    assertThat(settings.topics().all())
        .extracting(TopicSettings.Topic::name)
        .containsExactly("audio.chunks", "audio.detections", "audio.dead-letters");
    assertThat(settings.topics().all())
        .allSatisfy(t -> assertThat(t.configs()).containsEntry("cleanup.policy", "delete"));
    TopicSettings.Training training = settings.topics().training();
    assertThat(training.labels().name()).isEqualTo("audio.labels");
    assertThat(training.labels().configs())
        .containsEntry("retention.ms", "-1")
        .containsEntry("retention.bytes", "-1")
        .containsEntry("cleanup.policy", "delete");
    assertThat(training.requests())
        .extracting(TopicSettings.Topic::name, TopicSettings.Topic::partitions)
        .containsExactly("lookaside.requests", 1);
    assertThat(training.shadows())
        .extracting(TopicSettings.Topic::name, TopicSettings.Topic::partitions)
        .containsExactly("lookaside.shadows", 1);
    assertThat(settings.topics().progress().name()).isEqualTo("lookaside.progress");
    assertThat(settings.topics().progress().configs()).containsEntry("cleanup.policy", "compact");
    SourceSettings source = settings.source();
    assertThat(source.exactlyOnce()).isTrue();
    assertThat(source.startsAtEnd()).isFalse();
    assertThat(source.membership())
        .isEqualTo(
            new KafkaClients.Membership(
                "lookaside", GroupProtocol.CONSUMER, Optional.empty(), Optional.empty()));
  }

  @Test
  void membershipOfTheGroupIsRead() {
    assertThat(
            of("source { group = g, group-protocol = Classic, instance = w1 }")
                .source()
                .membership())
        .isEqualTo(
            new KafkaClients.Membership(
                "g", GroupProtocol.CLASSIC, Optional.of("w1"), Optional.empty()));
    assertThat(of("source.delivery = at-least-once").source().exactlyOnce()).isFalse();
    assertThat(of("source.kafka-clients.auto.offset.reset = latest").source().startsAtEnd())
        .isTrue();
  }

  @Test
  void theSourceDecidesItselfWhereItGoesOn() {
    SourceClients clients =
        SourceClients.of(
            of("source.group-protocol = classic\nkafka-clients.auto.offset.reset = latest")
                .with(opened));
    clients.member();
    clients.again();
    assertThat(properties)
        .allSatisfy(
            p ->
                assertThat(p)
                    .containsEntry("auto.offset.reset", "none")
                    .containsEntry("isolation.level", "read_committed")
                    .containsEntry("enable.auto.commit", "false")
                    .containsEntry("max.poll.records", "500"));
    assertThat(properties.get(0))
        .containsEntry("group.id", "lookaside")
        .containsEntry("group.protocol", "CLASSIC");
    assertThat(properties.get(1)).doesNotContainKeys("group.id", "group.protocol");
  }

  @Test
  void kafkaClientSettingsPassThrough() {
    IngestSettings settings =
        of(
            """
            kafka-clients { sasl.mechanism = PLAIN, "ssl.endpoint.identification.algorithm" = "" }
            source.kafka-clients.client.rack = b
            """);
    assertThat(settings.kafkaClients())
        .containsEntry("sasl.mechanism", "PLAIN")
        .containsEntry("ssl.endpoint.identification.algorithm", "");
    assertThat(settings.source().consumerProperties()).containsEntry("client.rack", "b");
    SourceClients.of(settings.with(opened)).member();
    assertThat(properties.get(0))
        .containsEntry("sasl.mechanism", "PLAIN")
        .containsEntry("client.rack", "b");
  }

  @Test
  void defaultContentTypeIsRead() {
    assertThat(of("chunks.default-content-type = \"audio/L16;rate=8000\"").defaultFormat())
        .isEqualTo(new AudioFormat(AudioFormat.Encoding.L16, 8_000, 1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "topics.policy = maybe|lookaside.ingest.topics.policy \"maybe\": must be create or fail",
        "topics.replication-factor = 0|lookaside.ingest.topics.replication-factor \"0\": must be"
            + " -1 or 1 to 100",
        "topics.audio-chunks.partitions = 0|lookaside.ingest.topics.audio-chunks.partitions \"0\":"
            + " must be a whole number from 1 to 10000",
        "topics.audio-chunks.name = \"\"|lookaside.ingest.topics.audio-chunks.name \"\": must not"
            + " be empty",
        "source.credit-bytes = 0|lookaside.ingest.source.credit-bytes \"0\": must be a whole"
            + " number from 1 to 1099511627776",
        "source.group-protocol = raft|lookaside.ingest.source.group-protocol \"raft\": must be"
            + " classic or consumer",
        "source.delivery = maybe|lookaside.ingest.source.delivery \"maybe\": must be at-least-once"
            + " or exactly-once",
        "source.kafka-clients.auto.offset.reset = none|lookaside.ingest.source.kafka-clients"
            + ".\"auto.offset.reset\" \"none\": must be earliest or latest",
        "topics.internal.prefix = \"\"|lookaside.ingest.topics.internal.prefix \"\": must not be"
            + " empty",
        "source.group = \" \"|lookaside.ingest.source.group \" \": must not be empty",
        "chunks.max-payload-bytes = 4294967296|lookaside.ingest.chunks.max-payload-bytes"
            + " \"4294967296\": must be a whole number from 1 to 1073741824",
        "chunks.default-content-type = \"audio/L16;rate=1\"|"
            + "lookaside.ingest.chunks.default-content-type \"audio/L16;rate=1\": rate \"1\": must be 1000 to 1000000 Hz",
        "kafka-clients.bootstrap.servers = \"\"|lookaside.ingest.kafka-clients.bootstrap.servers"
            + " \"\": must be host:port, comma separated",
      })
  void wrongSettingsAreNamed(String line, String message) {
    assertThatThrownBy(() -> of(line)).isInstanceOf(IngestException.class).hasMessage(message);
  }

  static IngestSettings of(String overrides) {
    return IngestSettings.of(
        ConfigFactory.parseString("lookaside.ingest {\n" + overrides + "\n}")
            .withFallback(ConfigFactory.defaultReference())
            .resolve());
  }

  /** The same with another source. */
  static IngestSettings with(IngestSettings settings, SourceSettings source) {
    return new IngestSettings(
        settings.clients(),
        settings.chunkSource(),
        settings.maxPayloadBytes(),
        settings.defaultFormat(),
        settings.topics(),
        source,
        settings.retained());
  }

  /** Settings whose source reads so far ahead, and stops within so long. */
  static IngestSettings of(String overrides, long readAheadBytes, long stopTimeoutMillis) {
    IngestSettings settings = of(overrides);
    SourceSettings s = settings.source();
    return with(
        settings,
        new SourceSettings(
            s.membership(),
            s.exactlyOnce(),
            s.startsAtEnd(),
            s.creditRecords(),
            s.creditBytes(),
            s.maxBytesUnderWay(),
            readAheadBytes,
            s.commitIntervalMillis(),
            s.pollMillis(),
            s.unreachableAfterMillis(),
            s.reportIntervalMillis(),
            stopTimeoutMillis,
            s.consumerProperties()));
  }
}
