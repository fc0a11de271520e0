package dev.lookaside.classifier.infer;

import dev.lookaside.featurizer.MelWindow;

/** A window and the adapter that scores it. */
public record AdaptedWindow(MelWindow window, LoadedAdapter adapter) {}
