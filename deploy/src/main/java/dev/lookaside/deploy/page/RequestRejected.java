package dev.lookaside.deploy.page;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.trainer.TrainerException;

/**
 * A request that gets another answer than it asked for.
 *
 * @see #status
 */
final class RequestRejected extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  RequestRejected(int status, String message) {
    super(message);
    this.status = status;
  }

  static RequestRejected bad(String field, String value, String rule) {
    String shown = value.length() <= 100 ? value : value.substring(0, 100) + "...";
    return new RequestRejected(400, "%s \"%s\": %s".formatted(field, shown, rule));
  }

  static RequestRejected bad(IngestException e) {
    return new RequestRejected(400, String.valueOf(e.getMessage()));
  }

  static RequestRejected bad(TrainerException e) {
    return new RequestRejected(400, String.valueOf(e.getMessage()));
  }

  /** Of HTTP. */
  int status() {
    return status;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
