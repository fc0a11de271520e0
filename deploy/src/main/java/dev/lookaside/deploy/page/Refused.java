package dev.lookaside.deploy.page;

import dev.lookaside.ingest.IngestException;
import dev.lookaside.trainer.TrainerException;

/**
 * A request that gets another answer than it asked for.
 *
 * @see #status
 */
final class Refused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  Refused(int status, String message) {
    super(message);
    this.status = status;
  }

  static Refused bad(String field, String value, String rule) {
    String shown = value.length() <= 100 ? value : value.substring(0, 100) + "...";
    return new Refused(400, "%s \"%s\": %s".formatted(field, shown, rule));
  }

  static Refused bad(IngestException e) {
    return new Refused(400, String.valueOf(e.getMessage()));
  }

  static Refused bad(TrainerException e) {
    return new Refused(400, String.valueOf(e.getMessage()));
  }

  /** Of HTTP. */
  int status() {
    return status;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
