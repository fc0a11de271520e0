/**
 * The audio of a stream that is still on {@code audio.chunks}, read back by capture time. Without a
 * consumer group, and without touching what the live pipeline reads. The same rules as live decide
 * what is a gap, a repeat or a new start.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.ingest.retained;
