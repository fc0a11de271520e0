/**
 * Looks at the streams of a scope while nothing is fitted: whether they drift, and their
 * background.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.watch;
