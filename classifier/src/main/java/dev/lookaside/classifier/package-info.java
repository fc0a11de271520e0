/**
 * What is in the sound, and when: backbone and adapter files ({@code weights}), the vision
 * transformer with its look-aside adapters written once as a graph ({@code graph}), running it
 * ({@code infer}) and turning posteriors into events ({@code detect}). This package holds only what
 * all of them are configured by.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.classifier;
