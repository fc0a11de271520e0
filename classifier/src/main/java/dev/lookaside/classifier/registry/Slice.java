package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.lookaside.classifier.weights.Safetensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * A part of an adapter file as it is on {@code lookaside.adapters}, small enough for any broker's
 * default message size.
 *
 * <pre>
 *   key       &lt;sha256 of the whole file&gt;/&lt;part&gt;, ASCII; parts count from 0
 *   headers   lookaside-parts   number of parts        the same on every part, so that parts may
 *             lookaside-bytes   bytes of the file      come in any order
 *   value     at most 512 KiB of the file; null (a tombstone) takes the part away
 * </pre>
 *
 * @param digest sha256 of the file, hexadecimal
 * @param part from 0 on
 * @param parts of the file
 * @param totalBytes of the file
 * @param bytes this part's; null for a tombstone, whose other numbers are 0
 */
@SuppressWarnings("ArrayRecordComponent") // The record's own value, handed on and never written.
public record Slice(String digest, int part, int parts, long totalBytes, byte @Nullable [] bytes) {
  /** Bytes of a slice at most. */
  public static final int MAX_BYTES = 512 * 1024;

  private static final Pattern KEY = Pattern.compile("([0-9a-f]{64})/(\\d{1,6})");
  private static final String PARTS = "lookaside-parts";
  private static final String BYTES = "lookaside-bytes";

  public Slice {
    if (bytes != null) {
      if (parts < 1 || part < 0 || part >= parts) {
        throw RegistryException.of("part", part, "must be below the number of parts, " + parts);
      }
      if (bytes.length == 0 || bytes.length > MAX_BYTES || totalBytes < bytes.length) {
        throw RegistryException.of(
            "value", bytes.length + " bytes", "must be 1 to %d bytes".formatted(MAX_BYTES));
      }
    }
  }

  /** Cuts a file; the slices share no memory with it. */
  public static List<Slice> cut(byte[] file) {
    if (file.length == 0) {
      throw RegistryException.of("adapter", "0 bytes", "must not be empty");
    }
    String digest = Safetensors.sha256(file);
    int parts = (file.length + MAX_BYTES - 1) / MAX_BYTES;
    List<Slice> slices = new ArrayList<>(parts);
    for (int part = 0; part < parts; part++) {
      int from = part * MAX_BYTES;
      byte[] bytes = Arrays.copyOfRange(file, from, Math.min(file.length, from + MAX_BYTES));
      slices.add(new Slice(digest, part, parts, file.length, bytes));
    }
    return slices;
  }

  /** What takes a part away. */
  public static Slice tombstone(String digest, int part) {
    return new Slice(digest, part, 0, 0, null);
  }

  public boolean isTombstone() {
    return bytes == null;
  }

  /** The record to send. */
  public ProducerRecord<byte[], byte[]> record(String topic) {
    byte[] key = (digest + "/" + part).getBytes(US_ASCII);
    ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, key, bytes);
    if (bytes != null) {
      record.headers().add(PARTS, Integer.toString(parts).getBytes(US_ASCII));
      record.headers().add(BYTES, Long.toString(totalBytes).getBytes(US_ASCII));
    }
    return record;
  }

  /**
   * Reads a record.
   *
   * @throws RegistryException naming key or header and its value
   */
  public static Slice of(ConsumerRecord<byte[], byte[]> record) {
    String key = record.key() == null ? "" : new String(record.key(), US_ASCII);
    Matcher m = KEY.matcher(key);
    if (!m.matches()) {
      throw RegistryException.of("key", key, "must be a sha256, a slash and a part");
    }
    int part = Integer.parseInt(m.group(2));
    byte[] value = record.value();
    return value == null
        ? tombstone(m.group(1), part)
        : new Slice(
            m.group(1),
            part,
            Math.toIntExact(Math.min(Integer.MAX_VALUE, header(record, PARTS))),
            header(record, BYTES),
            value);
  }

  private static long header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    String text =
        header == null || header.value() == null ? "" : new String(header.value(), US_ASCII);
    if (!text.matches("\\d{1,18}")) {
      throw RegistryException.of(name, text, "must be a number");
    }
    return Long.parseLong(text);
  }
}
