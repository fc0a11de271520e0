package dev.lookaside.deploy.page;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelWriter;
import org.jspecify.annotations.Nullable;

/** Writes labels; the topic and the connection are made for the first one. Thread-safe. */
final class LabelDesk implements AutoCloseable {
  private final IngestSettings settings;
  private @Nullable LabelWriter writer;

  LabelDesk(IngestSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns when the label is on all replicas.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker takes it in time
   */
  void write(Label label) {
    writer().write(label);
  }

  private synchronized LabelWriter writer() {
    LabelWriter open = writer;
    if (open == null) {
      Topics.ensureTraining(settings);
      open = LabelWriter.open(settings);
      writer = open;
    }
    return open;
  }

  @Override
  public synchronized void close() {
    if (writer != null) {
      writer.close();
    }
  }
}
