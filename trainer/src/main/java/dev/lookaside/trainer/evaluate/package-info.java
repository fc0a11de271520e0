/**
 * What a model makes of a split of a data set: scores of its clips or events of its recordings,
 * their metrics, the thresholds that suit them, and the files that the EPIC-SOUNDS challenges take.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.evaluate;
