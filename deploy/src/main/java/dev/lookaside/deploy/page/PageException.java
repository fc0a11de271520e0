package dev.lookaside.deploy.page;

/** The page cannot be served. */
public final class PageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  PageException(String message, Throwable cause) {
    super(message, cause);
  }
}
