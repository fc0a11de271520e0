/**
 * Fits adapters, and with full fine-tuning backbones: which weights move, optimiser, schedule, the
 * loop over batches, its log and its checkpoints. Gradients come from the gradient package,
 * examples from the example package. A fit is a pure function of its settings and examples: on one
 * kind of CPU the same seed gives the same bytes, however often it was interrupted.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.fit;
