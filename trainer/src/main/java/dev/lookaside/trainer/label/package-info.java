/**
 * What people say about detections: labels, their form on {@code audio.labels}, writing and reading
 * them. A label is complete in itself: stream, class and the stretch of capture time it judges
 * stand in it, so it can be used when the detection it speaks of is no longer kept.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.label;
