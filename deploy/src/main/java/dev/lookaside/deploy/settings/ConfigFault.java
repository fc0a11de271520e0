package dev.lookaside.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dev.lookaside.ingest.FaultReason;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What is wrong with a configuration: key, value, rule and place, not the parser's words. */
public final class ConfigFault {
  private ConfigFault() {}

  /** Of a file that cannot be parsed: {@code line 2: is not HOCON}. */
  public static String ofFile(ConfigException e) {
    if (e instanceof ConfigException.IO && e.getCause() != null) {
      return FaultReason.of(e.getCause());
    }
    ConfigOrigin origin = e.origin();
    return origin == null || origin.lineNumber() < 1
        ? "is not HOCON"
        : "line " + origin.lineNumber() + ": is not HOCON";
  }

  /** Of settings that refer to others, with {@code ${...}}. */
  public static String ofReference(ConfigException e) {
    return "a reference with ${} leads to nothing" + place(e.origin());
  }

  /**
   * Of settings of which one has another type than its default.
   *
   * @param all resolved, with every reference.conf beneath
   */
  public static String ofType(Config all, ConfigException e) {
    String found = wrong(all, "", ConfigFactory.defaultReference().root());
    return found == null ? "a setting has a value of a wrong type" + place(e.origin()) : found;
  }

  private static @Nullable String wrong(Config all, String prefix, ConfigObject defaults) {
    for (Map.Entry<String, ConfigValue> e : new TreeMap<>(defaults).entrySet()) {
      String path = prefix + ConfigUtil.joinPath(e.getKey());
      if (!path.startsWith("lookaside") || !all.hasPath(path)) {
        continue;
      }
      ConfigValueType type = e.getValue().valueType();
      if (!readable(all, path, type)) {
        ConfigValue value = all.getValue(path);
        String text =
            value.valueType() == ConfigValueType.STRING
                ? String.valueOf(value.unwrapped())
                : value.render(ConfigRenderOptions.concise());
        return "%s \"%s\": must be %s%s".formatted(path, text, word(type), place(value.origin()));
      }
      if (e.getValue() instanceof ConfigObject inner) {
        String found = wrong(all, path + ".", inner);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private static boolean readable(Config all, String path, ConfigValueType type) {
    try {
      switch (type) {
        case NUMBER -> all.getDouble(path);
        case BOOLEAN -> all.getBoolean(path);
        case STRING -> all.getString(path);
        case LIST -> all.getList(path);
        case OBJECT -> all.getObject(path);
        case NULL -> {}
      }
      return true;
    } catch (ConfigException e) {
      return false;
    }
  }

  private static String word(ConfigValueType type) {
    return switch (type) {
      case NUMBER -> "a number";
      case BOOLEAN -> "true or false";
      case LIST -> "a list";
      case OBJECT -> "a block of settings";
      case STRING, NULL -> "text";
    };
  }

  /** Where it is written, if that is a file. */
  private static String place(@Nullable ConfigOrigin origin) {
    return origin == null || origin.filename() == null
        ? ""
        : " (%s, line %d)".formatted(origin.filename(), origin.lineNumber());
  }
}
