/**
 * What a candidate would have said where the incumbent speaks: both judge the same live audio, only
 * the incumbent is heard, and their events are compared class by class.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.shadow;
