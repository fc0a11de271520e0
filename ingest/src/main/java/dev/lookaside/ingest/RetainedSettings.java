package dev.lookaside.ingest;

/**
 * How a stream's audio is read back.
 *
 * @param marginMillis by which senders' clocks may be ahead of the broker's
 * @param maxLateMillis by which chunks may come late; audio outside is found, too, only slower
 * @param timeoutMillis that one reading may take
 * @param maxReadSeconds of audio that one reading may keep
 */
public record RetainedSettings(
    long marginMillis, long maxLateMillis, long timeoutMillis, int maxReadSeconds) {}
