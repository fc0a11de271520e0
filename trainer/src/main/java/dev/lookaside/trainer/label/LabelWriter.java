package dev.lookaside.trainer.label;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.TopicWriter;
import org.apache.kafka.clients.producer.RecordMetadata;

/** Writes labels to {@code audio.labels}. Any number of threads; each call blocks. */
public final class LabelWriter implements AutoCloseable {
  private final TopicWriter writer;
  private final String topic;
  private final LabelCodec codec = new LabelCodec();

  /** Connects at the first label; the topic must be there. */
  public static LabelWriter open(IngestSettings settings) {
    return new LabelWriter(
        TopicWriter.open(settings.clients(), "label-writer"),
        settings.topics().training().labels().name());
  }

  /**
   * @param writer owned
   */
  private LabelWriter(TopicWriter writer, String topic) {
    this.writer = writer;
    this.topic = topic;
  }

  /**
   * Writes one label and waits until it is on all replicas. Writing it again does no harm: readers
   * know labels by id.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker takes it in time; it may
   *     be there nevertheless
   * @throws dev.lookaside.ingest.kafka.BrokerException if it can never be written
   */
  public RecordMetadata write(Label label) {
    return writer.write(codec.encode(topic, label), "label " + label.id());
  }

  @Override
  public void close() {
    writer.close();
  }
}
