package dev.lookaside.classifier.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a model, of one safetensors file or of several that an index names.
 *
 * <pre>
 *   model.safetensors.index.json   {"metadata": {...}, "weight_map": {tensor: file beside it, ...}}
 * </pre>
 *
 * @see <a href="https://huggingface.co/docs/safetensors">safetensors format</a>
 */
final class WeightFile implements AutoCloseable {
  private static final String INDEX_SUFFIX = ".index.json";

  private final String source;
  private final SortedMap<String, Safetensors> parts;
  private final SortedMap<String, Safetensors> tensors;

  private WeightFile(
      String source, SortedMap<String, Safetensors> parts, SortedMap<String, Safetensors> tensors) {
    this.source = source;
    this.parts = parts;
    this.tensors = tensors;
  }

  /** Whether a file is an index of others. */
  static boolean isIndex(Path file) {
    return file.toString().endsWith(INDEX_SUFFIX);
  }

  /**
   * Opens a file, or all that an index names.
   *
   * @throws WeightsException if one is missing or unsound, or does not have what the index says
   */
  static WeightFile open(Path file) {
    TreeMap<String, Safetensors> parts = new TreeMap<>();
    TreeMap<String, Safetensors> tensors = new TreeMap<>();
    WeightFile opened = new WeightFile(file.toString(), parts, tensors);
    try {
      if (isIndex(file)) {
        for (Map.Entry<String, String> e : weightMap(file).entrySet()) {
          Safetensors part =
              parts.computeIfAbsent(
                  e.getValue(), name -> Safetensors.open(file.resolveSibling(name)));
          if (!part.has(e.getKey())) {
            throw WeightsException.tensor(
                part.source(), e.getKey(), "found no such tensor, though " + file + " says so");
          }
          tensors.put(e.getKey(), part);
        }
      } else {
        Safetensors whole = Safetensors.open(file);
        parts.put(file.toString(), whole);
        whole.names().forEach(name -> tensors.put(name, whole));
      }
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private static SortedMap<String, String> weightMap(Path index) {
    TreeMap<String, String> map = new TreeMap<>();
    JsonNode json;
    try {
      json = StrictJson.parse(Files.readAllBytes(index)).path("weight_map");
    } catch (NotJsonException e) {
      throw new WeightsException(index + ": " + e.getMessage(), e);
    } catch (IOException e) {
      throw WeightsException.unreadable(index.toString(), e);
    }
    for (Map.Entry<String, JsonNode> e : json.properties()) {
      String name = e.getValue().asText();
      // Beside the index: a name with a folder could be any file of this machine.
      if (!e.getValue().isTextual() || !name.matches("[\\w-][\\w.-]*")) {
        throw new WeightsException(
            "%s: weight_map \"%s\": \"%s\": must name a file beside it"
                .formatted(index, e.getKey(), name));
      }
      map.put(e.getKey(), name);
    }
    if (map.isEmpty()) {
      throw new WeightsException(index + ": weight_map: must name tensors and their files");
    }
    return map;
  }

  /**
   * Identity of the weights: the sha256 of the file; of several, that of one line per file, sorted
   * by name: its sha256, two blanks and its name, as {@code sha256sum} prints it.
   */
  static String sha256(Path file) {
    if (!isIndex(file)) {
      return Safetensors.sha256(file);
    }
    List<String> lines = new ArrayList<>();
    for (String name : new TreeSet<>(weightMap(file).values())) {
      lines.add(Safetensors.sha256(file.resolveSibling(name)) + "  " + name + "\n");
    }
    return Safetensors.sha256(String.join("", lines).getBytes(StandardCharsets.UTF_8));
  }

  /** The file's name, as messages give it. */
  String source() {
    return source;
  }

  /** The texts of all parts; of one key the last part's. */
  Map<String, String> metadata() {
    TreeMap<String, String> all = new TreeMap<>();
    parts.values().forEach(part -> all.putAll(part.metadata()));
    return Collections.unmodifiableSortedMap(all);
  }

  Set<String> names() {
    return Collections.unmodifiableSet(tensors.keySet());
  }

  boolean has(String name) {
    return tensors.containsKey(name);
  }

  int @Nullable [] shape(String name) {
    Safetensors part = tensors.get(name);
    return part == null ? null : part.shape(name);
  }

  /** As {@link Safetensors#floats(String, int...)}. */
  FloatTensor floats(String name, int... expected) {
    Safetensors part = tensors.get(name);
    if (part == null) {
      throw WeightsException.missing(source, name, expected);
    }
    return part.floats(name, expected);
  }

  /** As {@link Safetensors#whole(String)}. */
  @Nullable Integer whole(String name) {
    Safetensors part = tensors.get(name);
    return part == null ? null : part.whole(name);
  }

  /** Closes the files. Mapped tensors stay valid. */
  @Override
  public void close() {
    parts.values().forEach(Safetensors::close);
  }
}
