package dev.lookaside.trainer;

/** The trainer cannot go on; the message says where and with which value. */
public class TrainerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public TrainerException(String message) {
    super(message);
  }

  public TrainerException(String message, Throwable cause) {
    super(message, cause);
  }
}
