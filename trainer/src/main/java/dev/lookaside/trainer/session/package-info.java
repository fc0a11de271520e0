/**
 * What the leader of a scope works with, from when it leads until it does not; and its settings.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.session;
