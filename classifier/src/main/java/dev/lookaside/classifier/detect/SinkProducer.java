package dev.lookaside.classifier.detect;

import java.time.Duration;
import java.util.function.Supplier;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** The sink's producer, which may be lost and opened again. One thread only. */
final class SinkProducer {
  private static final String UNRESOLVED = "No resolvable bootstrap";

  private final Supplier<Producer<byte[], byte[]>> open;
  private final Logger log;
  private @Nullable Producer<byte[], byte[]> producer;

  SinkProducer(Supplier<Producer<byte[], byte[]>> open, Logger log) {
    this.open = open;
    this.log = log;
  }

  /** The open producer, null while there is none. */
  @Nullable Producer<byte[], byte[]> get() {
    return producer;
  }

  /**
   * Opens a producer if there is none. A broker's name may not be known yet, as when containers
   * start together: that passes, so it is no fault.
   *
   * @return whether there is one now
   * @throws KafkaException if the settings are wrong
   */
  boolean open() {
    if (producer == null) {
      try {
        producer = open.get();
      } catch (KafkaException e) {
        if (!(e.getCause() instanceof ConfigException cause)
            || !String.valueOf(cause.getMessage()).contains(UNRESOLVED)) {
          throw e;
        }
        log.warn("{}; trying on", cause.getMessage());
      }
    }
    return producer != null;
  }

  /** After a fault that a producer does not survive; what it had under way fails. */
  void lose() {
    if (producer != null) {
      log.warn("producer of detections lost; opening another");
      close();
    }
  }

  void close() {
    Producer<byte[], byte[]> old = producer;
    producer = null;
    if (old != null) {
      old.close(Duration.ZERO);
    }
  }
}
