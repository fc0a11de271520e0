/**
 * The rows of the LoAA paper's tables (arXiv 2412.05951) as options of a fit, one resource {@code
 * recipes/DATASET/ROW.conf} each, with the figures the paper gives for them.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.recipe;
