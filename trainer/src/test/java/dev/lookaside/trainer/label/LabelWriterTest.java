package dev.lookaside.trainer.label;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.GivenClients;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class LabelWriterTest {
  private static final Label LABEL =
      Label.add(
          new StreamId("dock"),
          "cat",
          Instant.ofEpochSecond(1),
          Instant.ofEpochSecond(2),
          "ada",
          Instant.ofEpochSecond(9),
          Optional.empty());

  private static MockProducer<byte[], byte[]> producer(boolean answers) {
    return new MockProducer<>(answers, null, new ByteArraySerializer(), new ByteArraySerializer());
  }

  @Test
  void aWrittenLabelIsOnTheTopic() {
    MockProducer<byte[], byte[]> producer = producer(true);
    try (LabelWriter writer = writer(producer)) {
      assertThat(writer.write(LABEL).topic()).isEqualTo("audio.labels");
    }
    assertThat(producer.history())
        .singleElement()
        .satisfies(r -> assertThat(r.value()).isEqualTo(new LabelCodec().toJson(LABEL)));
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void aLabelThatCannotBeWrittenIsNamed() {
    MockProducer<byte[], byte[]> producer = producer(false);
    producer.sendException = new RecordTooLargeException("too large");
    try (LabelWriter writer = writer(producer)) {
      assertThatThrownBy(() -> writer.write(LABEL))
          .isInstanceOf(BrokerException.class)
          .hasMessageContaining("\"audio.labels\"")
          .hasMessageContaining("label " + LABEL.id() + " not written: too large");
    }
  }

  private static LabelWriter writer(MockProducer<byte[], byte[]> producer) {
    return LabelWriter.open(
        IngestSettings.of(ConfigFactory.load()).with(GivenClients.of(producer)));
  }
}
