package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IngestSettingsTest {
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
    assertThat(settings.source().consumerProperties())
        .containsEntry("auto.offset.reset", "earliest")
        .containsEntry("allow.auto.create.topics", "false")
        .containsEntry("bootstrap.servers", "localhost:9092");
    assertThat(settings.source().letterProperties()).containsEntry("acks", "all");
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
    assertThat(settings.source().consumerProperties())
        .containsEntry("sasl.mechanism", "PLAIN")
        .containsEntry("client.rack", "b");
    assertThat(settings.source().letterProperties()).containsEntry("sasl.mechanism", "PLAIN");
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
            + " must be 1 to 10000",
        "topics.audio-chunks.name = \"\"|lookaside.ingest.topics.audio-chunks.name \"\": must not"
            + " be empty",
        "source.credit-bytes = 0|lookaside.ingest.source.credit-bytes \"0\": must be 1 to"
            + " 1099511627776",
        "source.group = \" \"|lookaside.ingest.source.group \" \": must not be empty",
        "chunks.max-payload-bytes = 4294967296|lookaside.ingest.chunks.max-payload-bytes"
            + " \"4294967296\": must be 1 to 1073741824",
        "chunks.default-content-type = \"audio/L16;rate=1\"|"
            + "lookaside.ingest.chunks.default-content-type: rate \"1\": must be 1000 to 1000000 Hz",
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
}
