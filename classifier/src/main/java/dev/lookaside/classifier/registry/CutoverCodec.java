package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.registry.SignedCutover.Seal;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Ledger records as they are on {@code lookaside.cutovers}. The value is canonical JSON: UTF-8, no
 * blanks, keys sorted, so that it can be signed as it is.
 *
 * <pre>
 *   key      &lt;scope&gt;@&lt;number&gt;, UTF-8
 *   value    { "adapter": sha256,                       not for a release
 *              "author": text,
 *              "backbone": sha256,                      optional
 *              "effectiveFrom": time,                   not for an announcement
 *              "features": fingerprint,                 optional
 *              "format": "lookaside-cutover/1",
 *              "gate": JSON,                            optional
 *              "golden": { "logits": Base64 of float32, little-endian, "seed": n },   optional
 *              "number": n, "previous": sha256,         previous optional
 *              "reason": text, "scope": "*" | "tenant:NAME" | "stream:ID",
 *              "signature": { "ed25519": Base64 of 64 bytes, "key": 16 hexadecimal digits },
 *              "written": time }
 * </pre>
 *
 * <p>Signed are the bytes of the value without its field {@code signature}, in the same canonical
 * form; fields that a reader does not know are signed, too.
 */
public final class CutoverCodec {
  static final String FORMAT = "lookaside-cutover/1";
  private static final String SIGNATURE = "signature";

  private CutoverCodec() {}

  /** The record to send, signed with {@code key}, or unsigned. */
  public static ProducerRecord<byte[], byte[]> encode(
      String topic, Cutover cutover, @Nullable SigningKey key) {
    return new ProducerRecord<>(topic, cutover.id().getBytes(UTF_8), toJson(cutover, key));
  }

  /** The value of a record. */
  public static byte[] toJson(Cutover cutover, @Nullable SigningKey key) {
    ObjectNode json = tree(cutover);
    if (key != null) {
      byte[] signature = key.sign(CanonicalJson.bytes(json));
      json.putObject(SIGNATURE)
          .put("key", key.id())
          .put("ed25519", Base64.getEncoder().encodeToString(signature));
    }
    return CanonicalJson.bytes(json);
  }

  /**
   * Reads a record; its signature is not checked.
   *
   * @throws RegistryException naming the field and its value
   */
  public static SignedCutover decode(ConsumerRecord<byte[], byte[]> record) {
    byte[] value = record.value();
    if (value == null) {
      throw RegistryException.of("value", "null", "must be a JSON object");
    }
    SignedCutover read = fromJson(value, record.offset());
    String key = record.key() == null ? "" : new String(record.key(), UTF_8);
    if (!key.equals(read.cutover().id())) {
      throw RegistryException.of("key", key, "must be " + read.cutover().id());
    }
    return read;
  }

  /** As {@link #decode}, from the value alone. */
  static SignedCutover fromJson(byte[] value, long offset) {
    JsonNode root = CanonicalJson.parse(value);
    JsonFields f = new JsonFields(root, "");
    if (!f.text("format").equals(FORMAT)) {
      throw RegistryException.of("format", f.text("format"), "must be " + FORMAT);
    }
    Cutover cutover =
        new Cutover(
            Scope.parse(f.text("scope")),
            f.number("number"),
            f.textIfAny("adapter"),
            f.timeIfAny("effectiveFrom"),
            f.text("reason"),
            f.text("author"),
            f.time("written"),
            f.textIfAny("previous"),
            f.textIfAny("backbone"),
            f.textIfAny("features"),
            f.has("golden") ? golden(f.object("golden")) : null,
            f.has("gate") ? f.node("gate") : null);
    Optional<Seal> seal = Optional.empty();
    if (f.has(SIGNATURE)) {
      JsonFields s = f.object(SIGNATURE);
      seal = Optional.of(new Seal(s.text("key"), s.base64("ed25519")));
      ((ObjectNode) root).remove(SIGNATURE);
    }
    return new SignedCutover(cutover, offset, CanonicalJson.bytes(root), seal);
  }

  private static ObjectNode tree(Cutover c) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("format", FORMAT)
        .put("scope", c.scope().toString())
        .put("number", c.number())
        .put("reason", c.reason())
        .put("author", c.author())
        .put("written", c.written().toString());
    putIfAny(json, "adapter", c.adapter());
    putIfAny(json, "effectiveFrom", c.effectiveFrom());
    putIfAny(json, "previous", c.previous());
    putIfAny(json, "backbone", c.backbone());
    putIfAny(json, "features", c.features());
    GoldenLogits golden = c.golden();
    if (golden != null) {
      json.putObject("golden").put("seed", golden.seed()).put("logits", base64(golden.values()));
    }
    JsonNode gate = c.gate();
    if (gate != null) {
      json.set("gate", gate);
    }
    return json;
  }

  private static void putIfAny(ObjectNode json, String field, @Nullable Object value) {
    if (value != null) {
      json.put(field, value.toString());
    }
  }

  private static String base64(List<Float> values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.size() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    values.forEach(bytes::putFloat);
    return Base64.getEncoder().encodeToString(bytes.array());
  }

  private static GoldenLogits golden(JsonFields f) {
    byte[] bytes = f.base64("logits");
    if (bytes.length % Float.BYTES != 0) {
      throw RegistryException.of("golden.logits", bytes.length + " bytes", "must be float32s");
    }
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    List<Float> values = new ArrayList<>();
    while (in.hasRemaining()) {
      values.add(in.getFloat());
    }
    return new GoldenLogits(f.number("seed"), values);
  }
}
