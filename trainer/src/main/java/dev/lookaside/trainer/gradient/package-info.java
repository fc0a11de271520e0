/**
 * Gradients in the graph that serves: one rule beside each operation, one walk backwards over the
 * classifier's finished graph, and the result run by the same ONNX Runtime. Nothing is
 * differentiated below the first trained tensor, and the graph that serves holds nothing of it.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.gradient;
