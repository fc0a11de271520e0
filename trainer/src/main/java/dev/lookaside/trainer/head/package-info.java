/**
 * The head-only refit: the embeddings of windows are cached, and the head's rows are fitted to it
 * in plain Java, to the optimum of a convex function.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.head;
