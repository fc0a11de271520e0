package dev.lookaside.ingest.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lookaside.ingest.kafka.TransactionWriter.NotWrittenException;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;

class TransactionWriterTest {
  private static final ProducerRecord<byte[], byte[]> RECORD =
      new ProducerRecord<>("audio.detections", new byte[] {1}, new byte[] {2});
  private static final Map<TopicPartition, OffsetAndMetadata> OFFSETS =
      Map.of(new TopicPartition("audio.chunks", 0), new OffsetAndMetadata(7));
  private static final ConsumerGroupMetadata GROUP = new ConsumerGroupMetadata("lookaside");

  private static final class Transactions extends MockProducer<byte[], byte[]> {
    int timeouts;

    Transactions() {
      super(true, null, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public void commitTransaction() {
      if (timeouts > 0) {
        timeouts--;
        throw new TimeoutException("no answer");
      }
      super.commitTransaction();
    }
  }

  private final Transactions producer = new Transactions();
  private final TransactionWriter writer =
      TransactionWriter.open(GivenClients.of(producer), "results", "w1");

  private void write() throws NotWrittenException {
    writer.write(List.of(RECORD, RECORD), OFFSETS, GROUP);
  }

  @Test
  void recordsAndOffsetsAreOneTransaction() throws NotWrittenException {
    assertThat(producer.transactionInitialized()).as("connects with the first").isFalse();
    write();
    writer.write(List.of(RECORD), Map.of(), GROUP);
    assertThat(producer.commitCount()).isEqualTo(2);
    assertThat(producer.history()).hasSize(3);
    assertThat(producer.consumerGroupOffsetsHistory())
        .containsExactly(Map.of("lookaside", OFFSETS));
    writer.close();
    assertThat(producer.closed()).isTrue();
  }

  @Test
  void whatIsAbortedIsNotWrittenAndMayBeTriedAgain() throws NotWrittenException {
    // A member of a former generation: newer metadata mends it.
    producer.sendOffsetsToTransactionException = new CommitFailedException("stale member epoch");
    NotWrittenException e = catchThrowableOfType(NotWrittenException.class, this::write);
    assertThat(e).hasMessage("transactions at k1:9092: stale member epoch");
    assertThat(e.causedBy(CommitFailedException.class)).isTrue();
    assertThat(e.causedBy(RecordTooLargeException.class)).isFalse();
    assertThat(producer.transactionAborted()).isTrue();
    assertThat(producer.history()).isEmpty();
    producer.sendOffsetsToTransactionException = null;
    write();
    assertThat(producer.history()).hasSize(2);
  }

  @Test
  void aRecordThatIsTooLargeIsTheCauseThatIsNamed() {
    producer.commitTransactionException =
        new KafkaException("in an error state", new RecordTooLargeException("2 MB"));
    NotWrittenException e = catchThrowableOfType(NotWrittenException.class, this::write);
    assertThat(e.causedBy(RecordTooLargeException.class)).isTrue();
    assertThat(e).hasMessage("transactions at k1:9092: 2 MB");
  }

  @Test
  void aWriterThatIsFencedIsOfNoUse() {
    for (KafkaException fault :
        List.of(
            new ProducerFencedException("another one has this id"),
            new FencedInstanceIdException("another one has this name"),
            new TransactionalIdAuthorizationException("not permitted"))) {
      Transactions fenced = new Transactions();
      fenced.commitTransactionException = fault;
      assertThatThrownBy(
              () ->
                  TransactionWriter.open(GivenClients.of(fenced), "results", "w1")
                      .write(List.of(RECORD), OFFSETS, GROUP))
          .isExactlyInstanceOf(BrokerException.class)
          .hasMessage("transactions at k1:9092: this writer cannot go on (%s)", fault.getMessage());
    }
  }

  @Test
  void aCommitWithoutAnAnswerIsWaitedForAndGivenUpInTheEnd() throws NotWrittenException {
    producer.timeouts = 3;
    write();
    assertThat(producer.commitCount()).isEqualTo(1);
    assertThat(producer.transactionAborted()).isFalse();
    producer.timeouts = 100;
    assertThatThrownBy(this::write)
        .isInstanceOf(BrokerException.class)
        .hasMessage(
            "transactions at k1:9092: it is not known whether the last one was committed"
                + " (no answer)");
    assertThat(producer.timeouts).isEqualTo(90);
  }

  @Test
  void aTransactionThatCannotBeAbortedEndsTheWriter() {
    producer.sendOffsetsToTransactionException = new CommitFailedException("stale member epoch");
    producer.abortTransactionException = new TimeoutException("no answer");
    assertThatThrownBy(this::write)
        .isInstanceOf(BrokerException.class)
        .hasMessageContaining("the last one could not be aborted");
  }

  @Test
  void aBeginningWithoutAnAnswerMayBeTriedAgainAnotherFaultNot() throws NotWrittenException {
    producer.initTransactionException = new TimeoutException("no answer");
    assertThatThrownBy(this::write)
        .isInstanceOf(NotWrittenException.class)
        .hasMessage("transactions at k1:9092: no answer");
    producer.initTransactionException = new TransactionalIdAuthorizationException("not permitted");
    assertThatThrownBy(this::write)
        .isInstanceOf(BrokerException.class)
        .hasMessage("transactions at k1:9092: cannot be begun (not permitted)");
    producer.initTransactionException = null;
    write();
    assertThat(producer.commitCount()).isEqualTo(1);
  }
}
