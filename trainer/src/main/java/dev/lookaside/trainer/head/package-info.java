/**
 * The quick way to another head: what the frozen rest makes of windows is kept, and the head's rows
 * are fitted to it in plain Java, to the optimum of a convex function.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.head;
