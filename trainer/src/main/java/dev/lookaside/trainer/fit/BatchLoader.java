package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.Example;
import dev.lookaside.trainer.example.ExampleSource;
import dev.lookaside.trainer.example.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Makes the batch of the next step while the current one runs, on one thread of its own. Which
 * examples a step has, and how they vary, depends on source, seed and step alone.
 */
final class BatchLoader implements AutoCloseable {
  private final ExampleSource source;
  private final FitSettings settings;
  private final long lastStep;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread loader = new Thread(task, "batch-loader");
            loader.setDaemon(true);
            return loader;
          });
  private long nextStep;
  private @Nullable Future<Batch> next;

  /** Used by the loader's thread alone. */
  private int epoch = -1;

  private ExampleSource.@Nullable Epoch examples;
  private int[] order = new int[0];

  /**
   * @param firstStep from 0
   */
  BatchLoader(ExampleSource source, FitSettings settings, long firstStep) {
    this.source = source;
    this.settings = settings;
    this.nextStep = firstStep;
    this.lastStep = settings.steps(source.size()) - 1;
  }

  /**
   * The batch of the next step.
   *
   * @throws TrainerException if an example cannot be made, or the thread is interrupted
   */
  Batch next() {
    Future<Batch> wanted = next == null ? thread.submit(() -> make(nextStep)) : next;
    next = wanted;
    Batch batch;
    try {
      batch = wanted.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new TrainerException("an example cannot be made: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TrainerException("interrupted while waiting for step " + (nextStep + 1), e);
    }
    nextStep++;
    long following = nextStep;
    next = following <= lastStep ? thread.submit(() -> make(following)) : null;
    return batch;
  }

  private Batch make(long step) {
    int perEpoch = settings.stepsPerEpoch(source.size());
    int wanted = (int) (step / perEpoch);
    ExampleSource.Epoch current = examples;
    if (current == null || wanted != epoch) {
      examples = null; // two epochs of scenes need not fit
      current = source.epoch(wanted);
      order = settings.order().indices(current, source.size(), settings.seed(), wanted);
      examples = current;
      epoch = wanted;
    }
    int from = (int) (step % perEpoch) * settings.batchSize();
    int until = Math.min(order.length, from + settings.batchSize());
    List<Example> batch = new ArrayList<>();
    for (int i = from; i < until; i++) {
      batch.add(
          current.example(order[i], new SplittableRandom(Seeds.mix(settings.seed(), wanted, i))));
    }
    return new Batch(wanted, batch);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
