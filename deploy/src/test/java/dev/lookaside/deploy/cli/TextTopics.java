package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.IngestSettings;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Topics of a broker that tests write to in the place of workers and trainers. */
record TextTopics(IngestSettings ingest) {
  static TextTopics of(EmbeddedKafka kafka) {
    return new TextTopics(
        IngestSettings.of(
            Configuration.over(
                Map.of(
                    "lookaside.ingest.kafka-clients.bootstrap.servers",
                    kafka.bootstrapServers()))));
  }

  /** Returns when it is on the topic. */
  void send(String topic, String key, String... values) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            ingest.kafkaClients(), new StringSerializer(), new StringSerializer())) {
      for (String value : values) {
        producer.send(new ProducerRecord<>(topic, key, value));
      }
    }
  }
}
