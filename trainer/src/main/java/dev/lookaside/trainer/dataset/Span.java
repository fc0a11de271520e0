package dev.lookaside.trainer.dataset;

/**
 * A part of a recording.
 *
 * @param onsetSeconds from the recording's start, 0 or more
 * @param offsetSeconds after the onset
 */
public record Span(double onsetSeconds, double offsetSeconds) {}
