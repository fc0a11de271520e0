/**
 * Running the model: one scorer that owns its ONNX Runtime session and buffers, the pure batching
 * rule, and the actor that owns the thread. On a CPU the posteriors of a window are the same bits
 * whatever else is in its batch and however many threads work. Native memory never leaves here.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier.infer;
