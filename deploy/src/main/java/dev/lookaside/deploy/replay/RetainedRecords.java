package dev.lookaside.deploy.replay;

import dev.lookaside.deploy.DeployException;
import dev.lookaside.ingest.StreamId;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.utils.Utils;

/** What a topic still holds, read without a group. For one thread. */
final class RetainedRecords implements AutoCloseable {
  private static final Duration ASK = Duration.ofSeconds(5);
  private static final Duration POLL = Duration.ofMillis(200);

  private final KafkaConsumer<byte[], byte[]> consumer;
  private final String topic;
  private final int partitions;

  /**
   * @param clients settings of Kafka clients, at least {@code bootstrap.servers}
   * @throws DeployException if there is no such topic
   * @throws org.apache.kafka.common.errors.TimeoutException if no broker answers
   */
  RetainedRecords(Map<String, ?> clients, String topic) {
    Map<String, Object> config = new HashMap<>(clients);
    config.put("enable.auto.commit", "false");
    config.put("allow.auto.create.topics", "false");
    config.put("auto.offset.reset", "earliest");
    config.put("fetch.max.wait.ms", "50");
    this.topic = topic;
    consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    try {
      partitions = consumer.partitionsFor(topic, ASK).size();
      if (partitions == 0) {
        throw new DeployException("topic \"" + topic + "\": is not there");
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  int partitions() {
    return partitions;
  }

  /** Where a producer that follows Kafka's rule puts the records of a stream. */
  int partitionOf(StreamId stream) {
    byte[] key = stream.value().getBytes(StandardCharsets.UTF_8);
    return Utils.toPositive(Utils.murmur2(key)) % partitions;
  }

  /**
   * Reads a partition in order, up to the end that it has now.
   *
   * @param from records with an earlier timestamp are passed over; {@link Instant#MIN}: none
   * @param more takes a record and says whether to go on
   */
  void read(int partition, Instant from, Predicate<ConsumerRecord<byte[], byte[]>> more) {
    TopicPartition place = new TopicPartition(topic, partition);
    consumer.assign(List.of(place));
    long end = consumer.endOffsets(List.of(place), ASK).getOrDefault(place, 0L);
    seek(place, from, end);
    while (consumer.position(place, ASK) < end) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (record.offset() >= end || !more.test(record)) {
          return;
        }
      }
    }
  }

  private void seek(TopicPartition place, Instant from, long end) {
    if (from.isBefore(Instant.EPOCH)) {
      consumer.seekToBeginning(List.of(place));
      return;
    }
    OffsetAndTimestamp first =
        consumer.offsetsForTimes(Map.of(place, from.toEpochMilli()), ASK).get(place);
    consumer.seek(place, first == null ? end : first.offset());
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
