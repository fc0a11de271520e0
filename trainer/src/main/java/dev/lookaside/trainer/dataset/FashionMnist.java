package dev.lookaside.trainer.dataset;

import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.example.ImageSet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Fashion-MNIST as it is distributed, four IDX files: grey images of 28 x 28 pixels, 10 classes of
 * clothes; 60,000 to train on and 10,000 to test on.
 *
 * @see <a href="https://arxiv.org/abs/1708.07747">Xiao et al.: Fashion-MNIST</a>
 */
final class FashionMnist {
  private static final int SIDE = 28;
  private static final Map<String, String> FILES =
      Map.of(DataSet.TRAIN, "train", DataSet.TEST, "t10k");

  private static final List<String> CLASSES =
      List.of(
          "t-shirt / top",
          "trouser",
          "pullover",
          "dress",
          "coat",
          "sandal",
          "shirt",
          "sneaker",
          "bag",
          "ankle boot");

  private FashionMnist() {}

  /**
   * Reads a split.
   *
   * @throws TrainerException naming file, field and value of what is wrong
   */
  static ImageSet load(Path folder, String split) {
    String prefix = FILES.get(split);
    if (prefix == null) {
      throw new TrainerException(
          "%s: split \"%s\": must be one of [test, train]".formatted(folder, split));
    }
    IdxFile labels = IdxFile.read(folder, prefix + "-labels-idx1-ubyte");
    IdxFile images = IdxFile.read(folder, prefix + "-images-idx3-ubyte", SIDE, SIDE);
    int count = labels.sizes()[0];
    if (images.sizes()[0] != count) {
      throw new TrainerException(
          "%s: count \"%d\": must be %d, as in %s"
              .formatted(images.file(), images.sizes()[0], count, labels.file().getFileName()));
    }
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      classes[i] = labels.bytes()[i] & 0xFF;
      if (classes[i] >= CLASSES.size()) {
        throw new TrainerException(
            "%s: label \"%d\" of image %d: must be 0 to %d"
                .formatted(labels.file(), classes[i], i, CLASSES.size() - 1));
      }
    }
    String name = "%s, %s split,".formatted(Distribution.FASHION_MNIST, split);
    return new ImageSet(name, CLASSES, SIDE, SIDE, images.bytes(), classes);
  }
}
