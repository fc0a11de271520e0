package dev.lookaside.classifier.registry;

import com.typesafe.config.Config;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How decisions about adapters are followed; {@code lookaside.classifier.registry} and {@code
 * lookaside.classifier.security.adapters}, whose {@code reference.conf} says what each is for.
 *
 * @param enabled false: the configured adapter scores everything
 * @param worker what acks call this worker
 * @param lead of an effective time over now; also how stale the ledger may be known
 * @param fetchTimeout until missing slices are a refusal
 * @param maxBytes of an adapter file
 * @param maxPrepared adapters loaded beyond those in force
 * @param maxArchitectures sessions open
 * @param aliveInterval between two signs of life
 * @param keep how long adapters stay on the topic that no decision needs
 * @param cache folder for adapter files, null: none
 * @param keys folder of trusted keys
 * @param keysInterval between two looks at them
 * @param allowUnsigned whether unsigned records count
 */
public record RegistrySettings(
    boolean enabled,
    String worker,
    Duration lead,
    Duration fetchTimeout,
    long maxBytes,
    int maxPrepared,
    int maxArchitectures,
    Duration aliveInterval,
    Duration keep,
    @Nullable Path cache,
    Path keys,
    Duration keysInterval,
    boolean allowUnsigned) {
  /**
   * Capture times ahead of the broker's append time by more than this do not count when the adapter
   * in force is looked up: half the lead, so that such windows need not wait until the ledger is
   * known so far.
   */
  public Duration maxClockAhead() {
    return lead.dividedBy(2);
  }

  private static final String ROOT = "lookaside.classifier.registry.";
  private static final long LEAD_MILLIS_MIN = 600;

  public RegistrySettings {
    // Half a second of it is for the writing.
    if (lead.toMillis() < LEAD_MILLIS_MIN || lead.toSeconds() > 3_600) {
      throw RegistryException.of(
          ROOT + "lead-seconds", lead.toMillis() / 1e3, "must be 0.6 to 3600");
    }
    between("fetch-timeout-seconds", fetchTimeout.toSeconds(), 1, 3_600);
    between("max-adapter-bytes", maxBytes, 1, 1L << 30);
    between("max-prepared", maxPrepared, 1, 10_000);
    between("max-architectures", maxArchitectures, 1, 100);
    between("alive-interval-seconds", aliveInterval.toSeconds(), 1, 3_600);
    between("keep-days", keep.toDays(), 1, 36_500);
    if (keysInterval.toSeconds() < 1 || keysInterval.toSeconds() > 3_600) {
      throw RegistryException.of(
          "lookaside.classifier.security.adapters.keys-interval-seconds",
          keysInterval.toSeconds(),
          "must be 1 to 3600");
    }
  }

  /**
   * Reads it.
   *
   * @param classifier the block {@code lookaside.classifier}
   * @throws RegistryException naming key and value
   */
  public static RegistrySettings of(Config classifier) {
    Config own = classifier.getConfig("registry");
    Config security = classifier.getConfig("security.adapters");
    String cache = own.getString("cache-folder");
    String keys = security.getString("keys-folder");
    String worker = own.getString("worker");
    return new RegistrySettings(
        own.getBoolean("enabled"),
        worker.isBlank() ? hostAndProcess() : worker,
        Duration.ofMillis(Math.round(1e3 * own.getDouble("lead-seconds"))),
        Duration.ofSeconds(own.getLong("fetch-timeout-seconds")),
        own.getLong("max-adapter-bytes"),
        own.getInt("max-prepared"),
        own.getInt("max-architectures"),
        Duration.ofSeconds(own.getLong("alive-interval-seconds")),
        Duration.ofDays(own.getLong("keep-days")),
        cache.isBlank() ? null : Path.of(cache),
        keys.isBlank()
            ? Path.of(System.getProperty("user.home"), ".lookaside", "keys")
            : Path.of(keys),
        Duration.ofSeconds(security.getLong("keys-interval-seconds")),
        security.getBoolean("allow-unsigned"));
  }

  /**
   * The keys whose signatures count, as the folder holds them now.
   *
   * @throws RegistryException if a file is no key
   */
  public TrustedKeys trusted() {
    return TrustedKeys.of(new KeyFolder(keys).trusted(), allowUnsigned);
  }

  private static String hostAndProcess() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "worker";
    }
    return host + "-" + ProcessHandle.current().pid();
  }

  private static void between(String key, long value, long least, long most) {
    if (value < least || value > most) {
      throw RegistryException.of(ROOT + key, value, "must be %d to %d".formatted(least, most));
    }
  }
}
