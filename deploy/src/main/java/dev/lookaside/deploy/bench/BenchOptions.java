package dev.lookaside.deploy.bench;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What parts can be asked for besides.
 *
 * @param swaps of adapters, for part swaps
 * @param sets of labels: of each kind for part gate, and for part label-choice
 * @param full whether part gate refits the whole adapter, else the head
 * @param sounds class folders of what is played and labelled there; null: the bundled sounds
 * @param seed of these sets
 */
public record BenchOptions(int swaps, int sets, boolean full, @Nullable Path sounds, long seed) {}
