package dev.lookaside.trainer.label;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.LogConsumer;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.GivenClients;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

class LabelTopicTest {
  private static final String TOPIC = "audio.labels";
  private static final Instant NOON = Instant.parse("2026-03-01T12:00:00Z");

  private final LabelCodec codec = new LabelCodec();

  private static Label label(String label, int second) {
    return Label.add(
        new StreamId("dock"),
        label,
        NOON,
        NOON.plusSeconds(1),
        "ada",
        NOON.plusSeconds(second),
        Optional.empty());
  }

  private static final IngestSettings INGEST = IngestSettings.of(ConfigFactory.load());

  @Test
  void labelsComeOldestFirstAndOnceWhateverElseIsThere() {
    LogConsumer log = new LogConsumer(TOPIC, 2, 3);
    Label older = label("dog", 1);
    Label newer = label("cat", 2);
    log.append(codec.encode(TOPIC, newer), 0, 0);
    log.append(codec.encode(TOPIC, older), 1, 0);
    log.append(codec.encode(TOPIC, older), 1, 0);
    byte[] key = "dock".getBytes(StandardCharsets.UTF_8);
    log.append(new ProducerRecord<>(TOPIC, key, new byte[] {'x'}), 1, 0);
    try (LabelTopic topic = LabelTopic.open(INGEST.with(GivenClients.of(log)))) {
      assertThat(topic.refresh()).isEqualTo(2);
      assertThat(topic.labels()).containsExactly(older, newer);
      assertThat(topic.unreadable())
          .singleElement()
          .asString()
          .startsWith("audio.labels, partition 1, record 2 is no label: value \"x\": must be")
          .doesNotContain("\n");
      Label later = label("cow", 3);
      log.append(codec.encode(TOPIC, later), 0, 0);
      assertThat(topic.refresh()).isEqualTo(1);
      assertThat(topic.labels()).containsExactly(older, newer, later);
      assertThat(topic.refresh()).isZero();
    }
  }
}
