package dev.lookaside.ingest;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * The wire format of {@code audio.dead-letters}.
 *
 * <pre>
 *   key      as it was
 *   headers  as they were, then
 *            lookaside-reason       code of {@link Rejection.Reason}: bad-header
 *            lookaside-field        ce_sequence
 *            lookaside-value        -3
 *            lookaside-message      must be 0 or more
 *            lookaside-topic        where the record lies
 *            lookaside-partition
 *            lookaside-offset
 *            lookaside-timestamp    its timestamp, milliseconds
 *            lookaside-value-bytes  only if the broker takes no letter so large: its value's length
 *   value    as it was; null if too large, then without the former headers too
 * </pre>
 */
public final class DeadLetters {
  /** A key is at most this long in a letter whose record was too large. */
  private static final int MAX_BARE_KEY_BYTES = 1_024;

  private DeadLetters() {}

  /**
   * The letter of a rejected record.
   *
   * @param bare true to leave out what may be too large
   */
  public static ProducerRecord<byte[], byte[]> written(
      String topic, ConsumerRecord<byte[], byte[]> record, Rejection rejection, boolean bare) {
    ChunkHeaders.Writer headers = new ChunkHeaders.Writer();
    byte[] key = record.key();
    if (bare) {
      key = key != null && key.length <= MAX_BARE_KEY_BYTES ? key : null;
    } else {
      record.headers().forEach(headers.headers()::add);
    }
    headers.add("lookaside-reason", rejection.reason().code());
    headers.add("lookaside-field", rejection.field());
    headers.add("lookaside-value", rejection.value());
    headers.add("lookaside-message", rejection.message());
    headers.add("lookaside-topic", record.topic());
    headers.add("lookaside-partition", Integer.toString(record.partition()));
    headers.add("lookaside-offset", Long.toString(record.offset()));
    headers.add("lookaside-timestamp", Long.toString(record.timestamp()));
    if (bare) {
      headers.add(
          "lookaside-value-bytes",
          Long.toString(record.value() == null ? 0 : record.value().length));
    }
    byte[] value = bare ? null : record.value();
    return new ProducerRecord<>(topic, null, null, key, value, headers.headers());
  }
}
