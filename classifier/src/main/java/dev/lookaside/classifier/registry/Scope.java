package dev.lookaside.classifier.registry;

import dev.lookaside.ingest.StreamId;
import java.util.Optional;

/**
 * For whom a ledger record speaks. On the wire {@code *}, {@code tenant:NAME} or {@code stream:ID}.
 * The tenant of a stream is what stands before the first slash of its id; a stream without a slash
 * has none.
 *
 * @param kind how specific
 * @param name of the tenant or stream; empty for all
 */
public record Scope(Kind kind, String name) {
  /** From the least specific to the most specific. */
  public enum Kind {
    ALL,
    TENANT,
    STREAM
  }

  /** Every stream. */
  public static final Scope ALL = new Scope(Kind.ALL, "");

  private static final String TENANT = "tenant:";
  private static final String STREAM = "stream:";

  public Scope {
    if ((kind == Kind.ALL) != name.isEmpty()) {
      throw RegistryException.of("scope", name, "must name a tenant or a stream, * names none");
    }
    if (kind == Kind.TENANT && name.indexOf('/') >= 0) {
      throw RegistryException.of("scope", TENANT + name, "a tenant's name has no slash");
    }
  }

  public static Scope of(StreamId stream) {
    return new Scope(Kind.STREAM, stream.value());
  }

  /** The tenant that {@code stream} belongs to, if any. */
  public static Optional<Scope> tenantOf(StreamId stream) {
    int slash = stream.value().indexOf('/');
    return slash < 1
        ? Optional.empty()
        : Optional.of(new Scope(Kind.TENANT, stream.value().substring(0, slash)));
  }

  /** Whether a record of this scope can decide for {@code stream}. */
  public boolean covers(StreamId stream) {
    return switch (kind) {
      case ALL -> true;
      case TENANT -> tenantOf(stream).filter(this::equals).isPresent();
      case STREAM -> stream.value().equals(name);
    };
  }

  /**
   * Reads the wire form.
   *
   * @throws RegistryException if it is none
   */
  public static Scope parse(String text) {
    if (text.equals("*")) {
      return ALL;
    }
    if (text.startsWith(TENANT)) {
      return new Scope(Kind.TENANT, text.substring(TENANT.length()));
    }
    if (text.startsWith(STREAM)) {
      return new Scope(Kind.STREAM, text.substring(STREAM.length()));
    }
    throw RegistryException.of("scope", text, "must be *, tenant:NAME or stream:ID");
  }

  /** The wire form. */
  @Override
  public String toString() {
    return switch (kind) {
      case ALL -> "*";
      case TENANT -> TENANT + name;
      case STREAM -> STREAM + name;
    };
  }
}
