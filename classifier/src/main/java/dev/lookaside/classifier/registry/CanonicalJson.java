package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * JSON of which equal values have equal bytes, so that they can be signed: UTF-8, no blanks, keys
 * sorted by code unit at every level, numbers with the digits they came with.
 */
final class CanonicalJson {
  private static final JsonMapper MAPPER = new JsonMapper();

  private CanonicalJson() {}

  /**
   * Reads JSON.
   *
   * @throws RegistryException if it is none
   */
  static JsonNode parse(byte[] json) {
    try {
      return StrictJson.parseExact(json);
    } catch (NotJsonException e) {
      throw RegistryException.of("value", new String(json, UTF_8), e.getMessage());
    }
  }

  static byte[] bytes(JsonNode node) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = MAPPER.createGenerator(out)) {
      write(json, node);
    } catch (IOException e) {
      throw new UncheckedIOException("a byte array does not fail", e);
    }
    return out.toByteArray();
  }

  /** The same value as reading its bytes gives: numbers in the form that no longer changes. */
  static JsonNode fixed(JsonNode node) {
    return parse(bytes(node));
  }

  private static void write(JsonGenerator json, JsonNode node) throws IOException {
    if (node.isObject()) {
      Map<String, JsonNode> sorted = new TreeMap<>();
      node.properties().forEach(e -> sorted.put(e.getKey(), e.getValue()));
      json.writeStartObject();
      for (Map.Entry<String, JsonNode> e : sorted.entrySet()) {
        json.writeFieldName(e.getKey());
        write(json, e.getValue());
      }
      json.writeEndObject();
    } else if (node.isArray()) {
      json.writeStartArray();
      for (JsonNode item : node) {
        write(json, item);
      }
      json.writeEndArray();
    } else if (node.isBigDecimal()) {
      json.writeNumber(node.decimalValue().toString());
    } else {
      json.writeTree(node);
    }
  }
}
