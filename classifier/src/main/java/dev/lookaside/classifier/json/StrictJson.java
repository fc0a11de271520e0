package dev.lookaside.classifier.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;

/**
 * One JSON value and nothing after it, no field twice, in UTF-8 whatever the first bytes look like:
 * a parser that is given bytes guesses UTF-16 and UTF-32 too.
 *
 * @see "RFC 8259, 4 and 8.1"
 */
public final class StrictJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private static final JsonMapper EXACT_MAPPER =
      MAPPER
          .rebuild()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .nodeFactory(JsonNodeFactory.withExactBigDecimals(true))
          .build();

  private StrictJson() {}

  /** Reads {@code utf8}; fractions become {@code double}s. */
  public static JsonNode parse(byte[] utf8) throws NotJsonException {
    return parse(MAPPER, text(ByteBuffer.wrap(utf8)));
  }

  /** Reads the buffer's remaining bytes and leaves its position alone. */
  public static JsonNode parse(ByteBuffer utf8) throws NotJsonException {
    return parse(MAPPER, text(utf8.duplicate()));
  }

  public static JsonNode parse(String text) throws NotJsonException {
    return parse(MAPPER, text);
  }

  /** Reads {@code utf8}; fractions keep the digits they came with. */
  public static JsonNode parseExact(byte[] utf8) throws NotJsonException {
    return parse(EXACT_MAPPER, text(ByteBuffer.wrap(utf8)));
  }

  /**
   * Reads {@code json} as plain data.
   *
   * @throws NotJsonException naming the field that is missing or wrong
   */
  public static <T> T bind(JsonMapper mapper, JsonNode json, Class<T> type)
      throws NotJsonException {
    T value;
    try {
      value = mapper.treeToValue(json, type);
    } catch (JsonProcessingException e) {
      throw new NotJsonException(field(e) + "is missing or has the wrong type", e);
    }
    if (value == null) {
      throw new NotJsonException("is null");
    }
    return value;
  }

  private static String field(JsonProcessingException e) {
    StringBuilder path = new StringBuilder();
    if (e instanceof JsonMappingException mapping) {
      for (JsonMappingException.Reference step : mapping.getPath()) {
        path.append(path.length() == 0 ? "" : ".");
        path.append(step.getFieldName() == null ? step.getIndex() : step.getFieldName());
      }
    }
    return path.length() == 0 ? "a field " : "field \"" + path + "\" ";
  }

  private static String text(ByteBuffer utf8) throws NotJsonException {
    try {
      return UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new NotJsonException("is not UTF-8", e);
    }
  }

  private static JsonNode parse(JsonMapper mapper, String text) throws NotJsonException {
    JsonNode node;
    try {
      node = mapper.readTree(text);
    } catch (JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      String where =
          at == null ? "" : " at line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
      throw new NotJsonException("is malformed JSON" + where, e);
    }
    if (node == null || node.isMissingNode()) {
      throw new NotJsonException("is empty, not JSON");
    }
    return node;
  }
}
