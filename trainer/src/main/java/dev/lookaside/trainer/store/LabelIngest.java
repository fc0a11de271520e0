package dev.lookaside.trainer.store;

import dev.lookaside.ingest.DeadLetterWriter;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.retained.RetainedAudio;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Fills a store: labels from {@code audio.labels}, their audio from {@code audio.chunks}, records
 * that are no labels to the dead letters. The offsets are in the store, so any number of deaths
 * does no harm; without a store it begins with the first label. For one thread.
 */
public final class LabelIngest implements AutoCloseable {
  private final ExampleStore store;
  private final TopicReader reader;
  private final String topic;
  private final DeadLetterWriter letters;
  private final EventAudio audio;
  private final LabelCodec codec = new LabelCodec();

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
   * @param letters and {@code audio}: owned
   */
  LabelIngest(
      ExampleStore store,
      KafkaClients clients,
      String topic,
      DeadLetterWriter letters,
      EventAudio audio) {
    this.store = store;
    this.reader = TopicReader.open(clients, "label-ingest", this::position, topic);
    this.topic = topic;
    this.letters = letters;
    this.audio = audio;
  }

  /**
   * Makes or checks the topics and connects.
   *
   * @param store not owned
   * @param channel of audio that has several, as in the live pipeline
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public static LabelIngest open(
      IngestSettings ingest, ExampleStore store, StoreSettings settings, ChannelPolicy channel) {
    Topics.ensureTraining(ingest);
    try (ResourceCloser opened = new ResourceCloser()) {
      DeadLetterWriter letters = opened.add(DeadLetterWriter.open(ingest));
      RetainedAudio audio = opened.add(RetainedAudio.open(ingest, channel));
      LabelIngest made =
          new LabelIngest(
              store,
              ingest.clients(),
              ingest.topics().training().labels().name(),
              letters,
              new EventAudio(store, audio, settings, InstantSource.system()));
      opened.keep();
      return made;
    }
  }

  /** From the offsets of the store; an unread partition from its beginning. */
  private void position(
      Consumer<byte[], byte[]> consumer, Collection<TopicPartition> partitions, Duration limit) {
    Map<Integer, Long> positions = store.positions(topic);
    for (TopicPartition partition : partitions) {
      Long next = positions.get(partition.partition());
      if (next == null) {
        consumer.seekToBeginning(List.of(partition));
      } else {
        consumer.seek(partition, next);
      }
    }
  }

  /**
   * Takes the labels that have come, waiting at most {@code wait} for one, and reads the audio that
   * is due.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers; the next step
   *     goes on where this one stopped
   * @throws dev.lookaside.trainer.TrainerException if the store cannot be written
   */
  public Progress step(Duration wait) {
    int fresh = 0;
    int rejected = 0;
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    reader.poll(wait, records::add);
    if (!records.isEmpty()) {
      List<Label> labels = new ArrayList<>();
      Map<Integer, Long> next = new HashMap<>();
      try {
        for (ConsumerRecord<byte[], byte[]> record : records) {
          LabelCodec.Decoded decoded = codec.decode(record);
          if (decoded instanceof LabelCodec.Read read) {
            labels.add(read.label());
          } else if (decoded instanceof LabelCodec.Rejected bad) {
            letters.write(record, bad.rejection());
            rejected++;
          }
          next.merge(record.partition(), record.offset() + 1, Math::max);
        }
        fresh = store.take(labels, topic, next);
      } catch (RuntimeException e) {
        // What was polled and not taken is polled again.
        reader.restart();
        throw e;
      }
    }
    EventAudio.Outcome outcome = audio.readDue();
    return new Progress(fresh, rejected, outcome.held(), outcome.lost(), outcome.awaited());
  }

  /** True if every label that is on the topic now has been taken. */
  public boolean atEnd() {
    return reader.atEnd();
  }

  @Override
  public void close() {
    audio.close();
    letters.close();
    reader.close();
  }
}
