/**
 * What people write about detections: labels, their form on {@code audio.labels}, writing and
 * reading them. A label is complete in itself: stream, class and the stretch of capture time it
 * judges are in it, so it can be used when the detection it is about is no longer retained.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.label;
