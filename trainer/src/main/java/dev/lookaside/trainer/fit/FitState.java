package dev.lookaside.trainer.fit;

import java.util.SortedMap;

/**
 * All that a fit is between two steps.
 *
 * @param steps done
 * @param weights trained tensors by name, row-major; changed by the fit that owns them
 * @param moments of the optimiser, by the same names; empty before the first step
 */
record FitState(
    long steps, SortedMap<String, float[]> weights, SortedMap<String, Optimizer.Moments> moments) {}
