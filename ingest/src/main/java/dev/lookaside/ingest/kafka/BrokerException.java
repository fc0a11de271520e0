package dev.lookaside.ingest.kafka;

import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Something on Kafka that cannot be used: the message names the topic or setting, the brokers and
 * what to do. Those that may pass by themselves are {@link UnreachableException}s.
 */
public class BrokerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BrokerException(String message) {
    super(message);
  }

  public BrokerException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A topic that does not exist. */
  public static final class MissingTopic extends BrokerException {
    private static final long serialVersionUID = 1;

    public MissingTopic(String topic, String servers) {
      super(
          "topic \"%s\" at %s: does not exist; create it or let lookaside.ingest.topics.policy create it"
              .formatted(topic, servers));
    }
  }

  /**
   * What an exception of Kafka's clients means.
   *
   * @param where the topic and the brokers, as the message begins
   * @param thrown of a client or of one of its futures
   * @return to be thrown; {@link InterruptException} as it is
   */
  static RuntimeException of(String where, Throwable thrown) {
    Throwable root = root(thrown);
    if (thrown instanceof InterruptException e) {
      return e;
    }
    if (thrown instanceof BrokerException e) {
      return e;
    }
    String detail = String.valueOf(root.getMessage());
    if (thrown instanceof AuthenticationException) {
      return new BrokerException(
          "%s: the brokers do not accept the credentials in kafka-clients (%s)"
              .formatted(where, detail),
          thrown);
    }
    if (thrown instanceof AuthorizationException) {
      return new BrokerException(
          "%s: the brokers do not permit this user's access (%s)".formatted(where, detail), thrown);
    }
    if (thrown instanceof InvalidTopicException) {
      return new BrokerException(
          "%s: the brokers do not accept the topic's name (%s)".formatted(where, detail), thrown);
    }
    if (thrown instanceof UnknownTopicOrPartitionException) {
      return new BrokerException("%s: the topic does not exist".formatted(where), thrown);
    }
    if (thrown instanceof RetriableException) {
      return new UnreachableException(
          "%s: no broker answered in time (%s)".formatted(where, detail), thrown);
    }
    return new BrokerException("%s: %s".formatted(where, detail), thrown);
  }

  /** A client that could not be made: servers nobody can resolve now, or wrong settings. */
  public static BrokerException cannotOpen(String servers, KafkaException thrown) {
    Throwable root = root(thrown);
    String message = String.valueOf(root.getMessage());
    // Kafka has one exception for both. A name that does not resolve may do so later.
    boolean mayPass = !(root instanceof ConfigException) || message.contains("resolvable");
    return mayPass
        ? new UnreachableException(
            "bootstrap.servers \"%s\": %s".formatted(servers, message), thrown)
        : new BrokerException("kafka-clients: " + message, thrown);
  }

  private static Throwable root(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }
}
