/** How good an adapter is at hearing what sounded and when, and with which thresholds. */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.judge;
