package dev.lookaside.trainer.store;

/**
 * The rows of a stream that overlap a stretch, directly or through others. Rows are found by their
 * onset; one that begins earlier than the longest of the stream lasts cannot reach into the
 * stretch, so that only the neighbours are read, however many rows the stream has. The table must
 * have indexes on {@code (stream, onset)} and on {@code (stream, offset - onset)}.
 *
 * @param earliest onset of a row that can reach into the stretch; all in nanoseconds
 */
record Overlap(String stream, long earliest, long from, long until) {
  /** Its values are {@link #values}. */
  static final String WHERE = "stream = ? AND onset >= ? AND onset < ? AND offset > ?";

  /** Of exactly this stretch; {@code rows} as for {@link #of}. */
  static Overlap direct(Index index, String rows, String stream, long from, long until) {
    String table = rows.substring(0, rows.indexOf(' '));
    long longest =
        index.one(
            "SELECT COALESCE(MAX(offset - onset), 0) FROM " + table + " WHERE stream = ?",
            row -> row.getLong(1),
            stream);
    return new Overlap(stream, from - longest, from, until);
  }

  /**
   * Of the stretch of all that overlap, directly or through others.
   *
   * @param rows {@code TABLE WHERE CONDITION}
   */
  static Overlap of(Index index, String rows, String stream, long from, long until) {
    Overlap now = direct(index, rows, stream, from, until);
    while (true) {
      Overlap last = now;
      now =
          index.one(
              "SELECT COALESCE(MIN(onset), ?5), COALESCE(MAX(offset), ?6) FROM "
                  + rows
                  + " AND stream = ?1 AND onset >= ?2 AND onset < ?3 AND offset > ?4",
              row ->
                  last.widened(
                      Math.min(last.from, row.getLong(1)), Math.max(last.until, row.getLong(2))),
              last.stream,
              last.earliest,
              last.until,
              last.from,
              last.from,
              last.until);
      if (now.equals(last)) {
        return now;
      }
    }
  }

  private Overlap widened(long first, long last) {
    return new Overlap(stream, earliest - (from - first), first, last);
  }

  Object[] values() {
    return new Object[] {stream, earliest, until, from};
  }
}
