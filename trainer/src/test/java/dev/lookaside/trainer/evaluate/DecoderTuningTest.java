package dev.lookaside.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.BoxDecoder;
import dev.lookaside.classifier.detect.ChangePointDecoder;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.MedianDecoder;
import dev.lookaside.classifier.detect.TunedDecoder;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.trainer.metric.Collars;
import dev.lookaside.trainer.metric.Counts;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.metric.EventF1;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Against every setting and threshold there is. */
class DecoderTuningTest {
  private static final List<String> LABELS = List.of("bell", "door");
  private static final int CELLS = 60;
  private static final double CELL_SECONDS = 0.16;
  private static final Collars COLLARS = Collars.onset(0.2);

  private final Map<String, ClipDetections> heard = new TreeMap<>();
  private final List<Event> truth = new ArrayList<>();

  /** Events of a second, heard with noise; bells faintly, and now and then for nothing. */
  private void scene(String stream, RandomGenerator random) {
    float[][] curve = new float[CELLS][LABELS.size()];
    for (float[] cell : curve) {
      for (int c = 0; c < cell.length; c++) {
        cell[c] = 0.3f * random.nextFloat();
      }
    }
    for (int c = 0; c < LABELS.size(); c++) {
      for (int from = random.nextInt(8); from + 7 < CELLS; from += 14 + random.nextInt(6)) {
        boolean real = random.nextInt(4) > 0;
        for (int i = from; i < from + 6; i++) {
          curve[i][c] += (c == 0 ? 0.25f : 0.6f) * (real ? 1 : 0.6f) * (0.5f + random.nextFloat());
          curve[i][c] = Math.min(1, curve[i][c]);
        }
        if (real) {
          double onset = from * CELL_SECONDS;
          truth.add(new Event(stream, LABELS.get(c), onset, onset + 6 * CELL_SECONDS));
        }
      }
    }
    heard.put(
        stream,
        new ClipDetections(
            LABELS, List.of(), new float[0][], 1, CELL_SECONDS, CELL_SECONDS, curve, CELL_SECONDS));
  }

  private static List<BoxDecoder> candidates(TunedDecoder.Kind kind) {
    List<BoxDecoder> all = new ArrayList<>();
    if (kind == TunedDecoder.Kind.MEDIAN) {
      for (int cells : new int[] {1, 3, 5, 7, 9, 13}) {
        all.add(new MedianDecoder(cells));
      }
      return all;
    }
    for (double step : new double[] {0.16, 0.32, 0.48, 0.64}) {
      for (double absolute : new double[] {0.15, 0.2, 0.3}) {
        for (double relative : new double[] {1.5, 2, 3}) {
          all.add(
              new ChangePointDecoder(new ChangePointDecoder.Settings(step, absolute, relative)));
        }
      }
    }
    return all;
  }

  private Counts counts(BoxDecoder decoder, int label, double threshold) {
    List<Event> found = new ArrayList<>();
    heard.forEach(
        (stream, clip) ->
            decoder
                .boxes(clip.curveOf(label), CELL_SECONDS, threshold)
                .forEach(
                    box ->
                        found.add(
                            new Event(
                                stream,
                                LABELS.get(label),
                                box.onsetSeconds(),
                                box.offsetSeconds()))));
    List<Event> own = truth.stream().filter(e -> e.label().equals(LABELS.get(label))).toList();
    return EventF1.of(own, found, COLLARS).total();
  }

  /** All counts of the greatest F1 of a class: thresholds may be equally good. */
  private List<Counts> best(BoxDecoder decoder, int label) {
    List<Counts> best = new ArrayList<>();
    for (int t = 0; t < 19; t++) {
      Counts counts = counts(decoder, label, 0.05 + 0.05 * t);
      if (!best.isEmpty() && counts.f1() > best.get(0).f1()) {
        best.clear();
      }
      if (best.isEmpty() || counts.f1() == best.get(0).f1()) {
        best.add(counts);
      }
    }
    return best;
  }

  @ParameterizedTest
  @EnumSource(TunedDecoder.Kind.class)
  void noOtherSettingIsBetter(TunedDecoder.Kind kind) {
    SeededRandom.forAll(
        DecoderTuningTest.class,
        3,
        random -> {
          heard.clear();
          truth.clear();
          for (int i = 0; i < 4; i++) {
            scene("scene" + i, random);
          }
          double greatest = 0;
          double least = 1;
          for (BoxDecoder candidate : candidates(kind)) {
            // Of thresholds that are as good for their class, whichever: the worst sum is a bound.
            double bound = 1;
            for (Counts bell : best(candidate, 0)) {
              for (Counts door : best(candidate, 1)) {
                bound = Math.min(bound, bell.plus(door).f1());
              }
            }
            greatest = Math.max(greatest, bound);
            least = Math.min(least, bound);
          }
          TunedDecoder tuned = new DecoderTuning(heard, truth, COLLARS).tuned(kind);
          assertThat(tuned.thresholds()).containsOnlyKeys(LABELS);
          Counts all = new Counts(0, 0, 0);
          for (int c = 0; c < LABELS.size(); c++) {
            all = all.plus(counts(tuned.decoder(), c, tuned.thresholds().get(LABELS.get(c))));
          }
          assertThat(all.f1()).isGreaterThanOrEqualTo(greatest);
          // The setting matters: another would have been worse.
          assertThat(least).isLessThan(greatest - 0.01);
        });
  }
}
