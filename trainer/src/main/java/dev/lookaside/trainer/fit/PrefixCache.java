package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.example.Example;
import dev.lookaside.trainer.gradient.GradientRun;
import dev.lookaside.trainer.gradient.Gradients;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Runs the blocks below the first trained one once for every example whose window comes again, and
 * keeps what they gave, up to a quarter of the heap.
 */
final class PrefixCache implements BatchGradients {
  private static final long CACHE_SHARE = 4;

  /** Runs the blocks below for some windows. */
  @FunctionalInterface
  interface Below {
    /** Row-major {@code [count][entryFloats]}. */
    float[] entries(float[] windows, int count);
  }

  private final GradientRun run;
  private final Below below;
  private final Map<Integer, float[]> entries = new HashMap<>();
  private long bytesLeft = Runtime.getRuntime().maxMemory() / CACHE_SHARE;

  PrefixCache(GradientRun run) {
    this(run, run::entries);
  }

  PrefixCache(GradientRun run, Below below) {
    this.run = run;
    this.below = below;
  }

  @Override
  public Gradients.Step step(Map<String, float[]> weights, Batch batch) {
    return run.stepFrom(weights, entries(batch), batch.targets(), batch.weights(), batch.size());
  }

  private float[] entries(Batch batch) {
    List<Integer> missing = new ArrayList<>();
    float[] all = new float[batch.size() * run.entryFloats()];
    for (int i = 0; i < batch.size(); i++) {
      float[] kept = entries.get(batch.examples().get(i).key());
      if (kept == null) {
        missing.add(i);
      } else {
        System.arraycopy(kept, 0, all, i * kept.length, kept.length);
      }
    }
    if (!missing.isEmpty()) {
      List<Example> asked = missing.stream().map(i -> batch.examples().get(i)).toList();
      Batch part = new Batch(batch.epoch(), asked);
      float[] computed = below.entries(part.windows(), part.size());
      int length = run.entryFloats();
      for (int m = 0; m < missing.size(); m++) {
        System.arraycopy(computed, m * length, all, missing.get(m) * length, length);
        keep(asked.get(m).key(), computed, m * length);
      }
    }
    return all;
  }

  private void keep(int key, float[] computed, int from) {
    long bytes = (long) Float.BYTES * run.entryFloats();
    if (key != Example.VARIES && bytesLeft >= bytes) {
      bytesLeft -= bytes;
      entries.put(key, Arrays.copyOfRange(computed, from, from + run.entryFloats()));
    }
  }
}
