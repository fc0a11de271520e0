package dev.lookaside.trainer.label;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rejection;
import dev.lookaside.ingest.Rejection.Reason;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.StreamId;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** Strict reading of label records; every rejection names the field and its value. */
final class LabelReader {
  static final String ID = "ce_id";
  static final String TYPE = "ce_type";

  /** A label is some hundred bytes; a note may be long. */
  private static final int MAX_VALUE_BYTES = 64 * 1024;

  LabelCodec.Decoded read(ConsumerRecord<byte[], byte[]> record) {
    try {
      checkType(record);
      StreamId key = key(record.key());
      JsonNode root = object(record.value());
      Label label = label(root, header(record, ID));
      if (!label.stream().equals(key)) {
        throw new LabelException("stream", label.stream().value(), "must equal the key " + key);
      }
      return new LabelCodec.Read(label);
    } catch (LabelException e) {
      return rejected(Reason.BAD_VALUE, e.field(), e.value(), e.rule());
    } catch (IngestException e) {
      Rejection rejection = e.rejection();
      return rejection == null
          ? rejected(Reason.BAD_VALUE, "value", "", String.valueOf(e.getMessage()))
          : new LabelCodec.Rejected(rejection);
    }
  }

  private static LabelCodec.Rejected rejected(
      Reason reason, String field, String value, String message) {
    return new LabelCodec.Rejected(new Rejection(reason, field, value, message));
  }

  private static void checkType(ConsumerRecord<byte[], byte[]> record) {
    String type = header(record, TYPE);
    if (type != null && !type.equals(LabelCodec.TYPE)) {
      throw bad(Reason.WRONG_TYPE, TYPE, type, "must be " + LabelCodec.TYPE);
    }
  }

  private static @Nullable String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    if (header == null) {
      return null;
    }
    byte[] value = header.value();
    return value == null ? null : utf8(Reason.BAD_HEADER, name, value);
  }

  private static StreamId key(byte @Nullable [] key) {
    if (key == null) {
      throw bad(Reason.BAD_KEY, "key", "", "is missing, must be the stream id");
    }
    return new StreamId(utf8(Reason.BAD_KEY, "key", key));
  }

  private static String utf8(Reason reason, String field, byte[] bytes) {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw bad(reason, field, new String(bytes, UTF_8), "must be UTF-8");
    }
  }

  private static JsonNode object(byte @Nullable [] value) {
    if (value == null || value.length == 0) {
      throw bad(Reason.EMPTY, "value", "", "must be a JSON object");
    }
    if (value.length > MAX_VALUE_BYTES) {
      throw bad(
          Reason.TOO_LARGE,
          "value bytes",
          Integer.toString(value.length),
          "must be at most " + MAX_VALUE_BYTES);
    }
    JsonNode root;
    try {
      root = StrictJson.parse(value);
    } catch (NotJsonException e) {
      throw new LabelException("value", new String(value, UTF_8), "must be a JSON object");
    }
    if (!root.isObject()) {
      throw new LabelException("value", new String(value, UTF_8), "must be a JSON object");
    }
    return root;
  }

  private static Label label(JsonNode root, @Nullable String id) {
    LabelKind kind = kind(text(root, "kind"));
    StreamId stream = stream(text(root, "stream"));
    String label = text(root, "label");
    Instant onset = time(root, "onset");
    Instant offset = time(root, "offset");
    String author = text(root, "author");
    Instant time = time(root, "time");
    return new Label(
        id == null ? Label.idOf(kind, stream, label, onset, offset, author, time) : id,
        kind,
        stream,
        label,
        optional(root, "detected"),
        optional(root, "detection"),
        optional(root, "adapter"),
        onset,
        offset,
        author,
        time,
        optional(root, "note"));
  }

  private static LabelKind kind(String word) {
    for (LabelKind kind : LabelKind.values()) {
      if (kind.word().equals(word)) {
        return kind;
      }
    }
    String all =
        Arrays.stream(LabelKind.values()).map(LabelKind::word).collect(Collectors.joining(", "));
    throw new LabelException("kind", word, "must be one of " + all);
  }

  private static StreamId stream(String text) {
    try {
      return new StreamId(text);
    } catch (IngestException e) {
      throw new LabelException(
          "stream",
          text,
          "must be a stream id of 1 to %d characters".formatted(StreamId.MAX_CHARS));
    }
  }

  private static String text(JsonNode root, String field) {
    return optional(root, field)
        .orElseThrow(() -> new LabelException(field, "", "is missing, must be text"));
  }

  private static Optional<String> optional(JsonNode root, String field) {
    JsonNode node = root.get(field);
    if (node == null || node.isNull()) {
      return Optional.empty();
    }
    if (!node.isTextual()) {
      throw new LabelException(field, node.toString(), "must be text");
    }
    return Optional.of(node.textValue());
  }

  private static Instant time(JsonNode root, String field) {
    String text = text(root, field);
    return Rfc3339.parse(text)
        .orElseThrow(() -> new LabelException(field, text, "must be an RFC 3339 time"));
  }

  private static IngestException bad(Reason reason, String field, String value, String message) {
    return new IngestException(new Rejection(reason, field, value, message));
  }
}
