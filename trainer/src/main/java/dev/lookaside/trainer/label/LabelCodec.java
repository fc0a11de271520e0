package dev.lookaside.trainer.label;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.ingest.Rejection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * {@link Label} to and from records of {@code audio.labels}. CloudEvents 1.0, Kafka binary mode,
 * JSON value; the same label always gives the same bytes.
 *
 * <pre>
 *   key      stream id, UTF-8
 *   headers  ce_specversion  1.0
 *            ce_id           id of the label
 *            ce_type         dev.lookaside.label.v1
 *            ce_source       /lookaside/labels
 *            ce_subject      stream id
 *            ce_time         time
 *            content-type    application/json
 *   value    { "kind": "confirm" | "reject" | "relabel" | "add" | "retract",
 *              "stream": text, equal to the key,
 *              "label": text             confirm, reject: the detected class; relabel, add: the right one;
 *                                        retract: as in the label, with the same interval and author
 *              "detected": text          relabel only: the class that was detected
 *              "detection": text         id of the event that is judged; not for add and retract
 *              "adapter": sha256         what made the detection; not for add and retract
 *              "onset": time, "offset": time    capture times of the stretch that is judged
 *              "author": text, "time": time,
 *              "note": text }            optional
 * </pre>
 *
 * <p>Fields come in this order; those that do not apply are left out (null is read, too). Times are
 * ISO 8601 in UTC. A label of another writer may come without headers: its id is then {@link
 * Label#idOf} of its fields. Readers ignore fields they do not know; new ones go at the end.
 */
public final class LabelCodec {
  public static final String TYPE = "dev.lookaside.label.v1";
  public static final String SOURCE = "/lookaside/labels";

  private static final JsonFactory JSON = new JsonFactory();
  private static final JsonMapper MAPPER = new JsonMapper();

  private final LabelReader reader = new LabelReader();

  /** What a record turned out to be. */
  public sealed interface Decoded permits Read, Rejected {}

  /** A label. */
  public record Read(Label label) implements Decoded {
    public Read {
      Objects.requireNonNull(label, "label");
    }
  }

  /** No label; for the dead letters. */
  public record Rejected(Rejection rejection) implements Decoded {
    public Rejected {
      Objects.requireNonNull(rejection, "rejection");
    }
  }

  /** The record to send; the partition is left to the key. */
  public ProducerRecord<byte[], byte[]> encode(String topic, Label label) {
    String stream = label.stream().value();
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(topic, stream.getBytes(UTF_8), toJson(label));
    header(record, "ce_specversion", "1.0");
    header(record, LabelReader.ID, label.id());
    header(record, LabelReader.TYPE, TYPE);
    header(record, "ce_source", SOURCE);
    header(record, "ce_subject", stream);
    header(record, "ce_time", label.time().toString());
    header(record, "content-type", "application/json");
    return record;
  }

  /** Reads a record; never throws on what it holds. */
  public Decoded decode(ConsumerRecord<byte[], byte[]> record) {
    return reader.read(record);
  }

  /** The value of a record: one line of JSON, UTF-8. */
  public byte[] toJson(Label label) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(512);
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("kind", label.kind().word());
      json.writeStringField("stream", label.stream().value());
      json.writeStringField("label", label.label());
      optional(json, "detected", label.detected());
      optional(json, "detection", label.detection());
      optional(json, "adapter", label.adapter());
      json.writeStringField("onset", label.onset().toString());
      json.writeStringField("offset", label.offset().toString());
      json.writeStringField("author", label.author());
      json.writeStringField("time", label.time().toString());
      optional(json, "note", label.note());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a byte array does not fail", e);
    }
    return out.toByteArray();
  }

  /** For scripts: {@code id}, then the fields of {@link #toJson}. */
  public ObjectNode toNode(Label label) {
    ObjectNode node = MAPPER.createObjectNode().put("id", label.id());
    try {
      node.setAll((ObjectNode) MAPPER.readTree(toJson(label)));
      return node;
    } catch (IOException e) {
      throw new UncheckedIOException("a label is JSON", e);
    }
  }

  private static void optional(JsonGenerator json, String field, Optional<String> value)
      throws IOException {
    if (value.isPresent()) {
      json.writeStringField(field, value.get());
    }
  }

  private static void header(ProducerRecord<byte[], byte[]> record, String name, String value) {
    record.headers().add(name, value.getBytes(UTF_8));
  }
}
