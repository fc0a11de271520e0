package dev.lookaside.trainer.label;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * All labels that {@code audio.labels} holds, read from its beginning without a group and brought
 * up to date on demand. For one thread.
 */
public final class LabelTopic implements AutoCloseable {
  private static final Comparator<Label> BY_AGE =
      Comparator.comparing(Label::time).thenComparing(Label::id);

  private final TopicReader reader;
  private final String topic;
  private final LabelCodec codec = new LabelCodec();
  private final Set<String> ids = new HashSet<>();
  private final List<Label> labels = new ArrayList<>();

  /** Null: labels are kept here. */
  private final @Nullable Consumer<Label> taker;

  private final List<String> unreadable = new ArrayList<>();

  private LabelTopic(KafkaClients clients, String topic, @Nullable Consumer<Label> taker) {
    this.taker = taker;
    this.reader = TopicReader.open(clients, "labels", Start.BEGINNING, topic);
    this.topic = topic;
  }

  /** Connects at the first {@link #refresh}; the topic must be there. */
  public static LabelTopic open(IngestSettings settings) {
    return new LabelTopic(settings.clients(), settings.topics().training().labels().name(), null);
  }

  /**
   * The same for who keeps labels himself: {@link #refresh} hands each one over as it comes, also
   * one that was written twice, and keeps nothing: {@link #labels} is empty.
   */
  public static LabelTopic follow(IngestSettings settings, Consumer<Label> taker) {
    return new LabelTopic(settings.clients(), settings.topics().training().labels().name(), taker);
  }

  /**
   * Reads what has come since.
   *
   * @return how many labels were new; 0 if they are not kept here
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers; the next call
   *     goes on
   * @throws dev.lookaside.ingest.kafka.BrokerException if the topic is not there
   */
  public int refresh() {
    int before = ids.size();
    reader.readToEnd(this::read);
    return ids.size() - before;
  }

  private void read(ConsumerRecord<byte[], byte[]> record) {
    LabelCodec.Decoded decoded = codec.decode(record);
    if (decoded instanceof LabelCodec.Read found) {
      if (taker != null) {
        taker.accept(found.label());
      } else if (ids.add(found.label().id())) {
        // Written twice, the first counts: as in the store.
        labels.add(found.label());
      }
    } else if (taker == null && decoded instanceof LabelCodec.Rejected bad) {
      unreadable.add(
          "%s, partition %d, record %d is no label: %s"
              .formatted(topic, record.partition(), record.offset(), bad.rejection().describe()));
    }
  }

  /** What was read, each id once, oldest first. */
  public List<Label> labels() {
    return labels.stream().sorted(BY_AGE).toList();
  }

  /** Records that are no labels, a line each, for people. */
  public List<String> unreadable() {
    return List.copyOf(unreadable);
  }

  @Override
  public void close() {
    reader.close();
  }
}
