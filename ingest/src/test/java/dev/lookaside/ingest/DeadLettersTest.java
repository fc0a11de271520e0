package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.kafka.UnreachableException;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

/** What becomes of a record that cannot be used. */
class DeadLettersTest {
  private static final String LETTERS = "audio.dead-letters";
  private static final Rejection REJECTION =
      new Rejection(
          Rejection.Reason.BAD_CONTENT_TYPE, "content-type", "video/mp4", "must be audio");
  private static final ConsumerRecord<byte[], byte[]> RECORD =
      SourceHarness.record(3, 7, "yard", "video/mp4", new byte[5], 1_700_000_000_000L);

  @Test
  void aLetterHoldsTheRecordAndTheReason() {
    ProducerRecord<byte[], byte[]> letter = DeadLetters.written(LETTERS, RECORD, REJECTION, false);
    assertThat(letter.topic()).isEqualTo(LETTERS);
    assertThat(letter.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(letter.value()).hasSize(5);
    assertThat(headers(letter))
        .containsEntry("content-type", "video/mp4")
        .containsEntry("lookaside-reason", "bad-content-type")
        .containsEntry("lookaside-field", "content-type")
        .containsEntry("lookaside-value", "video/mp4")
        .containsEntry("lookaside-message", "must be audio")
        .containsEntry("lookaside-topic", "audio.chunks")
        .containsEntry("lookaside-partition", "3")
        .containsEntry("lookaside-offset", "7")
        .containsEntry("lookaside-timestamp", "1700000000000")
        .doesNotContainKey("lookaside-value-bytes");
  }

  @Test
  void aBareLetterHasNeitherValueNorHeadersOfTheRecord() {
    ProducerRecord<byte[], byte[]> bare = DeadLetters.written(LETTERS, RECORD, REJECTION, true);
    assertThat(bare.value()).isNull();
    assertThat(bare.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(headers(bare))
        .containsEntry("lookaside-value-bytes", "5")
        .containsEntry("lookaside-reason", "bad-content-type")
        .doesNotContainKey("content-type");
    ConsumerRecord<byte[], byte[]> longKey =
        SourceHarness.record(0, 0, "k".repeat(1_025), "video/mp4", new byte[5], 0);
    assertThat(DeadLetters.written(LETTERS, longKey, REJECTION, true).key()).isNull();
  }

  @Test
  void aLetterTooLargeForTheBrokerIsWrittenBare() {
    MockProducer<byte[], byte[]> producer = producer(new RecordTooLargeException("5"));
    try (DeadLetterWriter writer = new DeadLetterWriter(producer, LETTERS)) {
      writer.write(RECORD, REJECTION);
      assertThat(producer.history()).hasSize(1);
      assertThat(producer.history().get(0).value()).isNull();
    }
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void aLetterThatCannotBeWrittenNowSaysSoAndOneThatNeverCanToo() {
    assertThatThrownBy(
            () ->
                new DeadLetterWriter(producer(new TimeoutException("away")), LETTERS)
                    .write(RECORD, REJECTION))
        .isInstanceOf(UnreachableException.class)
        .hasMessage("dead letters cannot be written to audio.dead-letters now: away");
    assertThatThrownBy(
            () ->
                new DeadLetterWriter(producer(new TopicAuthorizationException(LETTERS)), LETTERS)
                    .write(RECORD, REJECTION))
        .isExactlyInstanceOf(IngestException.class)
        .hasMessage("dead letters cannot be written to audio.dead-letters");
  }

  /** Fails the first record. */
  private static MockProducer<byte[], byte[]> producer(RuntimeException first) {
    return new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer()) {
      private boolean failed;

      @Override
      public synchronized java.util.concurrent.Future<
              org.apache.kafka.clients.producer.RecordMetadata>
          send(ProducerRecord<byte[], byte[]> record) {
        if (!failed) {
          failed = true;
          return java.util.concurrent.CompletableFuture.failedFuture(first);
        }
        return super.send(record);
      }
    };
  }

  private static Map<String, String> headers(ProducerRecord<byte[], byte[]> record) {
    Map<String, String> texts = new HashMap<>();
    for (Header header : record.headers()) {
      texts.put(header.key(), new String(header.value(), UTF_8));
    }
    return texts;
  }
}
