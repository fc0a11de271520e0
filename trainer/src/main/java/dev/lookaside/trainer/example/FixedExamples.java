package dev.lookaside.trainer.example;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The first epoch of a source, again in every epoch, so that what frozen blocks make of its windows
 * may be kept. Any thread may ask.
 */
public final class FixedExamples implements ExampleSource {
  private final ExampleSource source;
  private @Nullable Epoch first;

  public FixedExamples(ExampleSource source) {
    this.source = source;
  }

  @Override
  public List<String> labels() {
    return source.labels();
  }

  @Override
  public int rows() {
    return source.rows();
  }

  @Override
  public int size() {
    return source.size();
  }

  @Override
  public String identity() {
    return "first epoch of " + source.identity();
  }

  @Override
  public synchronized Epoch epoch(int epoch) {
    Epoch known = first;
    if (known == null) {
      known = new Same(source.epoch(0));
      first = known;
    }
    return known;
  }

  private record Same(Epoch epoch) implements Epoch {
    @Override
    public int label(int index) {
      return epoch.label(index);
    }

    @Override
    public Example example(int index, RandomGenerator random) {
      Example e = epoch.example(index, new SplittableRandom(index));
      return new Example(e.name(), e.window(), e.targets(), e.weights(), index);
    }
  }
}
