/**
 * Which sounds to label next: those whose answer would change the adapter most. {@link
 * dev.lookaside.trainer.query.QueryStrategy} ranks and is pure; {@link
 * dev.lookaside.trainer.query.PoolScorer} finds out what adapters make of the sounds.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.query;
