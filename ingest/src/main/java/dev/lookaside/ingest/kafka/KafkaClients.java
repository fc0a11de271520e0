package dev.lookaside.ingest.kafka;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.GroupProtocol;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Makes every Kafka client of Lookaside. Immutable; any thread. The clients are the caller's to
 * close, see {@link ResourceCloser}.
 *
 * <p>Three layers of properties: defaults of the use, over them what the user passes through {@code
 * kafka-clients}, over that what may not be otherwise: consumers read committed records only,
 * commit by themselves never and create no topics; producers wait for all replicas and write no
 * record twice. {@code client.id} is {@code lookaside-} and the purpose; a {@code client.id} in
 * {@code kafka-clients} takes the place of {@code lookaside}.
 */
public final class KafkaClients {
  /** Makes the clients themselves; tests make others, or count them. */
  public interface Factory {
    Consumer<byte[], byte[]> consumer(Map<String, Object> properties);

    Producer<byte[], byte[]> producer(Map<String, Object> properties);

    Admin admin(Map<String, Object> properties);
  }

  /**
   * How a consumer belongs to a group.
   *
   * @param group its name
   * @param protocol {@code CONSUMER} (KIP-848: the brokers assign) or {@code CLASSIC}
   * @param instance static member name, the same after a restart, one per running process: such a
   *     member that comes back within the session gets its partitions back without a rebalance;
   *     empty: dynamic
   * @param session after which a silent member loses its partitions; empty: the default. Only of
   *     the classic protocol, with the other one the brokers say so
   */
  public record Membership(
      String group, GroupProtocol protocol, Optional<String> instance, Optional<Duration> session) {
    public Membership {
      if (session.isPresent() && protocol == GroupProtocol.CONSUMER) {
        throw new IllegalArgumentException(
            "group " + group + ": the brokers set the session of protocol consumer");
      }
    }

    /** Of the classic protocol, dynamic. */
    public static Membership classic(String group, Duration session) {
      return new Membership(group, GroupProtocol.CLASSIC, Optional.empty(), Optional.of(session));
    }
  }

  private static final String NAME = "lookaside";

  private static final String COOPERATIVE =
      "org.apache.kafka.clients.consumer.CooperativeStickyAssignor";

  /** The brokers' limit on records counts, not the producer's own of 1 MiB. */
  private static final String MAX_REQUEST_BYTES = Integer.toString(64 << 20);

  /**
   * After a commit has been answered the brokers still write its markers, for some milliseconds,
   * and refuse the producer's next transaction (CONCURRENT_TRANSACTIONS) until then. Kafka's own
   * 100 ms would delay every transaction that begins right after another. Doubles with each
   * refusal.
   */
  private static final String NEXT_TRANSACTION_RETRY_MS = "5";

  private final Map<String, Object> defaults;
  private final Map<String, Object> properties;
  private final Duration timeout;
  private final Factory factory;

  /**
   * @param properties of every client, at least {@code bootstrap.servers}
   * @param timeout after which a broker that has not answered counts as unreachable
   */
  public KafkaClients(Map<String, ?> properties, Duration timeout) {
    this(properties, timeout, new RealClients());
  }

  /** As above, with clients of the caller's making. */
  public KafkaClients(Map<String, ?> properties, Duration timeout, Factory factory) {
    this(Map.of(), Map.copyOf(properties), timeout, factory);
    if (servers().isBlank()) {
      throw new BrokerException(
          "kafka-clients.bootstrap.servers \"\": must be host:port, comma separated");
    }
  }

  private KafkaClients(
      Map<String, Object> defaults,
      Map<String, Object> properties,
      Duration timeout,
      Factory factory) {
    this.defaults = defaults;
    this.properties = properties;
    this.timeout = timeout;
    this.factory = factory;
  }

  /** The brokers, as configured. */
  public String servers() {
    return String.valueOf(
        properties.getOrDefault(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, ""));
  }

  /** What the user passes to every client. */
  public Map<String, Object> properties() {
    return properties;
  }

  /** After which a broker that has not answered counts as unreachable. */
  public Duration timeout() {
    return timeout;
  }

  /** With these properties over the user's. */
  public KafkaClients with(Map<String, ?> over) {
    return new KafkaClients(defaults, merged(properties, over), timeout, factory);
  }

  /** With these defaults, which the user's properties beat. */
  public KafkaClients withDefaults(Map<String, ?> below) {
    return new KafkaClients(merged(defaults, below), properties, timeout, factory);
  }

  /** With another timeout. */
  public KafkaClients withTimeout(Duration other) {
    return new KafkaClients(defaults, properties, other, factory);
  }

  /** With another maker of clients. */
  public KafkaClients withFactory(Factory other) {
    return new KafkaClients(defaults, properties, timeout, other);
  }

  /**
   * A consumer without a group, not assigned yet.
   *
   * @param purpose what it is for, in a word or two joined by hyphens
   */
  public Consumer<byte[], byte[]> consumer(String purpose) {
    Map<String, Object> all = consumerProperties(purpose);
    all.remove(ConsumerConfig.GROUP_ID_CONFIG);
    return open(() -> factory.consumer(all));
  }

