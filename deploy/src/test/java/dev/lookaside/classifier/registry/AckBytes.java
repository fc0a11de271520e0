package dev.lookaside.classifier.registry;

/** Lets other packages' tests read an ack. */
public final class AckBytes {
  private AckBytes() {}

  /** As a registry reads it. */
  public static Object read(byte[] json) {
    return Ack.fromJson(json);
  }
}
