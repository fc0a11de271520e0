package dev.lookaside.ingest.kafka;

/** No broker has answered in time. Trying again may help. */
public class UnreachableException extends BrokerException {
  private static final long serialVersionUID = 1;

  public UnreachableException(String message, Throwable cause) {
    super(message, cause);
  }
}
