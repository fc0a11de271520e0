/**
 * What has become of a label: whether it counts, which adapter it is in since when, and what the
 * adapter before and that one detect in the interval it is about. From the topics alone: the labels
 * and the ledger.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.receipt;
