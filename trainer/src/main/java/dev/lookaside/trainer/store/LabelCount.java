package dev.lookaside.trainer.store;

import java.util.Optional;

/**
 * Usable examples of one class.
 *
 * @param label empty for background
 */
public record LabelCount(Optional<String> label, int train, int heldOut) {}
