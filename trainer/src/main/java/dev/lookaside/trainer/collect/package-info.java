/**
 * What a round works with: labels that have come, older examples, their folds, and the background
 * of streams. Chosen once when a round begins.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.collect;
