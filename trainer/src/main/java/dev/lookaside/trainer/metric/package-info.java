/**
 * How good recognition and detection are: pure functions of truth and output, without files, clocks
 * or randomness. Every number is the exact value of its published definition, which its class
 * names; nothing is sampled, binned or approximated by a grid of thresholds. Where a definition
 * leaves a case open (ties, a class that never sounds), the class documents what is done. A number
 * that does not exist (a mean over nothing) is NaN, never 0.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.metric;
