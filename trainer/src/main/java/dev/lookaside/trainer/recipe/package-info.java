/**
 * The rows of the LoAA paper's tables (arXiv 2412.05951), of AST (arXiv 2104.01778) and some of our
 * own as options of a fit, one resource {@code recipes/DATASET/ROW.conf} each, with the figures the
 * papers give for them.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.recipe;
