package dev.lookaside.deploy.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/**
 * A Kafka record as bytes that a fuzzer can change and a person can read.
 *
 * <pre>
 *   key LF { name ":" value LF }* LF value
 * </pre>
 */
final class FuzzRecord {
  private FuzzRecord() {}

  static ConsumerRecord<byte[], byte[]> of(byte[] bytes) {
    int at = end(bytes, 0);
    byte[] key = part(bytes, 0, at);
    RecordHeaders headers = new RecordHeaders();
    at++;
    while (at < bytes.length && bytes[at] != '\n') {
      int until = end(bytes, at);
      String line = new String(bytes, at, until - at, ISO_8859_1);
      int colon = line.indexOf(':');
      if (colon >= 0) {
        headers.add(line.substring(0, colon), line.substring(colon + 1).getBytes(ISO_8859_1));
      }
      at = until + 1;
    }
    byte[] value = part(bytes, Math.min(at + 1, bytes.length), bytes.length);
    return new ConsumerRecord<>(
        "fuzz",
        0,
        0,
        1_772_000_000_000L,
        TimestampType.CREATE_TIME,
        key.length,
        value.length,
        key,
        value,
        headers,
        Optional.empty());
  }

  private static int end(byte[] bytes, int from) {
    int at = from;
    while (at < bytes.length && bytes[at] != '\n') {
      at++;
    }
    return at;
  }

  private static byte[] part(byte[] bytes, int from, int until) {
    return java.util.Arrays.copyOfRange(bytes, from, Math.max(from, until));
  }
}
