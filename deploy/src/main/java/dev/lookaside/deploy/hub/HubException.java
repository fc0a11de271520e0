package dev.lookaside.deploy.hub;

import dev.lookaside.deploy.DeployException;
import org.jspecify.annotations.Nullable;

/** A backbone cannot be had from the hub or its cache; the message says why and what to do. */
public final class HubException extends DeployException {
  private static final long serialVersionUID = 1L;

  HubException(String message) {
    super(message);
  }

  HubException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
