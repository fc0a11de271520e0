package dev.lookaside.classifier.detect;

import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.TransactionWriter;
import dev.lookaside.ingest.kafka.TransactionWriter.NotWrittenException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** {@link DetectionSink.Results} on Kafka, one class for each kind of delivery. */
final class KafkaResults {
  /** Of this process: its next pipeline fences the one before. */
  private static final String PROCESS = UUID.randomUUID().toString();

  /**
   * The brokers abort the transaction of a process that died after this. Until then whoever reads
   * committed records waits.
   */
  private static final Map<String, String> DEFAULTS =
      Map.of("transaction.timeout.ms", "10000", "linger.ms", "0");

  private KafkaResults() {}

  static DetectionSink.Results open(SinkSettings settings) {
    return settings.exactlyOnce() ? new ExactlyOnce(settings) : new AtLeastOnce(settings);
  }

  private static final class ExactlyOnce implements DetectionSink.Results {
    private final TransactionWriter writer;

    ExactlyOnce(SinkSettings settings) {
      writer =
          TransactionWriter.open(
              settings.clients().withDefaults(DEFAULTS),
              "results",
              settings.group() + "-" + settings.instance().orElse(PROCESS));
    }

    @Override
    public void write(
        List<ProducerRecord<byte[], byte[]>> records,
        Map<TopicPartition, OffsetAndMetadata> offsets,
        SinkCore.Batch batch)
        throws NotWrittenException {
      if (batch.group() != null) {
        writer.write(records, offsets, batch.group());
      }
    }

    @Override
    public void close() {
      writer.close();
    }
  }

  /** The source commits offsets by itself, up to what is reported settled. */
  private static final class AtLeastOnce implements DetectionSink.Results {
    private final Producer<byte[], byte[]> producer;
    private final String servers;

    AtLeastOnce(SinkSettings settings) {
      producer = settings.clients().withDefaults(DEFAULTS).producer("results");
      servers = settings.clients().servers();
    }

    @Override
    public void write(
        List<ProducerRecord<byte[], byte[]>> records,
        Map<TopicPartition, OffsetAndMetadata> offsets,
        SinkCore.Batch batch)
        throws NotWrittenException {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      try {
        records.forEach(r -> sent.add(producer.send(r)));
        producer.flush();
        for (Future<RecordMetadata> one : sent) {
          one.get();
        }
      } catch (ExecutionException e) {
        throw TransactionWriter.notWritten(servers, e.getCause() == null ? e : e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new BrokerException("interrupted while writing to " + servers, e);
      } catch (KafkaException e) {
        throw TransactionWriter.notWritten(servers, e);
      }
    }

    @Override
    public void close() {
      producer.close(dev.lookaside.ingest.kafka.ResourceCloser.CLOSE_TIMEOUT);
    }
  }
}
