package dev.lookaside.ingest;

/**
 * One tenure of a partition of {@code audio.chunks} by this process. A partition that goes away and
 * comes back has a new one, so what a former tenure left in mailboxes is recognised and ignored.
 *
 * @param partition partition of {@code audio.chunks}, 0 or more
 * @param number unique within the process, rising
 */
public record Assignment(int partition, long number) {
  public Assignment {
    if (partition < 0 || number < 0) {
      throw new IngestException(
          "assignment of partition " + partition + ", number " + number + ": must be 0 or more");
    }
  }
}
