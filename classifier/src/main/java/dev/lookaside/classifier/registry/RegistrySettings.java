package dev.lookaside.classifier.registry;

import com.typesafe.config.Config;
import dev.lookaside.ingest.SettingsBlock;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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

  private static final String ROOT = "lookaside.classifier";

  /** Half a second of it is for the writing. */
  private static final double LEAD_SECONDS_MIN = .6;

  /** Bytes of an adapter file: 33 times the paper's largest, 2,026,028 float32. */
  private static final long MAX_ADAPTER_BYTES = 256L << 20;

  /**
   * Sessions kept open: adapters of another rank, kernel or head need their own, and each has the
   * backbone's matrices once more.
   */
  private static final int MAX_ARCHITECTURES = 4;

  /**
   * Between two looks into {@code trusted/}, which are one listing of a small folder. A decision
   * with an unknown key has it looked at at once.
   */
  private static final Duration KEYS_INTERVAL = Duration.ofSeconds(1);

  /**
   * Reads {@code lookaside.classifier.registry} and {@code .security} of a whole configuration.
   *
   * @throws SettingsBlock.Fault naming key and value
   */
  public static RegistrySettings of(Config config) {
    SettingsBlock own = SettingsBlock.of(config, ROOT + ".registry");
    SettingsBlock security = SettingsBlock.of(config, ROOT + ".security.adapters");
    Path keys = security.path("keys-folder");
    String worker = own.text("worker");
    return new RegistrySettings(
        own.flag("enabled"),
        worker.isBlank() ? hostAndProcess() : worker,
        own.seconds("lead-seconds", LEAD_SECONDS_MIN, 3_600),
        Duration.ofSeconds(own.number("fetch-timeout-seconds", 1, 3_600)),
        MAX_ADAPTER_BYTES,
        own.count("max-prepared", 1, 10_000),
        MAX_ARCHITECTURES,
        Duration.ofSeconds(own.number("alive-interval-seconds", 1, 3_600)),
        Duration.ofDays(own.number("keep-days", 1, 36_500)),
        own.path("cache-folder"),
        keys == null ? Path.of(System.getProperty("user.home"), ".lookaside", "keys") : keys,
        KEYS_INTERVAL,
        security.flag("allow-unsigned"));
  }

  /**
   * The keys whose signatures count, as the folder holds them now.
   *
   * @throws RegistryException if a file is no key
   */
  public TrustedKeys trusted() {
    return TrustedKeys.of(new KeyFolder(keys).trusted(), allowUnsigned);
  }

  /**
   * The key that signs decisions made here; null if there is none and none is needed.
   *
   * @param name of a key pair in the folder; blank: the only one there is
   * @param option with which one is named, for errors
   * @throws RegistryException if it is not clear which one
   */
  public @Nullable SigningKey signing(String name, String option) {
    KeyFolder folder = new KeyFolder(keys);
    if (!name.isBlank()) {
      return folder.signing(name);
    }
    List<String> names = folder.signingNames();
    if (names.size() == 1) {
      return folder.signing(names.get(0));
    }
    if (names.isEmpty() && allowUnsigned) {
      return null;
    }
    throw new RegistryException(
        names.isEmpty()
            ? "%s: has no key that could sign decisions; make one with lookaside keys new NAME"
                .formatted(keys)
            : "%s: has several keys that could sign decisions (%s); name one of them with %s"
                .formatted(keys, String.join(", ", names), option));
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
}
