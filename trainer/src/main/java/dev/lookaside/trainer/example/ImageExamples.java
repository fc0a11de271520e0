package dev.lookaside.trainer.example;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * One window of every image. Of the augmentation, a random crop moves the image by up to 2 pixels
 * each way, mixup mixes brightness and classes, and masks, noise and roll are as for sounds; gain
 * and background are of sounds alone.
 */
public final class ImageExamples implements ExampleSource, ExampleSource.Epoch {
  private static final int MAX_MOVE_PIXELS = 2;

  private final ImageSet images;
  private final WindowSpec spec;
  private final Augmentation augmentation;
  private final Targets targets;

  /**
   * @param columns whether a window has a row of targets per time column
   */
  public ImageExamples(
      ImageSet images, WindowSpec spec, boolean columns, Augmentation augmentation) {
    this.images = images;
    this.spec = spec;
    this.augmentation = augmentation;
    this.targets = new Targets(spec, columns, images.labels().size());
  }

  @Override
  public List<String> labels() {
    return images.labels();
  }

  @Override
  public int rows() {
    return targets.rows();
  }

  @Override
  public int size() {
    return images.size();
  }

  @Override
  public String identity() {
    return "images %s %s %s rows %d"
        .formatted(images.identity(), spec, augmentation.identity(), targets.rows());
  }

  @Override
  public Epoch epoch(int epoch) {
    return this;
  }

  @Override
  public int label(int index) {
    return images.label(index);
  }

  @Override
  public Example example(int index, RandomGenerator random) {
    float[] wanted = new float[targets.values()];
    float[] weights = new float[targets.rows()];
    float[] window = moved(index, random);
    if (random.nextDouble() < augmentation.mixup()) {
      int other = random.nextInt(images.size());
      float share = (float) Augmentation.mixShare(random);
      float[] second = moved(other, random);
      for (int i = 0; i < window.length; i++) {
        window[i] = share * window[i] + (1 - share) * second[i];
      }
      targets.clip(images.label(other), 1 - share, spec.frames(), wanted, weights);
      targets.clip(images.label(index), share, spec.frames(), wanted, weights);
    } else {
      targets.clip(images.label(index), 1, spec.frames(), wanted, weights);
    }
    augmentation.finish(window, spec, random);
    int key = augmentation.equals(Augmentation.NONE) ? index : Example.VARIES;
    return new Example(images.name(index), window, wanted, weights, key);
  }

  private float[] moved(int index, RandomGenerator random) {
    if (!augmentation.randomCrop()) {
      return images.window(index, spec, 0, 0);
    }
    int right = random.nextInt(-MAX_MOVE_PIXELS, MAX_MOVE_PIXELS + 1);
    int down = random.nextInt(-MAX_MOVE_PIXELS, MAX_MOVE_PIXELS + 1);
    return images.window(index, spec, right, down);
  }
}
