package dev.lookaside.trainer.example;

import dev.lookaside.ingest.Sha256;
import dev.lookaside.trainer.TrainerException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Labelled grey images of one size, in memory, that stand in for log-mel windows: for a vision
 * transformer's start. Values are brightness, 0 (black) to 1, where a log-mel would be.
 *
 * <p>An image lies in the window as a spectrogram is drawn: its columns along the frames, its top
 * row at the highest mel. It is enlarged bilinearly (pixel centres, as torch's {@code interpolate})
 * as far as its sides' ratio allows, centred, and black around. Any thread may ask.
 */
public final class ImageSet {
  private final String name;
  private final List<String> labels;
  private final int width;
  private final int height;
  private final byte[] pixels;
  private final int[] classes;

  /**
   * @param name of its data set and split, for people
   * @param pixels row-major {@code [images][height][width]}, unsigned; not copied, nobody writes to
   *     it any more
   * @param classes label index per image; not copied either
   * @throws TrainerException if there is none, or a class is not among the labels
   */
  public ImageSet(
      String name, List<String> labels, int width, int height, byte[] pixels, int[] classes) {
    this.name = name;
    this.labels = List.copyOf(labels);
    this.width = width;
    this.height = height;
    this.pixels = pixels;
    this.classes = classes;
    if (classes.length == 0 || (long) classes.length * width * height != pixels.length) {
      throw new TrainerException(
          "%s: images \"%d\": must be 1 or more of %d x %d pixels, not %d bytes"
              .formatted(name, classes.length, width, height, pixels.length));
    }
    for (int i = 0; i < classes.length; i++) {
      if (classes[i] < 0 || classes[i] >= labels.size()) {
        throw new TrainerException(
            "%s: label \"%d\" of image %d: must be 0 to %d"
                .formatted(name, classes[i], i, labels.size() - 1));
      }
    }
  }

  public List<String> labels() {
    return labels;
  }

  public int size() {
    return classes.length;
  }

  public int label(int index) {
    return classes[index];
  }

  public String name(int index) {
    return "%s image %d".formatted(name, index);
  }

  /** Hex sha256 of labels, sizes, classes and pixels. */
  public String identity() {
    MessageDigest digest = Sha256.begin();
    labels.forEach(l -> digest.update((l + '\n').getBytes(StandardCharsets.UTF_8)));
    ByteBuffer numbers = ByteBuffer.allocate(Integer.BYTES * (2 + classes.length));
    numbers.putInt(width).putInt(height).asIntBuffer().put(classes);
    digest.update(numbers.array());
    digest.update(pixels);
    return HexFormat.of().formatHex(digest.digest());
  }

  /** At most so many of them, spread evenly over all. */
  public ImageSet limited(int most) {
    int count = Math.min(most, size());
    byte[] kept = new byte[count * width * height];
    int[] keptClasses = new int[count];
    for (int i = 0; i < count; i++) {
      int from = (int) ((long) i * size() / count);
      System.arraycopy(pixels, from * width * height, kept, i * width * height, width * height);
      keptClasses[i] = classes[from];
    }
    return new ImageSet(name, labels, width, height, kept, keptClasses);
  }

  /**
   * The same images with the labels in another order.
   *
   * @param indices for each label its index in {@code order}
   */
  public ImageSet relabelled(List<String> order, int[] indices) {
    int[] renumbered = Arrays.stream(classes).map(c -> indices[c]).toArray();
    return new ImageSet(name, order, width, height, pixels, renumbered);
  }

  /** What a new model normalises with: over all pixels, the black around them not counted. */
  public ClipSet.Statistics statistics() {
    long sum = 0;
    long squares = 0;
    for (byte pixel : pixels) {
      int value = pixel & 0xFF;
      sum += value;
      squares += value * value;
    }
    double mean = (double) sum / pixels.length;
    double variance = (double) squares / pixels.length - mean * mean;
    return new ClipSet.Statistics(
        (float) (mean / 255), (float) (Math.sqrt(Math.max(1e-12, variance)) / 255));
  }

  /**
   * An image as a window, row-major {@code [frames][mels]}, not normalised.
   *
   * @param right and {@code down}: pixels by which it is moved; what comes in is black
   */
  public float[] window(int index, WindowSpec spec, int right, int down) {
    int mels = spec.frontEnd().mels();
    double scale = Math.min((double) spec.frames() / width, (double) mels / height);
    Axis across = Axis.of(spec.frames(), width, scale, right);
    Axis upright = Axis.of(mels, height, scale, down);
    float[] window = new float[spec.values()];
    int image = index * width * height;
    for (int f = 0; f < spec.frames(); f++) {
      for (int m = 0; m < mels; m++) {
        int row = mels - 1 - m;
        if (across.inside(f) && upright.inside(row)) {
          int top = image + upright.first[row] * width;
          int bottom = image + upright.second[row] * width;
          float above =
              across.between(f, pixels[top + across.first[f]], pixels[top + across.second[f]]);
          float below =
              across.between(
                  f, pixels[bottom + across.first[f]], pixels[bottom + across.second[f]]);
          window[f * mels + m] = (above + upright.share[row] * (below - above)) / 255;
        }
      }
    }
    return window;
  }

  /** A normalised window of an image that is not moved. */
  public float[] normalised(int index, WindowSpec spec) {
    float[] window = window(index, spec, 0, 0);
    spec.normalise(window);
    return window;
  }

  /** For each cell of a window's side the two pixels it lies between; -1 where it is outside. */
  private record Axis(int[] first, int[] second, float[] share) {
    static Axis of(int cells, int pixels, double scale, int moved) {
      int[] first = new int[cells];
      int[] second = new int[cells];
      float[] share = new float[cells];
      double margin = (cells - pixels * scale) / 2;
      for (int i = 0; i < cells; i++) {
        double at = (i + 0.5 - margin) / scale - 0.5 - moved;
        // Half a pixel beyond the outermost centres belongs to the image, too.
        if (at < -0.5 || at >= pixels - 0.5) {
          first[i] = -1;
          continue;
        }
        double kept = Math.max(0, Math.min(pixels - 1, at));
        first[i] = (int) kept;
        second[i] = Math.min(pixels - 1, first[i] + 1);
        share[i] = (float) (kept - first[i]);
      }
      return new Axis(first, second, share);
    }

    boolean inside(int cell) {
      return first[cell] >= 0;
    }

    float between(int cell, byte a, byte b) {
      int left = a & 0xFF;
      return left + share[cell] * ((b & 0xFF) - left);
    }
  }
}
