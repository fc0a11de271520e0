/**
 * Retained audio heard once more, by the parts that hear it live: with the ledger as it was, or
 * with another adapter. What comes out is compared with what stands on the topic, and may replace
 * it.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.deploy.replay;
