package dev.lookaside.deploy;

import org.jspecify.annotations.Nullable;

/** A fault of the running thing that the user must hear of: what, where and the value seen. */
public class DeployException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DeployException(String message) {
    super(message);
  }

  public DeployException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
