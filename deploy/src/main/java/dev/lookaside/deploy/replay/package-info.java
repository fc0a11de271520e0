/**
 * Retained audio processed once more, by the parts that process it live: with the ledger as it was,
 * or with another adapter. The result is compared with what is on the topic, and may replace it.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.deploy.replay;
