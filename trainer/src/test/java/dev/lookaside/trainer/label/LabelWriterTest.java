package dev.lookaside.trainer.label;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.trainer.TrainerException;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
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
    try (LabelWriter writer = new LabelWriter(producer, "audio.labels")) {
      assertThat(writer.write(LABEL).topic()).isEqualTo("audio.labels");
    }
    assertThat(producer.history())
        .singleElement()
        .satisfies(r -> assertThat(r.value()).isEqualTo(new LabelCodec().toJson(LABEL)));
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void whetherTryingAgainHelpsIsSaid() {
    assertThatThrownBy(() -> failing(new TimeoutException("no broker")))
        .isInstanceOf(UnreachableException.class)
        .hasMessageContaining("audio.labels: label " + LABEL.id() + " not written: no broker");
    assertThatThrownBy(() -> failing(new RecordTooLargeException("too large")))
        .isInstanceOf(TrainerException.class)
        .hasMessageContaining("not written: too large");
  }

  private static void failing(RuntimeException failure) {
    MockProducer<byte[], byte[]> producer = producer(false);
    Producer<byte[], byte[]> refusing = producer;
    producer.sendException = failure;
    try (LabelWriter writer = new LabelWriter(refusing, "audio.labels")) {
      writer.write(LABEL);
    }
  }

  @Test
  void whatTheBrokerRefusesIsSaid() {
    MockProducer<byte[], byte[]> producer = producer(false);
    try (LabelWriter writer = new LabelWriter(producer, "audio.labels")) {
      CompletableFuture<Throwable> failed =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return new AssertionError("written to " + writer.write(LABEL));
                } catch (RuntimeException e) {
                  return e;
                }
              });
      while (!producer.errorNext(new TimeoutException("not in time"))) {
        Thread.onSpinWait();
      }
      assertThat(failed.join()).isInstanceOf(UnreachableException.class);
    }
  }
}
