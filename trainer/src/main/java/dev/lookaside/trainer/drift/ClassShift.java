package dev.lookaside.trainer.drift;

/**
 * Mean posteriors of one class on a stream and on its reference.
 *
 * @param posterior mean
 * @param referencePosterior mean
 * @param eventsPerHour that begin
 * @param referenceEventsPerHour that begin
 */
public record ClassShift(
    String label,
    double posterior,
    double referencePosterior,
    double eventsPerHour,
    double referenceEventsPerHour) {}
