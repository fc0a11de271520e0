/**
 * Data sets as their makers distribute them, in a folder the user names: which recordings there
 * are, what occurs in them and how they are split. Nothing is downloaded and no sound is read
 * before it is needed. Whatever a distribution breaks of its own rules is a {@link
 * dev.lookaside.trainer.TrainerException} that names file, line, column and value.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.dataset;
