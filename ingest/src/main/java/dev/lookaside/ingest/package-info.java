/**
 * What a stream is: its identity, its clock, and the wire format of its chunks. Reads {@code
 * audio.chunks} with bounded memory whatever the lag, commits only records that are settled, and
 * sends every record it cannot use to {@code audio.dead-letters} with the reason. Bad input is data
 * ({@link dev.lookaside.ingest.Rejection}), never an exception that stops a stream.
 */
@NullMarked
package dev.lookaside.ingest;

import org.jspecify.annotations.NullMarked;
