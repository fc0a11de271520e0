/**
 * Weight files and nothing else: safetensors and npy, the backbone layouts Lookaside reads, the
 * adapter format it reads and writes. Whatever leaves this package is complete and checked: no
 * missing tensor, no wrong shape, no number that is not finite in an adapter. Every refusal names
 * the file, the tensor, and what was expected and found.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier.weights;
