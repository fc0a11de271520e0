package dev.lookaside.ingest.kafka;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Settings whose keys are Kafka's own: blocks that end in {@code kafka-clients}, and the {@code
 * configs} of topics. Kafka's keys have dots, and HOCON has two spellings of such a key, {@code a.b
 * = 1} (a block {@code a} with {@code b}) and {@code "a.b" = 1} (one key), which it does not take
 * for the same: merged, both stay, wherever they come from. So every source of settings is {@link
 * #normalized} before sources are merged, and {@code reference.conf} has the second spelling, the
 * only one that also knows {@code "a.b"} beside {@code "a.b.c"}.
 */
public final class KafkaKeys {
  private static final Predicate<String> IS_BLOCK =
      name -> name.endsWith("kafka-clients") || name.equals("configs");

  private KafkaKeys() {}

  /**
   * A source of settings with the keys of these blocks in their one spelling, {@code "a.b"}.
   *
   * @param source its name, for an error
   * @param settings need not be resolved; a block that is taken over as a whole ({@code
   *     kafka-clients = ${other}}) stays as it is
   * @throws BrokerException if a key is there in two spellings, naming both
   */
  public static Config normalized(String source, Config settings) {
    return normalized(source, settings.root(), List.of()).toConfig();
  }

  private static ConfigObject normalized(String source, ConfigObject object, List<String> at) {
    ConfigObject normalized = object;
    for (Map.Entry<String, ConfigValue> entry : entries(object).entrySet()) {
      if (entry.getValue() instanceof ConfigObject inner) {
        List<String> path = with(at, entry.getKey());
        ConfigObject other =
            IS_BLOCK.test(entry.getKey())
                ? block(source, inner, path)
                : normalized(source, inner, path);
        if (other != inner) {
          normalized = normalized.withValue(entry.getKey(), other);
        }
      }
    }
    return normalized;
  }

  private static ConfigObject block(String source, ConfigObject block, List<String> at) {
    Map<String, List<String>> spellings = new LinkedHashMap<>();
    Map<String, ConfigValue> values = new LinkedHashMap<>();
    collect(source, block, at, at.size(), spellings, values);
    ConfigObject normalized = ConfigFactory.empty().root();
    for (Map.Entry<String, ConfigValue> value : values.entrySet()) {
      normalized = normalized.withValue(value.getKey(), value.getValue());
    }
    // An empty block that takes another's place would take its values away.
    return values.isEmpty() ? block : normalized;
  }

  private static void collect(
      String source,
      ConfigObject object,
      List<String> at,
      int from,
      Map<String, List<String>> spellings,
      Map<String, ConfigValue> values) {
    for (Map.Entry<String, ConfigValue> entry : entries(object).entrySet()) {
      List<String> path = with(at, entry.getKey());
      if (entry.getValue() instanceof ConfigObject inner) {
        collect(source, inner, path, from, spellings, values);
        continue;
      }
      String key = name(path.subList(from, path.size()));
      List<String> before = spellings.putIfAbsent(key, path);
      if (before != null) {
        throw new BrokerException(
            "%s: %s and %s are one key of Kafka; keep one of them"
                .formatted(
                    source,
                    ConfigUtil.joinPath(before) + line(values.get(key)),
                    ConfigUtil.joinPath(path) + line(entry.getValue())));
      }
      values.put(key, entry.getValue());
    }
  }

  private static String line(@Nullable ConfigValue value) {
    int number = value == null ? -1 : value.origin().lineNumber();
    return number < 0 ? "" : " (line " + number + ")";
  }

  /** Quotes stay in the keys of properties, {@code -D...kafka-clients."a.b"=1}. */
  private static String name(List<String> path) {
    String joined = String.join(".", path);
    return joined.length() > 1 && joined.startsWith("\"") && joined.endsWith("\"")
        ? joined.substring(1, joined.length() - 1)
        : joined;
  }

  private static List<String> with(List<String> path, String key) {
    List<String> longer = new ArrayList<>(path);
    longer.add(key);
    return longer;
  }

  /** None of an object that is known once references are resolved. */
  private static Map<String, ConfigValue> entries(ConfigObject object) {
    try {
      Map<String, ConfigValue> entries = new LinkedHashMap<>();
      object.forEach(entries::put);
      return entries;
    } catch (ConfigException.NotResolved e) {
      return Map.of();
    }
  }

  /**
   * A block as properties of a Kafka client or topic; lists joined by commas. Of a key in both
   * spellings the first one, {@code a.b}, counts: {@code reference.conf} has the other.
   *
   * @param block resolved
   */
  public static Map<String, Object> properties(Config block) {
    Map<String, Object> found = new HashMap<>();
    Map<String, Integer> parts = new HashMap<>();
    for (Map.Entry<String, ConfigValue> entry : block.entrySet()) {
      List<String> path = ConfigUtil.splitPath(entry.getKey());
      String name = name(path);
      if (parts.getOrDefault(name, 0) < path.size()) {
        parts.put(name, path.size());
        found.put(name, text(entry.getValue().unwrapped()));
      }
    }
    return found;
  }

  private static String text(Object value) {
    return value instanceof List<?> list
        ? list.stream().map(String::valueOf).collect(Collectors.joining(","))
        : String.valueOf(value);
  }
}
