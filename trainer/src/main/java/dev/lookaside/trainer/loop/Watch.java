package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.collect.Round;
import org.jspecify.annotations.Nullable;

/**
 * An adapter that this loop has brought into force and whose detections are judged since.
 *
 * @param round that made it
 * @param adapter digest
 * @param previous digest in force in the scope before; null: the scope had none of its own
 * @param sinceMillis since 1970
 */
public record Watch(Round round, String adapter, @Nullable String previous, long sinceMillis) {}
