package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.weights.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;

/**
 * {@link Detection} to and from records of {@code audio.detections}. CloudEvents 1.0, Kafka binary
 * mode, JSON value; the same detection always gives the same bytes.
 *
 * <pre>
 *   key      stream id, UTF-8
 *   headers  ce_specversion  1.0
 *            ce_id           &lt;id&gt;.&lt;kind&gt;            CloudEvents wants one id per record
 *            ce_type         dev.lookaside.audio.detection.v1
 *            ce_source       /lookaside/detector
 *            ce_subject      stream id
 *            ce_time         offsetTime, while there is none onsetTime
 *            content-type    application/json
 *   value    { "kind": "started" | "ended" | "retracted" | "gap" | "shed",
 *              "id": 32 hexadecimal digits, the same for all records of one event,
 *              "stream": text, "epoch": time of sample 0,
 *              "label": text                                    not for gap, shed
 *              "onsetSample": n, "offsetSample": n              no offset while it lasts
 *              "onsetTime": time, "offsetTime": time            no offset while it lasts
 *              "rateHz": n,
 *              "peak": 0..1, "mean": 0..1                       not for gap, shed
 *              "adapter": sha256, "backbone": sha256, "features": fingerprint,
 *              "partition": n, "firstRecordOffset": n, "lastRecordOffset": n,
 *              "reason": text }                                 gap, shed, retracted only
 * </pre>
 *
 * <p>A later {@code ended} with the same id replaces an earlier one, {@code retracted} takes it
 * back: {@link #encodeCorrection}. Fields come in this order; absent ones are left out, never null.
 * Times are ISO 8601 in UTC as {@link Instant#toString} writes them, samples and offsets integers,
 * posteriors plain decimals with at most six places. Readers must ignore fields they do not know;
 * new ones go at the end.
 */
public final class DetectionCodec {
  public static final String TYPE = "dev.lookaside.audio.detection.v1";
  public static final String SOURCE = "/lookaside/detector";

  /** {@code ce_source} of records that correct others. */
  public static final String CORRECTION_SOURCE = "/lookaside/replay";

  private static final int CORRECTION_DIGITS = 12;

  private static final String TYPE_HEADER = "ce_type";
  private static final JsonFactory JSON = new JsonFactory();
  private static final int POSTERIOR_DECIMALS = 6;

  private final DetectionReader reader = new DetectionReader();

