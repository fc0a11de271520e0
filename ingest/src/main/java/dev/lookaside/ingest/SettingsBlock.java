package dev.lookaside.ingest;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A block of the configuration, read key by key into a settings record. Every module reads its
 * {@code reference.conf} with it, so that a wrong setting has one form of message: the whole key,
 * the value, the rule and, if it came from a file, the place.
 */
public final class SettingsBlock {
  private final Config config;
  private final String path;

  private SettingsBlock(Config config, String path) {
    this.config = config;
    this.path = path;
  }

  /** A setting that cannot be used; the message names key, value and rule. */
  public static final class Fault extends IngestException {
    private static final long serialVersionUID = 1;

    private Fault(String message) {
      super(message);
    }
  }

  /**
   * A block of the whole configuration.
   *
   * @param config resolved, with every reference.conf beneath
   * @param path of the block, as in {@code lookaside.ingest}
   */
  public static SettingsBlock of(Config config, String path) {
    SettingsBlock block = new SettingsBlock(config, "");
    for (String name : ConfigUtil.splitPath(path)) {
      block = block.block(name);
    }
    return block;
  }

  /** A block in this one. */
  public SettingsBlock block(String key) {
    String at = ConfigUtil.joinPath(key);
    try {
      return new SettingsBlock(config.getConfig(at), whole(key));
    } catch (ConfigException e) {
      throw wrong(key, "must be a block of settings");
    }
  }

  /** This block as it is, for keys that are not this program's. */
  public Config config() {
    return config;
  }

  /** The keys of a block whose keys are the user's own, such as stream ids, in order. */
  public List<String> keys() {
    return List.copyOf(new TreeMap<>(config.root()).keySet());
  }

  /** A whole number from {@code least} to {@code most}. */
  public long number(String key, long least, long most) {
    String rule = "must be a whole number from %d to %d".formatted(least, most);
    try {
      long value = new BigDecimal(string(key, rule).strip()).longValueExact();
      if (value >= least && value <= most) {
        return value;
      }
    } catch (ArithmeticException | NumberFormatException e) {
      throw wrong(key, rule);
    }
    throw wrong(key, rule);
  }

  /** As {@link #number}, for what fits into an int. */
  public int count(String key, int least, int most) {
    return (int) number(key, least, most);
  }

  /** A number from {@code least} to {@code most}. */
  public double real(String key, double least, double most) {
    String rule = "must be a number from %s to %s".formatted(text(least), text(most));
    try {
      return checked(string(key, rule), least, most);
    } catch (NumberFormatException e) {
      throw wrong(key, rule);
    }
  }

  /** A list of at least one number. */
  public List<Double> reals(String key, double least, double most) {
    List<Double> values = new ArrayList<>();
    try {
      for (String text : config.getStringList(ConfigUtil.joinPath(key))) {
        values.add(checked(text, least, most));
      }
    } catch (ConfigException | NumberFormatException e) {
      values.clear();
    }
    if (values.isEmpty()) {
      throw wrong(
          key, "must be a list of numbers from %s to %s".formatted(text(least), text(most)));
    }
    return values;
  }

  private static double checked(String text, double least, double most) {
    double value = Double.parseDouble(text.strip());
    // Written so that NaN fails too.
    if (!(value >= least && value <= most)) {
      throw new NumberFormatException(text);
    }
    return value;
  }

  private static String text(double value) {
    return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
  }

  /** A whole number of milliseconds. */
  public Duration millis(String key, long least, long most) {
    return Duration.ofMillis(number(key, least, most));
  }

  /** Seconds, down to a millisecond. */
  public Duration seconds(String key, double least, double most) {
    return Duration.ofMillis(Math.round(real(key, least, most) * 1e3));
  }

  /** True or false. */
  public boolean flag(String key) {
    try {
      return config.getBoolean(ConfigUtil.joinPath(key));
    } catch (ConfigException e) {
      throw wrong(key, "must be true or false");
    }
  }

  /** Any text. */
  public String text(String key) {
    return string(key, "must be text");
  }

  /** Text that is not blank. */
  public String name(String key) {
    String rule = "must not be empty";
    String value = string(key, rule);
    if (value.isBlank()) {
      throw wrong(key, rule);
    }
    return value;
  }

  /** A file or folder; null: none is given. */
  public @Nullable Path path(String key) {
    String rule = "must be a path";
    String value = string(key, rule);
    try {
      return value.isBlank() ? null : Path.of(value);
    } catch (InvalidPathException e) {
      throw wrong(key, rule);
    }
  }

  /**
   * What a text means.
   *
   * @param meaning throws if there is none
   * @param rule what it must be then, for the error
   */
  public <T> T parsed(String key, Function<String, T> meaning, String rule) {
    String text = string(key, rule);
    try {
      return meaning.apply(text);
    } catch (RuntimeException e) {
      throw wrong(key, rule);
    }
  }

  /** One word of several. */
  public <T> T choice(String key, Map<String, T> meanings) {
    String rule = "must be " + String.join(" or ", new TreeMap<>(meanings).keySet());
    T meaning = meanings.get(string(key, rule).toLowerCase(Locale.ROOT));
    if (meaning == null) {
      throw wrong(key, rule);
    }
    return meaning;
  }

  /** To be thrown: what the value of a key must be. */
  public Fault wrong(String key, String rule) {
    ConfigValue value = config.root().get(key);
    String text = value == null ? "" : text(value);
    return new Fault("%s \"%s\": %s%s".formatted(whole(key), text, rule, place(value)));
  }

  private String whole(String key) {
    String at = ConfigUtil.joinPath(key);
    return path.isEmpty() ? at : path + "." + at;
  }

  private String string(String key, String rule) {
    try {
      return config.getString(ConfigUtil.joinPath(key));
    } catch (ConfigException e) {
      throw wrong(key, rule);
    }
  }

  private static String text(ConfigValue value) {
    return value.unwrapped() instanceof String text
        ? text
        : value.render(ConfigRenderOptions.concise());
  }

  /** Where it is written, if that is a file of the user's. */
  private static String place(@Nullable ConfigValue value) {
    ConfigOrigin origin = value == null || value instanceof ConfigObject ? null : value.origin();
    return origin == null || origin.filename() == null
        ? ""
        : " (%s, line %d)".formatted(origin.filename(), origin.lineNumber());
  }
}
