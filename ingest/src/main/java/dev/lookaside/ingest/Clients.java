package dev.lookaside.ingest;

/** What Kafka's clients mean by their exceptions. */
final class Clients {
  private Clients() {}

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
