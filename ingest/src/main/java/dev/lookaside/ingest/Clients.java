package dev.lookaside.ingest;

import org.apache.kafka.common.config.ConfigException;

/** What Kafka's clients mean by their exceptions. */
final class Clients {
  private Clients() {}

  /** A client that could not be made: servers nobody can resolve now, or wrong settings. */
  static IngestException cannotOpen(String servers, Throwable thrown) {
    String message = rootMessage(thrown);
    // Kafka has one exception for both. A name that does not resolve may do so later.
    boolean mayPass = !(root(thrown) instanceof ConfigException) || message.contains("resolvable");
    return mayPass
        ? new UnreachableException(
            "bootstrap.servers \"%s\": %s".formatted(servers, message), thrown)
        : new IngestException("kafka-clients: " + message, thrown);
  }

  /** The innermost message, which says what is wrong. */
  static String rootMessage(Throwable thrown) {
    return String.valueOf(root(thrown).getMessage());
  }

  private static Throwable root(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root;
  }
}
