package dev.lookaside.ingest;

/** Ids and digests for people: as many digits as no two are likely to share. */
public final class ShortId {
  private static final int DIGITS = 12;

  private ShortId() {}

  /** The beginning of an id, all of a short one. */
  public static String of(String id) {
    return id.length() <= DIGITS ? id : id.substring(0, DIGITS);
  }
}
