/**
 * Decides what the trainer of a scope does next, from collecting labels to an adapter in force and
 * back: a pure core, and the actor that has it done.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.loop;
