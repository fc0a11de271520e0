package dev.lookaside.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.ingest.KafkaSource.Arrived;
import dev.lookaside.ingest.KafkaSource.Failed;
import dev.lookaside.ingest.KafkaSource.Refused;
import dev.lookaside.ingest.KafkaSource.Reject;
import dev.lookaside.ingest.KafkaSource.Settled;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;

/** What the source does with records that cannot be used. */
class KafkaSourceLettersTest {
  private static final StreamId YARD = new StreamId("yard");

  @Test
  void poisonGoesToDeadLettersAndHoldsItsOffsetUntilDurable() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.addPoison(0, 0, "yard", 5);
    source.add(0, 1, "yard", 4);
    source.poll();
    Refused refused = source.events(Refused.class).findFirst().orElseThrow();
    assertThat(refused.stream()).isEqualTo(YARD);
    assertThat(refused.sequence()).isZero();
    assertThat(source.arrivedOffsets()).containsExactly(1L);

    ProducerRecord<byte[], byte[]> letter = source.producer.history().get(0);
    assertThat(letter.topic()).isEqualTo("audio.dead-letters");
    assertThat(letter.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(letter.value()).hasSize(5);
    assertThat(headers(letter))
        .containsEntry("content-type", "video/mp4")
        .containsEntry("lookaside-reason", "bad-content-type")
        .containsEntry("lookaside-field", "content-type")
        .containsEntry("lookaside-value", "video/mp4")
        .containsEntry("lookaside-topic", "audio.chunks")
        .containsEntry("lookaside-partition", "0")
        .containsEntry("lookaside-offset", "0")
        .containsEntry("lookaside-timestamp", "1700000000000")
        .containsKey("lookaside-message")
        .doesNotContainKey("lookaside-value-bytes");

    source.tell(new Settled(source.tenure(0), YARD, 2));
    source.tick(1_000);
    assertThat(source.committed(0)).contains(0L);
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(2L);
  }

  @Test
  void rejectedDownstreamIsOneDeadLetterHoweverOftenSaid() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.add(0, 0, "yard", 4);
    source.poll();
    Arrived arrived = source.events(Arrived.class).findFirst().orElseThrow();
    Rejection rejection =
        new Rejection(Rejection.Reason.BAD_SAMPLE, "sample 3", "NaN", "must be finite");
    source.tell(new Reject(arrived.assignment(), arrived.record(), rejection));
    source.tell(new Reject(arrived.assignment(), arrived.record(), rejection));
    source.tell(new Settled(arrived.assignment(), YARD, 1));
    assertThat(source.producer.history()).hasSize(1);
    source.tick(1_000);
    assertThat(source.committed(0)).contains(0L);
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(1L);
  }

  @Test
  void lettersThatFailForNowAreSentAgain() {
    SourceHarness source = SourceHarness.assigned("", 0);
    for (int i = 0; i < 3; i++) {
      source.addPoison(0, i, "yard", 5);
    }
    source.poll();
    for (int i = 0; i < 3; i++) {
      source.producer.errorNext(new TimeoutException("away"));
    }
    source.settle();
    source.tick(1_000);
    assertThat(source.producer.history()).as("one is tried").hasSize(4);
    source.producer.completeNext();
    source.settle();
    assertThat(source.producer.history()).as("then the others").hasSize(6);
    source.producer.completeNext();
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(3L);
  }

  @Test
  void letterTooLargeForTheBrokerIsSentWithoutItsValue() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.addPoison(0, 0, "yard", 5_000);
    source.poll();
    source.producer.errorNext(new RecordTooLargeException("5000"));
    source.settle();
    ProducerRecord<byte[], byte[]> bare = source.producer.history().get(1);
    assertThat(bare.value()).isNull();
    assertThat(bare.key()).isEqualTo("yard".getBytes(UTF_8));
    assertThat(headers(bare))
        .containsEntry("lookaside-value-bytes", "5000")
        .containsEntry("lookaside-reason", "bad-content-type")
        .doesNotContainKey("content-type");
    source.producer.completeNext();
    source.settle();
    source.tick(1_000);
    assertThat(source.committed(0)).contains(1L);
  }

  @Test
  void lettersThatCannotBeWrittenStopTheSource() {
    SourceHarness source = SourceHarness.assigned("", 0);
    source.addPoison(0, 0, "yard", 5);
    source.poll();
    source.producer.errorNext(new TopicAuthorizationException("audio.dead-letters"));
    source.settle();
    assertThat(source.events(Failed.class))
        .containsExactly(new Failed("dead letters cannot be written to audio.dead-letters"));
    assertThat(source.kit.isAlive()).isFalse();
    assertThat(source.consumer.closed()).isTrue();
  }

  @Test
  void noMoreLettersThanAllowedAreUnderWay() {
    SourceHarness source = SourceHarness.assigned("source.max-letters = 2", 0, 1);
    for (int i = 0; i < 5; i++) {
      source.addPoison(0, i, "yard", 5);
    }
    source.poll();
    assertThat(source.producer.history()).hasSize(2);
    assertThat(source.paused(0)).isTrue();
    source.producer.completeNext();
    source.settle();
    assertThat(source.producer.history()).hasSize(3);
    for (int i = 0; i < 4; i++) {
      source.producer.completeNext();
      source.settle();
    }
    assertThat(source.producer.history()).hasSize(5);
    assertThat(source.paused(0)).isFalse();
  }

  private static Map<String, String> headers(ProducerRecord<byte[], byte[]> record) {
    Map<String, String> texts = new HashMap<>();
    for (Header header : record.headers()) {
      texts.put(header.key(), new String(header.value(), UTF_8));
    }
    return texts;
  }
}
