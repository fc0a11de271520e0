package dev.lookaside.classifier.detect;

import dev.lookaside.classifier.detect.HysteresisDecoder.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A random segment. */
record SegmentCase(
    CurveGrid grid,
    DecoderSettings settings,
    List<WholeClipReference.Window> windows,
    boolean joined) {
  static SegmentCase random(RandomGenerator random) {
    int cell = 1 + random.nextInt(4);
    int columns = 1 + random.nextInt(3) * random.nextInt(4);
    int window = columns == 1 ? 1 + random.nextInt(40) : columns * cell * (1 + random.nextInt(3));
    int hop = 1 + random.nextInt(window);
    CurveGrid grid = CurveGrid.of(window, hop, columns);
    int classes = 1 + random.nextInt(3);
    float[] on = new float[classes];
    float[] off = new float[classes];
    int[] minLength = new int[classes];
    for (int c = 0; c < classes; c++) {
      on[c] = .3f + .5f * random.nextFloat();
      off[c] = on[c] * (.3f + .7f * random.nextFloat());
      minLength[c] = random.nextInt(4 * hop);
    }
    Combination how =
        List.of(
                Combination.MEAN,
                Combination.WEIGHTED,
                Combination.MINIMUM,
                Combination.quantile(random.nextFloat()),
                Combination.CENTRE,
                Combination.position(random.nextFloat()))
            .get(random.nextInt(6));
    DecoderSettings settings =
        new DecoderSettings(how, on, off, minLength, random.nextInt(4 * hop));
    List<WholeClipReference.Window> windows = new ArrayList<>();
    long first = random.nextBoolean() ? 0 : random.nextInt(1000);
    int count = 1 + random.nextInt(60);
    float[] level = new float[classes];
    for (int i = 0; i < count; i++) {
      int valid = i == count - 1 ? 1 + random.nextInt(window) : window;
      windows.add(
          new WholeClipReference.Window(
              first + i, valid, posteriors(random, columns, classes, level)));
    }
    return new SegmentCase(grid, settings, windows, random.nextInt(3) == 0);
  }

  /** Correlated noise, so that runs of all lengths come; a tenth skipped, a tenth shed. */
  private static float @Nullable [][] posteriors(
      RandomGenerator random, int columns, int classes, float[] level) {
    int fate = random.nextInt(10);
    if (fate == 0) {
      return null;
    }
    float[][] p = new float[columns][classes];
    for (int column = 0; column < columns && fate != 1; column++) {
      for (int c = 0; c < classes; c++) {
        if (random.nextInt(4) == 0) {
          level[c] = random.nextFloat();
        }
        p[column][c] = Math.min(1, Math.max(0, level[c] + .1f * random.nextFloat()));
      }
    }
    return p;
  }

  HysteresisDecoder decoder(PosteriorCurve.@Nullable CellConsumer tap) {
    return new HysteresisDecoder(grid, settings, 0, tap);
  }

  List<Event> stream() {
    return stream(null);
  }

  List<Event> stream(PosteriorCurve.@Nullable CellConsumer tap) {
    HysteresisDecoder decoder = decoder(tap);
    List<Event> events = new ArrayList<>();
    for (int i = 0; i < windows.size(); i++) {
      events.addAll(feed(decoder, i));
    }
    events.addAll(decoder.finish());
    return events;
  }

  List<Event> feed(HysteresisDecoder decoder, int i) {
    return feedAs(decoder, i, joined && i == 0);
  }

  List<Event> feedAs(HysteresisDecoder decoder, int i, boolean joinedHere) {
    WholeClipReference.Window w = windows.get(i);
    float[][] p = w.posteriors();
    if (p == null) {
      return decoder.push(w.index(), w.validFrames(), null, joinedHere);
    }
    float[] flat = new float[p.length * settings.classes()];
    boolean zero = true;
    for (int column = 0; column < p.length; column++) {
      for (int c = 0; c < settings.classes(); c++) {
        flat[column * settings.classes() + c] = p[column][c];
        zero &= p[column][c] == 0;
      }
    }
    return zero
        ? decoder.skip(w.index(), w.validFrames(), joinedHere)
        : decoder.push(w.index(), w.validFrames(), flat, joinedHere);
  }
}
