/**
 * What a trainer writes for others: adapters and decisions in the ledger, and how its rounds ended.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.publish;
