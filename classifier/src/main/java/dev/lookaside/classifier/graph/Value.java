package dev.lookaside.classifier.graph;

import dev.lookaside.classifier.weights.FloatTensor;
import java.util.Optional;

/**
 * A float tensor of a graph, assigned once: an input, a weight, or what one operation gives.
 *
 * @param name unique in its graph
 * @param weight the numbers of a weight; empty for inputs and results
 */
public record Value(String name, Shape shape, Optional<FloatTensor> weight) {}
