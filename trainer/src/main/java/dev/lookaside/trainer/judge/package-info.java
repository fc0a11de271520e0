/** How well an adapter detects what sounded and when, and with which thresholds. */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.judge;
