package dev.lookaside.deploy.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * A producer of {@link SimulatedBroker}, with transactions or without. Every call may take a while,
 * in which everybody else goes on, and may be the last that its process does.
 */
final class SimulatedProducer extends MockProducer<byte[], byte[]> {
  private final SimulatedBroker broker;
  private final SimulatedProcess process;
  private final String id;
  private final long timeoutNanos;
  private final List<ProducerRecord<byte[], byte[]>> unsent = new ArrayList<>();
  private final List<CompletableFuture<RecordMetadata>> futures = new ArrayList<>();
  private int epoch;
  private boolean commitDone;
  private boolean lateSending;

  /**
   * @param id of its transactions; empty: it has none
   */
  SimulatedProducer(
      SimulatedBroker broker, SimulatedProcess process, String id, long timeoutNanos) {
    this.broker = broker;
    this.process = process;
    this.id = id;
    this.timeoutNanos = timeoutNanos;
  }

  @Override
  public void initTransactions() {
    step("initialise");
    epoch = broker.initialise(id);
  }

  @Override
  public void beginTransaction() {
    process.checkAlive();
    commitDone = false;
    unsent.clear();
    // Records are sent in the background: they may reach the log before the offsets or after.
    lateSending = process.world().draw(2) == 0;
  }

  @Override
  public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record) {
    process.checkAlive();
    CompletableFuture<RecordMetadata> future = new CompletableFuture<>();
    unsent.add(record);
    futures.add(future);
    return future;
  }

  @Override
  public synchronized void flush() {
    boolean some = false;
    try {
      step("flush");
    } catch (TimeoutException e) {
      // Not known which: a few are written all the same.
      List<ProducerRecord<byte[], byte[]>> few =
          List.copyOf(unsent.subList(0, process.world().draw(unsent.size() + 1)));
      if (!few.isEmpty()) {
        broker.writePlain(few);
      }
      futures.forEach(f -> f.completeExceptionally(e));
      some = true;
    }
    if (!some) {
      broker.writePlain(List.copyOf(unsent));
      futures.forEach(f -> f.complete(null));
    }
    unsent.clear();
    futures.clear();
  }

  @Override
  public void sendOffsetsToTransaction(
      Map<TopicPartition, OffsetAndMetadata> offsets, ConsumerGroupMetadata group) {
    if (!lateSending) {
      append();
    }
    step("offsets");
    Map<Integer, Long> at = new TreeMap<>();
    offsets.forEach((p, o) -> at.put(p.partition(), o.offset()));
    broker.addOffsets(broker.open(id, epoch, timeoutNanos), at, group);
  }

  private void append() {
    for (ProducerRecord<byte[], byte[]> record : unsent) {
      broker.append(broker.open(id, epoch, timeoutNanos), record);
    }
    unsent.clear();
  }

  @Override
  public void commitTransaction() {
    if (!commitDone) {
      step("records");
      append();
      // The answer may be lost; the commit is not.
      boolean answerLost = process.takeFault("answer");
      step("commit");
      broker.commit(id, epoch);
      commitDone = true;
      if (answerLost) {
        throw new TimeoutException("simulated: no answer to a commit");
      }
    } else if (!process.reachable()) {
      process.world().waitFor(process, 300_000_000L);
      process.checkAlive();
      throw new TimeoutException("simulated: no answer to a commit");
    }
  }

  @Override
  public void abortTransaction() {
    step("abort");
    unsent.clear();
    broker.abort(id, epoch);
  }

  /** A call to the brokers, which may take a while. */
  private void step(String what) {
    process.checkAlive();
    process.world().yield(process);
    process.checkAlive();
    if (process.takeFault("timeout") || !process.reachable()) {
      process.world().waitFor(process, 300_000_000L);
      process.checkAlive();
      throw new TimeoutException("simulated: no answer, " + what);
    }
    if (process.takeFault("abortable")) {
      throw new KafkaException("simulated: must be aborted, " + what);
    }
    if (process.takeFault("fenced")) {
      throw new ProducerFencedException("simulated: fenced, " + what);
    }
  }

  @Override
  public void close(Duration timeout) {
    if (!id.isEmpty() && process.reachable() && !process.dead()) {
      try {
        broker.abort(id, epoch);
      } catch (ProducerFencedException e) {
        return; // Somebody else has aborted it.
      }
    }
  }
}
