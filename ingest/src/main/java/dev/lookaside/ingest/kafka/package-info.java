/**
 * Everything Lookaside does with Kafka's clients: they are made here and nowhere else, a topic is
 * read to its end, followed or written here, and each call ends at a deadline with an error that
 * names topic, brokers and deadline. Knows nothing of audio; the types of Kafka's clients are part
 * of its interface.
 */
@NullMarked
package dev.lookaside.ingest.kafka;

import org.jspecify.annotations.NullMarked;
