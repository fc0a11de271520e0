package dev.lookaside.deploy.page;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelWriter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** Writes labels; the topic and the connection are made for the first one. Thread-safe. */
final class LabelDesk implements AutoCloseable {
  /** Labels that are known again when their request is replayed. */
  private static final int REMEMBERED_MAX = 10_000;

  private final IngestSettings settings;
  private final Map<String, CompletableFuture<Label>> underWay = new HashMap<>();
  private final LinkedHashMap<String, Label> written = new LinkedHashMap<>();
  private @Nullable LabelWriter writer;

  LabelDesk(IngestSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns when the label is on all replicas. One whose id has been written before is not written
   * again.
   *
   * @return as it was written, the first time
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker takes it in time
   */
  Label write(Label label) {
    CompletableFuture<Label> mine = new CompletableFuture<>();
    CompletableFuture<Label> others;
    synchronized (this) {
      Label before = written.get(label.id());
      if (before != null) {
        return before;
      }
      others = underWay.putIfAbsent(label.id(), mine);
    }
    return others == null ? write(label, mine) : outcome(others);
  }

  private Label write(Label label, CompletableFuture<Label> outcome) {
    try {
      writer().write(label);
      synchronized (this) {
        written.put(label.id(), label);
        if (written.size() > REMEMBERED_MAX) {
          written.remove(written.keySet().iterator().next());
        }
        underWay.remove(label.id());
      }
      outcome.complete(label);
      return label;
    } catch (RuntimeException e) {
      synchronized (this) {
        underWay.remove(label.id());
      }
      outcome.completeExceptionally(e);
      throw e;
    }
  }

  private static Label outcome(CompletableFuture<Label> others) {
    try {
      return others.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
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