  /**
   * Whether the group rebalances in two steps, by the classic protocol: members give away what
   * leaves them at the end of the first, and the second distributes it.
   */
  public boolean cooperative(Membership membership) {
    Object strategy =
        properties.getOrDefault(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, COOPERATIVE);
    return membership.protocol() == GroupProtocol.CLASSIC
        && String.valueOf(strategy).contains(COOPERATIVE);
  }

  /** A consumer of a group, not subscribed yet. */
  public Consumer<byte[], byte[]> member(String purpose, Membership membership) {
    Map<String, Object> all = consumerProperties(purpose);
    all.put(ConsumerConfig.GROUP_ID_CONFIG, membership.group());
    all.put(ConsumerConfig.GROUP_PROTOCOL_CONFIG, membership.protocol().name());
    membership.instance().ifPresent(i -> all.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, i));
    if (membership.protocol() == GroupProtocol.CLASSIC) {
      // Partitions that stay are not interrupted when others move.
      all.putIfAbsent(ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG, COOPERATIVE);
      membership
          .session()
          .ifPresent(
              session -> {
                long millis = session.toMillis();
                all.put(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Long.toString(millis));
                all.put(
                    ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG,
                    Long.toString(Math.max(1, millis / 4)));
              });
    }
    return open(() -> factory.consumer(all));
  }

  private Map<String, Object> consumerProperties(String purpose) {
    Map<String, Object> all = new HashMap<>();
    all.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
    all.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, millis());
    all.putAll(defaults);
    all.putAll(properties);
    all.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
    all.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
    all.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    return named(all, purpose);
  }

  /**
   * A producer. A record that is not written within {@link #timeout} fails, unless {@code
   * delivery.timeout.ms} says otherwise.
   */
  public Producer<byte[], byte[]> producer(String purpose) {
    Map<String, Object> all = producerProperties(purpose);
    all.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
    return open(() -> factory.producer(all));
  }

  /**
   * A producer of transactions, not initialised yet.
   *
   * @param id the same after a restart, one per running process: a second one fences the first
   */
  public Producer<byte[], byte[]> transactional(String purpose, String id) {
    Map<String, Object> all = producerProperties(purpose);
    all.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, Objects.requireNonNull(id, "id"));
    all.putIfAbsent(ProducerConfig.RETRY_BACKOFF_MS_CONFIG, NEXT_TRANSACTION_RETRY_MS);
    return open(() -> factory.producer(all));
  }

  private Map<String, Object> producerProperties(String purpose) {
    Map<String, Object> all = new HashMap<>();
    all.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, millis());
    all.put(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
    all.put(ProducerConfig.LINGER_MS_CONFIG, "0");
    all.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, Long.toString(timeout.toMillis() / 2));
    all.putAll(defaults);
    all.putAll(properties);
    // Kafka takes no less than the two together.
    long least =
        number(all, ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG)
            + number(all, ProducerConfig.LINGER_MS_CONFIG);
    all.putIfAbsent(
        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
        Long.toString(Math.max(least, timeout.toMillis())));
    all.put(ProducerConfig.ACKS_CONFIG, "all");
    all.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
    return named(all, purpose);
  }

  private static long number(Map<String, Object> properties, String key) {
    String value = String.valueOf(properties.get(key));
    try {
      return Long.parseLong(value.trim());
    } catch (NumberFormatException e) {
      throw new BrokerException(
          "kafka-clients.%s \"%s\": must be a whole number".formatted(key, value), e);
    }
  }

  /** An admin client. */
  public Admin admin(String purpose) {
    Map<String, Object> all = new HashMap<>();
    all.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, millis());
    all.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, millis());
    all.putAll(defaults);
    all.putAll(properties);
    named(all, purpose);
    return open(() -> factory.admin(all));
  }

  private Map<String, Object> named(Map<String, Object> all, String purpose) {
    Object prefix = properties.getOrDefault(CommonClientConfigs.CLIENT_ID_CONFIG, NAME);
    all.put(CommonClientConfigs.CLIENT_ID_CONFIG, prefix + "-" + purpose);
    return all;
  }

  private <T> T open(Supplier<T> client) {
    try {
      return client.get();
    } catch (KafkaException e) {
      throw BrokerException.cannotOpen(servers(), e);
    }
  }

  private String millis() {
    return Long.toString(timeout.toMillis());
  }

  private static Map<String, Object> merged(Map<String, Object> below, Map<String, ?> above) {
    Map<String, Object> all = new HashMap<>(below);
    all.putAll(above);
    return Map.copyOf(all);
  }

  /** Those of kafka-clients. */
  static final class RealClients implements Factory {
    @Override
    public Consumer<byte[], byte[]> consumer(Map<String, Object> properties) {
      return new KafkaConsumer<>(
          properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public Producer<byte[], byte[]> producer(Map<String, Object> properties) {
      return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    @Override
    public Admin admin(Map<String, Object> properties) {
      return Admin.create(properties);
    }
  }
}
