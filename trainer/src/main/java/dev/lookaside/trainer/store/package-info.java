/**
 * Where examples from corrections are kept: a folder with an SQLite index, audio and log-mels.
 * Labels come from {@code audio.labels}, their audio from the chunks that are still retained;
 * whatever is interrupted, after a restart nothing is lost or doubled. What a store was made with
 * (split, seed, front end) stays so for ever.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.store;
