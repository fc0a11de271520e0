/**
 * Fits of a round: the head alone by convex fits on cached embeddings, one for each fold and one
 * for all, or the whole adapter; each with the evidence that it leaves for the gate.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.refit;
