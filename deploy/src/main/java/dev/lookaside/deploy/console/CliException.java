package dev.lookaside.deploy.console;

/**
 * A command cannot do what it was asked. The message is what the user reads: one line naming the
 * option or file and its value.
 */
public class CliException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line, for example {@code --seconds "-3": must be more than 0}
   */
  public CliException(String message) {
    super(message);
  }

  /**
   * @param message one line for the user
   * @param cause shown with {@code --stacktrace} only
   */
  public CliException(String message, Throwable cause) {
    super(message, cause);
  }
}
