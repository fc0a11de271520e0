package dev.lookaside.ingest;

import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.KafkaClients.Membership;
import dev.lookaside.ingest.kafka.ResourceCloser;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which of several processes leads: the one to which Kafka has assigned the ledger's one
 * partition in their consumer group. Nothing is read there. Owns a thread and a consumer.
 */
public final class Leadership implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Leadership.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final IngestSettings ingest;
  private final String name;
  private final Membership membership;
  private final String topic;
  private final Consumer<Boolean> leads;
  private final Thread thread;
  private volatile boolean closed;

  private Leadership(
      IngestSettings ingest, String name, Membership membership, Consumer<Boolean> leads) {
    this.ingest = ingest;
    this.name = name;
    this.membership = membership;
    this.topic = ingest.topics().registry().cutovers().name();
    this.leads = leads;
    this.thread = new Thread(this::run, name + "-leadership");
    thread.setDaemon(true);
    thread.start();
  }

  /**
   * Joins a group.
   *
   * @param name of its thread and its client
   * @param group of all processes of which one is to lead
   * @param session after which a member without a heartbeat has lost the leadership
   * @param leads is told whether this process leads, each time that is decided; on a thread of this
   *     object
   */
  public static Leadership join(
      IngestSettings ingest, String name, String group, Duration session, Consumer<Boolean> leads) {
    return new Leadership(ingest, name, Membership.classic(group, session), leads);
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
        follow(opened.add(ingest.clients().member(name, membership)));
      } catch (BrokerException | KafkaException e) {
        LOG.warn("Leadership of {}: {}; retrying", membership.group(), e.getMessage());
        leads.accept(false);
        pause();
      }
    }
  }

  /** The first process of all makes the topics, and that may be this one. */
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

  private void follow(org.apache.kafka.clients.consumer.Consumer<byte[], byte[]> consumer) {
    consumer.subscribe(
        List.of(topic),
        new ConsumerRebalanceListener() {
          @Override
          public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            consumer.pause(partitions);
            if (!partitions.isEmpty()) {
              leads.accept(true);
            }
          }

          @Override
          public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            if (!partitions.isEmpty()) {
              leads.accept(false);
            }
          }

          @Override
          public void onPartitionsLost(Collection<TopicPartition> partitions) {
            leads.accept(false);
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
