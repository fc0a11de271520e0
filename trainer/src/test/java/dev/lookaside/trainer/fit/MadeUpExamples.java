package dev.lookaside.trainer.fit;

import dev.lookaside.trainer.example.Example;
import dev.lookaside.trainer.example.ExampleSource;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Windows of a few values whose class shows in one of them, with noise that varies each time. */
final class MadeUpExamples implements ExampleSource, ExampleSource.Epoch {
  static final int CLASSES = 3;
  static final int VALUES = 5;

  private final int size;
  private final int broken;

  MadeUpExamples(int size) {
    this(size, -1);
  }

  /**
   * @param broken an example whose window holds NaN; -1 for none
   */
  MadeUpExamples(int size, int broken) {
    this.size = size;
    this.broken = broken;
  }

  @Override
  public List<String> labels() {
    return IntStream.range(0, CLASSES).mapToObj(c -> "class" + c).toList();
  }

  @Override
  public int rows() {
    return 1;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public String identity() {
    return "made up " + size;
  }

  @Override
  public Epoch epoch(int epoch) {
    return this;
  }

  @Override
  public int label(int index) {
    return index < size / 2 ? 0 : index % CLASSES;
  }

  @Override
  public Example example(int index, RandomGenerator random) {
    float[] window = new float[VALUES];
    for (int i = 0; i < VALUES; i++) {
      window[i] = (float) (0.3 * random.nextGaussian());
    }
    window[label(index)] += 1;
    if (index == broken) {
      window[0] = Float.NaN;
    }
    float[] targets = new float[CLASSES];
    targets[label(index)] = 1;
    return new Example("clip" + index, window, targets, new float[] {1}, Example.VARIES);
  }
}
