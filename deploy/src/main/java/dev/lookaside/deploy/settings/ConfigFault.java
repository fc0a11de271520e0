package dev.lookaside.deploy.settings;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigOrigin;
import dev.lookaside.ingest.FaultReason;
import org.jspecify.annotations.Nullable;

/** What is wrong with a file of settings: the place, not the parser's words. */
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

  /** Where it is written, if that is a file. */
  private static String place(@Nullable ConfigOrigin origin) {
    return origin == null || origin.filename() == null
        ? ""
        : " (%s, line %d)".formatted(origin.filename(), origin.lineNumber());
  }
}
