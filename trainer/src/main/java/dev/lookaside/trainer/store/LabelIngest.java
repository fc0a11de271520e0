package dev.lookaside.trainer.store;

import dev.lookaside.ingest.DeadLetterWriter;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.UnreachableException;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Fills a store: labels from {@code audio.labels}, their audio from {@code audio.chunks}, records
 * that are no labels to the dead letters. Where it reads on stands in the store, so any number of
 * deaths does no harm; without a store it begins with the first label. For one thread.
 */
public final class LabelIngest implements AutoCloseable {
  private static final Duration ASK = Duration.ofSeconds(5);

  private final ExampleStore store;
  private final Consumer<byte[], byte[]> consumer;
  private final String topic;
  private final DeadLetterWriter letters;
  private final EventAudio audio;
  private final LabelCodec codec = new LabelCodec();
  private final Set<TopicPartition> assigned = new HashSet<>();

  /**
   * What one step did.
   *
   * @param labels new ones
   * @param rejected records that went to the dead letters
   * @param held examples whose audio is now in the store
   * @param lost examples that will never have audio
   * @param awaited examples whose audio is still awaited
   */
  public record Progress(int labels, int rejected, int held, int lost, int awaited) {
    /** True if nothing changed. */
    public boolean idle() {
      return labels + rejected + held + lost == 0;
    }
  }

  /**
   * @param consumer owned; in no group
   */
  LabelIngest(
      ExampleStore store,
      Consumer<byte[], byte[]> consumer,
      String topic,
      DeadLetterWriter letters,
      EventAudio audio) {
    this.store = store;
    this.consumer = consumer;
    this.topic = topic;
    this.letters = letters;
    this.audio = audio;
  }

  /**
   * Makes or checks the topics and connects.
   *
   * @param store not owned
   * @param channel of audio that has several, as in the live pipeline
   * @throws UnreachableException if no broker answers
   */
  public static LabelIngest open(
      IngestSettings ingest, ExampleStore store, StoreSettings settings, ChannelPolicy channel) {
    Topics.ensureTraining(ingest);
    Map<String, Object> properties = new HashMap<>(ingest.kafkaClients());
    properties.put("enable.auto.commit", "false");
    properties.put("allow.auto.create.topics", "false");
    properties.put("auto.offset.reset", "earliest");
    return new LabelIngest(
        store,
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer()),
        ingest.topics().training().labels().name(),
        DeadLetterWriter.open(ingest),
        new EventAudio(
            store, RetainedAudio.open(ingest, channel), settings, InstantSource.system()));
  }

  /**
   * Takes the labels that have come, waiting at most {@code wait} for one, and reads the audio that
   * is due.
   *
   * @throws UnreachableException if no broker answers; the next step goes on where this one stopped
   * @throws dev.lookaside.trainer.TrainerException if the store cannot be written
   */
  public Progress step(Duration wait) {
    assign();
    int fresh = 0;
    int rejected = 0;
    ConsumerRecords<byte[], byte[]> records = consumer.poll(wait);
    if (!records.isEmpty()) {
      List<Label> labels = new ArrayList<>();
      Map<Integer, Long> next = new HashMap<>();
      try {
        for (ConsumerRecord<byte[], byte[]> record : records) {
          if (codec.decode(record) instanceof LabelCodec.Read read) {
            labels.add(read.label());
          } else if (codec.decode(record) instanceof LabelCodec.Rejected bad) {
            letters.write(record, bad.rejection());
            rejected++;
          }
          next.merge(record.partition(), record.offset() + 1, Math::max);
        }
        fresh = store.take(labels, topic, next);
      } catch (RuntimeException e) {
        // What was polled and not taken is polled again.
        assigned.clear();
        throw e;
      }
    }
    EventAudio.Outcome outcome = audio.readDue();
    return new Progress(fresh, rejected, outcome.held(), outcome.lost(), outcome.awaited());
  }

  /** True if every label that is on the topic now has been taken. */
  public boolean atEnd() {
    assign();
    try {
      Map<TopicPartition, Long> ends = consumer.endOffsets(assigned, ASK);
      for (Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
        if (consumer.position(end.getKey(), ASK) < end.getValue()) {
          return false;
        }
      }
      return true;
    } catch (RetriableException e) {
      throw new UnreachableException(topic + ": " + e.getMessage(), e);
    }
  }

  private void assign() {
    if (!assigned.isEmpty()) {
      return;
    }
    List<PartitionInfo> partitions;
    try {
      partitions = consumer.partitionsFor(topic, ASK);
    } catch (RetriableException e) {
      throw new UnreachableException(topic + ": " + e.getMessage(), e);
    }
    if (partitions.isEmpty()) {
      throw new IngestException("topic \"%s\": is not there".formatted(topic));
    }
    partitions.forEach(p -> assigned.add(new TopicPartition(topic, p.partition())));
    consumer.assign(assigned);
    Map<Integer, Long> positions = store.positions(topic);
    for (TopicPartition partition : assigned) {
      Long next = positions.get(partition.partition());
      if (next == null) {
        consumer.seekToBeginning(List.of(partition));
      } else {
        consumer.seek(partition, next);
      }
    }
  }

  @Override
  public void close() {
    audio.close();
    letters.close();
    consumer.close(CloseOptions.timeout(Duration.ofSeconds(1)));
  }
}
