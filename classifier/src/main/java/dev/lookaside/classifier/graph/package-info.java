/**
 * A small checked builder of ONNX graphs and the one model written with it. Values are assigned
 * once and have shapes known when they are built; every operation states its shape rule and its
 * plain-Java meaning, so a whole graph can be interpreted, and walked backwards by whoever adds a
 * gradient beside each operation.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier.graph;
