package dev.lookaside.classifier.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The checked JSON header of a safetensors file. */
record SafetensorsHeader(SortedMap<String, String> metadata, SortedMap<String, Entry> entries) {
  /** One tensor: {@code [from, until)} counts bytes from the end of the header. */
  record Entry(String dtype, int[] shape, long from, long until) {}

  private static final String METADATA = "__metadata__";

  private static final Map<String, Integer> DTYPE_BYTES =
      Map.ofEntries(
          Map.entry("BOOL", 1),
          Map.entry("U8", 1),
          Map.entry("I8", 1),
          Map.entry("F8_E4M3", 1),
          Map.entry("F8_E5M2", 1),
          Map.entry("U16", 2),
          Map.entry("I16", 2),
          Map.entry("F16", 2),
          Map.entry("BF16", 2),
          Map.entry("U32", 4),
          Map.entry("I32", 4),
          Map.entry("F32", 4),
          Map.entry("U64", 8),
          Map.entry("I64", 8),
          Map.entry("F64", 8));

  static SafetensorsHeader parse(String source, ByteBuffer utf8, long dataBytes) {
    JsonNode root = tree(source, utf8);
    TreeMap<String, String> metadata = new TreeMap<>();
    TreeMap<String, Entry> entries = new TreeMap<>();
    for (Map.Entry<String, JsonNode> field : root.properties()) {
      if (field.getKey().equals(METADATA)) {
        readMetadata(source, field.getValue(), metadata);
      } else {
        entries.put(field.getKey(), entry(source, field.getKey(), field.getValue(), dataBytes));
      }
    }
    checkLayout(source, entries, dataBytes);
    return new SafetensorsHeader(
        Collections.unmodifiableSortedMap(metadata), Collections.unmodifiableSortedMap(entries));
  }

  private static JsonNode tree(String source, ByteBuffer utf8) {
    try {
      JsonNode root = StrictJson.parse(utf8);
      if (!root.isObject()) {
        throw new WeightsException(source + ": header: must be a JSON object");
      }
      return root;
    } catch (NotJsonException e) {
      throw new WeightsException("%s: header: %s".formatted(source, e.getMessage()), e);
    }
  }

  private static void readMetadata(String source, JsonNode node, Map<String, String> into) {
    if (!node.isObject()) {
      throw new WeightsException(
          "%s: %s \"%s\": must be an object".formatted(source, METADATA, brief(node)));
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (!field.getValue().isTextual()) {
        throw WeightsException.metadata(
            source, field.getKey(), brief(field.getValue()), "must be a string");
      }
      into.put(field.getKey(), field.getValue().textValue());
    }
  }

  private static Entry entry(String source, String name, JsonNode node, long dataBytes) {
    JsonNode dtype = node.path("dtype");
    Integer width = dtype.isTextual() ? DTYPE_BYTES.get(dtype.textValue()) : null;
    if (width == null) {
      throw WeightsException.tensor(source, name, "dtype \"" + brief(dtype) + "\": not known");
    }
    JsonNode shapeNode = node.path("shape");
    if (!shapeNode.isArray()) {
      throw WeightsException.tensor(
          source, name, "shape \"" + brief(shapeNode) + "\": must be an array");
    }
    int[] shape = new int[shapeNode.size()];
    for (int i = 0; i < shape.length; i++) {
      JsonNode d = shapeNode.get(i);
      if (!d.isIntegralNumber() || !d.canConvertToInt() || d.intValue() < 0) {
        throw WeightsException.tensor(
            source, name, "shape \"" + brief(shapeNode) + "\": must hold sizes of 0 to 2147483647");
      }
      shape[i] = d.intValue();
    }
    JsonNode offsets = node.path("data_offsets");
    if (!offsets.isArray()
        || offsets.size() != 2
        || !isLong(offsets.get(0))
        || !isLong(offsets.get(1))) {
      throw WeightsException.tensor(
          source, name, "data_offsets \"" + brief(offsets) + "\": must be two integers");
    }
    long from = offsets.get(0).longValue();
    long until = offsets.get(1).longValue();
    if (from < 0 || until < from || until > dataBytes) {
      throw WeightsException.tensor(
          source,
          name,
          "data_offsets \"%s\": must lie within the %d bytes of data"
              .formatted(brief(offsets), dataBytes));
    }
    long expected = bytes(source, name, shape, width, brief(shapeNode));
    if (until - from != expected) {
      throw WeightsException.tensor(
          source,
          name,
          "data_offsets \"%s\": expected %d bytes for shape %s of %s, found %d"
              .formatted(
                  brief(offsets), expected, brief(shapeNode), dtype.textValue(), until - from));
    }
    return new Entry(dtype.textValue(), shape, from, until);
  }

  private static boolean isLong(JsonNode n) {
    return n.isIntegralNumber() && n.canConvertToLong();
  }

  private static long bytes(String source, String name, int[] shape, int width, String shown) {
    try {
      return Math.multiplyExact(FloatTensor.elements(shape), (long) width);
    } catch (ArithmeticException e) {
      throw new WeightsException(
          "%s: tensor \"%s\": shape \"%s\": too many elements".formatted(source, name, shown), e);
    }
  }

  private static void checkLayout(String source, Map<String, Entry> entries, long dataBytes) {
    List<Map.Entry<String, Entry>> order = new ArrayList<>(entries.entrySet());
    order.sort(
        Comparator.comparingLong((Map.Entry<String, Entry> e) -> e.getValue().from())
            .thenComparingLong(e -> e.getValue().until()));
    long end = 0;
    String before = "the header";
    for (Map.Entry<String, Entry> e : order) {
      long from = e.getValue().from();
      if (from != end) {
        throw WeightsException.tensor(
            source,
            e.getKey(),
            "data_offsets start at %d: %s %s, which ends at %d"
                .formatted(from, from < end ? "overlaps" : "leaves a hole after", before, end));
      }
      end = e.getValue().until();
      before = "\"" + e.getKey() + "\"";
    }
    if (end != dataBytes) {
      throw new WeightsException(
          "%s: %d bytes of data, but the last tensor ends at %d".formatted(source, dataBytes, end));
    }
  }

  private static String brief(JsonNode node) {
    String text = node.isTextual() ? node.textValue() : node.toString();
    return text.length() <= 60 ? text : text.substring(0, 60) + "...";
  }
}
