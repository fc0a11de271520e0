/**
 * What a stream sounds like: resampling, log-mel front ends and sliding windows.
 *
 * <p>A feature is a pure function of the stream's samples and their absolute position:
 * bit-identical however the audio was cut into chunks and wherever processing began. Each frame is
 * computed once and shared by the windows that overlap it; a row is never written after its window
 * was handed out. Memory per stream is bounded by one window and one chunk.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.featurizer;