  /** The record to send; the partition is left to the key. */
  public ProducerRecord<byte[], byte[]> encode(String topic, Detection d) {
    byte[] key = d.stream().value().getBytes(UTF_8);
    ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, key, toJson(d));
    Instant offset = d.extent().offsetTime();
    Instant time = offset == null ? d.extent().onsetTime() : offset;
    header(record, "ce_specversion", "1.0");
    header(record, "ce_id", d.id() + "." + d.kind().word());
    header(record, TYPE_HEADER, TYPE);
    header(record, "ce_source", SOURCE);
    header(record, "ce_subject", d.stream().value());
    header(record, "ce_time", time.toString());
    header(record, "content-type", "application/json");
    return record;
  }

  /**
   * The record of a detection that replaces or retracts one that was written before. Its {@code
   * ce_id} ends with the beginning of the value's sha256 and its {@code ce_source} is {@value
   * #CORRECTION_SOURCE}, so that whoever drops doubles does not take it for the first record; the
   * same correction always has the same id.
   */
  public ProducerRecord<byte[], byte[]> encodeCorrection(String topic, Detection d) {
    ProducerRecord<byte[], byte[]> record = encode(topic, d);
    String digest = Safetensors.sha256(record.value()).substring(0, CORRECTION_DIGITS);
    record.headers().remove("ce_id").remove("ce_source");
    header(record, "ce_id", d.id() + "." + d.kind().word() + "." + digest);
    header(record, "ce_source", CORRECTION_SOURCE);
    return record;
  }

  /**
   * Reads a record.
   *
   * @throws DetectException naming the field and its value if it is no detection of this version
   */
  public Detection decode(ConsumerRecord<byte[], byte[]> record) {
    Header type = record.headers().lastHeader(TYPE_HEADER);
    if (type != null && !TYPE.equals(new String(type.value(), UTF_8))) {
      throw new DetectException(
          "ce_type \"%s\": must be %s".formatted(new String(type.value(), UTF_8), TYPE));
    }
    byte[] value = record.value();
    if (value == null) {
      throw new DetectException("value \"null\": must be a JSON object");
    }
    return fromJson(value);
  }

  /** The value of a record: one line of JSON, UTF-8. */
  public byte[] toJson(Detection d) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
    try (JsonGenerator json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("kind", d.kind().word());
      json.writeStringField("id", d.id());
      json.writeStringField("stream", d.stream().value());
      json.writeStringField("epoch", d.epoch().toString());
      if (d.label() != null) {
        json.writeStringField("label", d.label());
      }
      writeExtent(json, d.extent());
      if (d.label() != null) {
        writePosterior(json, "peak", d.peak());
        writePosterior(json, "mean", d.mean());
      }
      writeOrigin(json, d.origin());
      if (d.reason() != null) {
        json.writeStringField("reason", d.reason());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a byte array does not fail", e);
    }
    return out.toByteArray();
  }

  /**
   * Reads {@link #toJson}'s form; unknown fields are ignored.
   *
   * @throws DetectException naming the field and its value
   */
  public Detection fromJson(byte[] json) {
    JsonNode root = reader.object(json);
    Detection.Kind kind = reader.kind(root);
    Instant offsetTime = root.has("offsetTime") ? reader.time(root, "offsetTime") : null;
    Detection.Extent extent =
        new Detection.Extent(
            reader.number(root, "onsetSample"),
            root.has("offsetSample") ? reader.number(root, "offsetSample") : Detection.Extent.OPEN,
            reader.time(root, "onsetTime"),
            offsetTime,
            reader.smallNumber(root, "rateHz"));
    Detection.Origin origin =
        new Detection.Origin(
            reader.text(root, "adapter"),
            reader.text(root, "backbone"),
            reader.text(root, "features"),
            reader.smallNumber(root, "partition"),
            reader.number(root, "firstRecordOffset"),
            reader.number(root, "lastRecordOffset"));
    boolean event = kind.isEvent();
    return new Detection(
        kind,
        reader.text(root, "id"),
        reader.stream(root),
        reader.time(root, "epoch"),
        event ? reader.text(root, "label") : null,
        extent,
        event ? reader.posterior(root, "peak") : 0,
        event ? reader.posterior(root, "mean") : 0,
        origin,
        root.has("reason") ? reader.text(root, "reason") : null);
  }

  private static void writeExtent(JsonGenerator json, Detection.Extent e) throws IOException {
    json.writeNumberField("onsetSample", e.onsetSample());
    if (!e.open()) {
      json.writeNumberField("offsetSample", e.offsetSample());
    }
    json.writeStringField("onsetTime", e.onsetTime().toString());
    Instant offsetTime = e.offsetTime();
    if (offsetTime != null) {
      json.writeStringField("offsetTime", offsetTime.toString());
    }
    json.writeNumberField("rateHz", e.rateHz());
  }

  private static void writeOrigin(JsonGenerator json, Detection.Origin o) throws IOException {
    json.writeStringField("adapter", o.adapterDigest());
    json.writeStringField("backbone", o.backboneDigest());
    json.writeStringField("features", o.featureFingerprint());
    json.writeNumberField("partition", o.partition());
    json.writeNumberField("firstRecordOffset", o.firstRecordOffset());
    json.writeNumberField("lastRecordOffset", o.lastRecordOffset());
  }

  /** Not Double.toString, whose digits differ between Java versions. */
  private static void writePosterior(JsonGenerator json, String field, double value)
      throws IOException {
    BigDecimal decimal = new BigDecimal(value).setScale(POSTERIOR_DECIMALS, RoundingMode.HALF_EVEN);
    json.writeFieldName(field);
    json.writeNumber(decimal.signum() == 0 ? "0" : decimal.stripTrailingZeros().toPlainString());
  }

  private static void header(ProducerRecord<byte[], byte[]> record, String name, String value) {
    record.headers().add(name, value.getBytes(UTF_8));
  }
}
