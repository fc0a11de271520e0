package dev.lookaside.ingest.kafka;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was opened so far, closed together: at the end of a try block if a later part fails, or by
 * the owner of the whole if all could be opened.
 *
 * <pre>
 *   try (ResourceCloser opened = new ResourceCloser()) {
 *     TopicReader labels = opened.add(TopicReader.open(clients, "labels", Start.BEGINNING, topic));
 *     TopicWriter requests = opened.add(TopicWriter.open(clients, "requests"));
 *     return new Session(labels, requests, opened.keep());
 *   }
 * </pre>
 *
 * <p>For one thread. The last part is closed first. A part that does not close is logged and keeps
 * no other from being closed. Kafka's clients get {@link #CLOSE_TIMEOUT} each.
 */
public final class ResourceCloser implements AutoCloseable {
  /** A client waits no longer for brokers when it is closed. */
  public static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(ResourceCloser.class);

  private final Deque<AutoCloseable> parts;

  public ResourceCloser() {
    this(new ArrayDeque<>());
  }

  private ResourceCloser(Deque<AutoCloseable> parts) {
    this.parts = parts;
  }

  /** Takes a part over, and returns it. */
  public <T extends AutoCloseable> T add(T part) {
    parts.push(part);
    return part;
  }

  /**
   * Everything is open: nothing is closed here any more, but by {@code close} of what this returns.
   */
  public ResourceCloser keep() {
    ResourceCloser kept = new ResourceCloser(new ArrayDeque<>(parts));
    parts.clear();
    return kept;
  }

  @Override
  public void close() {
    while (!parts.isEmpty()) {
      AutoCloseable part = parts.pop();
      try {
        close(part);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        LOG.warn("Closing {}: {}", part.getClass().getSimpleName(), e.toString());
      }
    }
  }

  private static void close(AutoCloseable part) throws Exception {
    if (part instanceof Consumer<?, ?> consumer) {
      consumer.close(CloseOptions.timeout(CLOSE_TIMEOUT));
    } else if (part instanceof Producer<?, ?> producer) {
      producer.close(CLOSE_TIMEOUT);
    } else if (part instanceof Admin admin) {
      admin.close(CLOSE_TIMEOUT);
    } else {
      part.close();
    }
  }
}
