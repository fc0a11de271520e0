/**
 * A small checked builder of ONNX graphs and the one model written with it. Values are assigned
 * once, their shapes are known when they are built, and every operation is a small record that
 * states its ONNX name, attributes and shape rule. So a finished graph can be walked backwards by
 * whoever adds a gradient beside each operation.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier.graph;
