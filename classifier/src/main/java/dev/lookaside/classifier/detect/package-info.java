/**
 * Windows to events to the wire. Posteriors of overlapping windows become one curve per class,
 * curves become events, events become {@code audio.detections} records. All of it is a pure
 * function of the windows in their order: the same audio and adapter give the same detections byte
 * for byte, decoded live or at once. Nothing is settled on Kafka before its detections are durable,
 * and nothing that was not scored goes unreported.
 */
@NullMarked
package dev.lookaside.classifier.detect;

import org.jspecify.annotations.NullMarked;
