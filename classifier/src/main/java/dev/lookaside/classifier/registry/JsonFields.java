package dev.lookaside.classifier.registry;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.ingest.Rfc3339;
import java.time.Instant;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/** Strict reading of the fields of one JSON object; every error names field and value. */
final class JsonFields {
  private final JsonNode object;
  private final String prefix;

  JsonFields(JsonNode object, String prefix) {
    if (!object.isObject()) {
      throw RegistryException.of(
          prefix.isEmpty() ? "value" : prefix, object, "must be a JSON object");
    }
    this.object = object;
    this.prefix = prefix;
  }

  boolean has(String field) {
    return object.has(field);
  }

  JsonNode node(String field) {
    JsonNode node = object.get(field);
    if (node == null) {
      throw new RegistryException(name(field) + ": missing");
    }
    return node;
  }

  JsonFields object(String field) {
    return new JsonFields(node(field), name(field));
  }

  String text(String field) {
    JsonNode node = node(field);
    if (!node.isTextual()) {
      throw RegistryException.of(name(field), node, "must be text");
    }
    return node.textValue();
  }

  @Nullable String textIfAny(String field) {
    return has(field) ? text(field) : null;
  }

  long number(String field) {
    JsonNode node = node(field);
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw RegistryException.of(name(field), node, "must be an integer");
    }
    return node.longValue();
  }

  Instant time(String field) {
    String text = text(field);
    return Rfc3339.parse(text)
        .orElseThrow(
            () ->
                new RegistryException(
                    "%s \"%s\": must be an RFC 3339 time".formatted(name(field), text)));
  }

  @Nullable Instant timeIfAny(String field) {
    return has(field) ? time(field) : null;
  }

  byte[] base64(String field) {
    String text = text(field);
    try {
      return Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new RegistryException("%s \"%s\": must be Base64".formatted(name(field), text), e);
    }
  }

  private String name(String field) {
    return prefix.isEmpty() ? field : prefix + "." + field;
  }
}
