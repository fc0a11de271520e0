package dev.lookaside.trainer.store;

import java.time.Instant;

/** A half-open stretch of a stream's capture time. */
public record Stretch(Instant from, Instant until) {}
