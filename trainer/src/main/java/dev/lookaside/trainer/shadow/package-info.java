/**
 * What a candidate would have detected where the incumbent is in force: both score the same live
 * audio, only the incumbent publishes, and their events are compared class by class.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.shadow;
