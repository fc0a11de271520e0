/**
 * Which adapter is in force where and since when, and how it comes to every worker: slices and
 * signed ledger records on Kafka, checked before use. Facts about time and state come in as
 * arguments; only the readers and writers of topics touch Kafka.
 */
@NullMarked
package dev.lookaside.classifier.registry;

import org.jspecify.annotations.NullMarked;
