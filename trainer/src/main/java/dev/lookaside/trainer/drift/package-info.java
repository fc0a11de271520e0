/**
 * Whether a stream still sounds like what the adapter in force was fitted on: statistics of
 * embeddings and posteriors over a short stretch of audio, against those of the fit's own sounds,
 * with bounds that are calibrated on held-out recordings and an alarm that does not flap. No labels
 * are needed, so an alarm says that a stream is another one than before, not that it is scored
 * wrongly.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.drift;
