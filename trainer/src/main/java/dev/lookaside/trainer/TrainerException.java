package dev.lookaside.trainer;

/**
 * Training data, settings or a run that cannot be used. The message is for the user: it names what,
 * where and the value seen.
 */
public class TrainerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TrainerException(String message) {
    super(message);
  }

  public TrainerException(String message, Throwable cause) {
    super(message, cause);
  }
}
