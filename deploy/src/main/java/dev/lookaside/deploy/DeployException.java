package dev.lookaside.deploy;

import org.jspecify.annotations.Nullable;

/** A fault of the running thing that the user must know of: what, where and the value seen. */
public class DeployException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DeployException(String message) {
    super(message);
  }

  /**
   * @param message for the user; null only if a cause had none
   */
  public DeployException(@Nullable String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
