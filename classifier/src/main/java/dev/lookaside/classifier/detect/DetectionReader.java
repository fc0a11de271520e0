package dev.lookaside.classifier.detect;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.StreamId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/** Strict reading of single JSON fields; every error names the field and its value. */
final class DetectionReader {
  private static final int SHOWN_CHARS = 80;

  JsonNode object(byte[] json) {
    JsonNode root;
    try {
      root = StrictJson.parse(json);
    } catch (NotJsonException e) {
      throw new DetectException("value \"%s\": %s".formatted(shown(json), e.getMessage()), e);
    }
    if (!root.isObject()) {
      throw new DetectException("value \"%s\": must be a JSON object".formatted(shown(json)));
    }
    return root;
  }

  Detection.Kind kind(JsonNode root) {
    String word = text(root, "kind");
    for (Detection.Kind kind : Detection.Kind.values()) {
      if (kind.word().equals(word)) {
        return kind;
      }
    }
    throw bad("kind", word, "must be started, ended, retracted, gap or shed");
  }

  StreamId stream(JsonNode root) {
    String text = text(root, "stream");
    try {
      return new StreamId(text);
    } catch (IngestException e) {
      throw new DetectException("stream: " + e.getMessage(), e);
    }
  }

  String text(JsonNode root, String field) {
    JsonNode node = node(root, field);
    if (!node.isTextual() || node.textValue().isEmpty()) {
      throw bad(field, raw(node), "must be text");
    }
    return node.textValue();
  }

  Instant time(JsonNode root, String field) {
    String text = text(root, field);
    return Rfc3339.parse(text).orElseThrow(() -> bad(field, text, "must be an RFC 3339 time"));
  }

  /** An integer from 0 on. */
  long number(JsonNode root, String field) {
    JsonNode node = node(root, field);
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
      throw bad(field, raw(node), "must be an integer, 0 or more");
    }
    return node.longValue();
  }

  int smallNumber(JsonNode root, String field) {
    long value = number(root, field);
    if (value > Integer.MAX_VALUE) {
      throw bad(field, Long.toString(value), "must be at most " + Integer.MAX_VALUE);
    }
    return (int) value;
  }

  double posterior(JsonNode root, String field) {
    JsonNode node = node(root, field);
    if (!node.isNumber() || !(node.doubleValue() >= 0 && node.doubleValue() <= 1)) {
      throw bad(field, raw(node), "must be a number from 0 to 1");
    }
    return node.doubleValue();
  }

  private static JsonNode node(JsonNode root, String field) {
    JsonNode node = root.get(field);
    if (node == null) {
      throw new DetectException("%s: missing".formatted(field));
    }
    return node;
  }

  private static String raw(JsonNode node) {
    return node.isTextual() ? node.textValue() : node.toString();
  }

  private static DetectException bad(String field, String value, String rule) {
    return new DetectException("%s \"%s\": %s".formatted(field, shortened(value), rule));
  }

  private static String shown(byte[] json) {
    int length = Math.min(json.length, SHOWN_CHARS + 1);
    return shortened(new String(json, 0, length, StandardCharsets.UTF_8));
  }

  private static String shortened(String text) {
    return text.length() <= SHOWN_CHARS ? text : text.substring(0, SHOWN_CHARS) + "...";
  }
}
