/**
 * Audio out to {@code audio.chunks}: files and folders, standard input, a microphone, anything
 * ffmpeg reads, and composed scenes whose truth is known. What is sent depends only on the source
 * and its start time; how fast is decided by {@link dev.lookaside.ingest.send.Pacer} alone. The
 * last chunk of every stream is marked as such, also when its source fails half-way.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.ingest.send;
