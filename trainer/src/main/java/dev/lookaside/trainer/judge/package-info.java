/** What an adapter makes of single sounds, by the code that decodes streams. */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.judge;
