package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.KafkaClients.Membership;
import dev.lookaside.ingest.kafka.ResourceCloser;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides who leads a scope: whoever Kafka's group of that scope has assigned the ledger's one
 * partition to. Nothing is read there. Owns a thread and a consumer.
 */
public final class Leadership implements AutoCloseable {
  /** Called on the thread of {@link Leadership}. */
  public interface Listener {
    void leads();

    void lost();
  }

  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final IngestSettings ingest;
  private final Membership membership;
  private final String topic;
  private final Listener listener;
  private final Thread thread;
  private volatile boolean closed;

  private Leadership(IngestSettings ingest, Membership membership, Listener listener) {
    this.ingest = ingest;
    this.membership = membership;
    this.topic = ingest.topics().registry().cutovers().name();
    this.listener = listener;
    this.thread = new Thread(this::run, "trainer-leadership");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Joins the scope's group.
   *
   * @param session after which a trainer without a heartbeat has lost it
   */
  public static Leadership join(
      IngestSettings ingest, Scope scope, Duration session, Listener listener) {
    return new Leadership(ingest, Membership.classic(group(scope), session), listener);
  }

  static String group(Scope scope) {
    return "lookaside-trainer." + scope;
  }

  private void run() {
    boolean there = false;
    while (!closed) {
      // Whoever asks for the partitions of a topic that is made later is assigned them minutes
      // later.
      if (!there) {
        there = made();
        continue;
      }
      try (ResourceCloser opened = new ResourceCloser()) {
        follow(opened.add(ingest.clients().member("trainer", membership)));
      } catch (BrokerException | KafkaException e) {
        LOG.warn("Leadership of {}: {}; retrying", membership.group(), e.getMessage());
        listener.lost();
        pause();
      }
    }
  }

  /** The first process of all makes the topics, and that may be a trainer. */
  private boolean made() {
    try {
      Topics.ensureRegistry(ingest);
      return true;
    } catch (IngestException | BrokerException | KafkaException e) {
      LOG.warn("Leadership of {}: {}; retrying", membership.group(), e.getMessage());
      pause();
      return false;
    }
  }

  private void pause() {
    try {
      Thread.sleep(PAUSE.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void follow(Consumer<byte[], byte[]> consumer) {
    consumer.subscribe(
        List.of(topic),
        new ConsumerRebalanceListener() {
          @Override
          public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            consumer.pause(partitions);
            if (!partitions.isEmpty()) {
              listener.leads();
            }
          }

          @Override
          public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty()) {
              listener.lost();
            }
          }

          @Override
          public void onPartitionsLost(Collection<TopicPartition> partitions) {
            listener.lost();
          }
        });
    while (!closed) {
      consumer.poll(POLL);
    }
  }

  /** Leaves the group, so that another one leads at once. */
  @Override
  public void close() {
    closed = true;
    try {
      thread.join(Duration.ofSeconds(5).toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
