package dev.lookaside.ingest.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TopicWriterTest {
  private static final ProducerRecord<byte[], byte[]> RECORD =
      new ProducerRecord<>("audio.labels", new byte[] {1}, new byte[] {2});

  private MockProducer<byte[], byte[]> producer =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());

  private TopicWriter writer() {
    KafkaClients clients = GivenClients.of(producer).withTimeout(Duration.ofMillis(200));
    return TopicWriter.open(clients, "labels");
  }

  @Test
  void writesInOrder() {
    try (TopicWriter writer = writer()) {
      assertThat(writer.write(RECORD, "label 1").offset()).isZero();
      assertThat(writer.write(List.of(RECORD, RECORD), r -> "label")).hasSize(2);
      assertThat(producer.history()).hasSize(3);
    }
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void anUnansweredWriteEndsAtTheDeadline() {
    producer =
        new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
    assertThatThrownBy(() -> writer().write(RECORD, "label 4711"))
        .isInstanceOf(UnreachableException.class)
        .hasMessage(
            "topic \"audio.labels\" at k1:9092: label 4711: no broker took it within 200 ms");
  }

  @Test
  void topicAndValueOfAFailedWriteAreNamed() {
    producer.sendException = new TimeoutException("Topic not present in metadata");
    assertThatThrownBy(() -> writer().write(RECORD, "label 4711"))
        .isInstanceOf(UnreachableException.class)
        .hasMessageStartingWith(
            "topic \"audio.labels\" at k1:9092: label 4711: no broker took it within 200 ms");
    producer.sendException = new RecordTooLargeException("2 MB");
    assertThatThrownBy(() -> writer().write(RECORD, "label 4711"))
        .isExactlyInstanceOf(BrokerException.class)
        .hasMessage("topic \"audio.labels\" at k1:9092: label 4711 not written: 2 MB");
  }
}
