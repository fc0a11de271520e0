package dev.lookaside.ingest;

/**
 * Settings of reading a stream's audio back; the keys of {@code lookaside.ingest.retained} in
 * reference.conf say unit, range and reason of each.
 */
public record RetainedSettings(
    long marginMillis, long maxLateMillis, long timeoutMillis, int maxReadSeconds) {}
