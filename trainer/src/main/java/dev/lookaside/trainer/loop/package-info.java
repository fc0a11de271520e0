/**
 * From corrections to an adapter in force: collects labels, refits, judges, tries in shadow and on
 * a few streams, publishes, and takes back what turns out wrong.
 */
@org.jspecify.annotations.NullMarked
package dev.lookaside.trainer.loop;
