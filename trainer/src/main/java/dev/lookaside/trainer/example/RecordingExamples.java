package dev.lookaside.trainer.example;

import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.trainer.TrainerException;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Windows of whole recordings, one every hop, with the targets that {@link Targets} makes of their
 * events. Where windows vary, each epoch begins at another frame of the first hop, so that over
 * many epochs an event lies at every place of a window. A recording shorter than a window is padded
 * as a clip; columns of padding have no weight.
 *
 * <p>Of the augmentation only what comes after the log-mel is used, as for scenes.
 */
public final class RecordingExamples implements ExampleSource {
  private final RecordingSet set;
  private final WindowSpec spec;
  private final Plan plan;
  private final Augmentation augmentation;
  private final Targets targets;

  /** Index of each recording's first window, and at the end the number of all windows. */
  private final int[] firstWindow;

  /**
   * Which windows.
   *
   * @param hopFrames from one window of a recording to the next
   * @param most so many windows of an epoch at most, spread evenly over all
   * @param seed of where epochs begin
   */
  public record Plan(int hopFrames, int most, long seed) {
    public Plan {
      if (hopFrames < 1 || most < 1) {
        throw new TrainerException(
            "hop frames \"%d\", windows \"%d\": must be at least 1".formatted(hopFrames, most));
      }
    }
  }

  /**
   * @param columns whether a window has a row of targets per time column
   */
  public RecordingExamples(
      RecordingSet set, WindowSpec spec, boolean columns, Plan plan, Augmentation augmentation) {
    this.set = set;
    this.spec = spec;
    this.plan = plan;
    this.augmentation = augmentation;
    this.targets = new Targets(spec, columns, set.labels().size());
    this.firstWindow = new int[set.recordings().size() + 1];
    for (int r = 0; r < set.recordings().size(); r++) {
      long spare = Math.max(0, frames(set.recordings().get(r)) - spec.frames());
      firstWindow[r + 1] = Math.toIntExact(firstWindow[r] + 1 + spare / plan.hopFrames());
    }
  }

  private long frames(TimedRecording recording) {
    return recording.frameCount(spec.frontEnd());
  }

  @Override
  public List<String> labels() {
    return set.labels();
  }

  @Override
  public int rows() {
    return targets.rows();
  }

  @Override
  public int size() {
    return Math.min(plan.most(), windows());
  }

  private int windows() {
    return firstWindow[firstWindow.length - 1];
  }

  @Override
  public String identity() {
    return "recordings %s %s %s %s rows %d"
        .formatted(set.identity(), spec, plan, augmentation.identity(), targets.rows());
  }

  @Override
  public Epoch epoch(int epoch) {
    SplittableRandom random = new SplittableRandom(Seeds.mix(plan.seed(), epoch));
    boolean fixed = augmentation.equals(Augmentation.NONE);
    return new Shifted(fixed ? 0 : random.nextInt(plan.hopFrames()), fixed);
  }

  private final class Shifted implements Epoch {
    private final int shiftFrames;
    private final boolean fixed;

    Shifted(int shiftFrames, boolean fixed) {
      this.shiftFrames = shiftFrames;
      this.fixed = fixed;
    }

    @Override
    public int label(int index) {
      return -1;
    }

    @Override
    public Example example(int index, RandomGenerator random) {
      int window = (int) ((long) index * windows() / size());
      int r = 0;
      while (firstWindow[r + 1] <= window) {
        r++;
      }
      TimedRecording recording = set.recordings().get(r);
      long frames = frames(recording);
      long wanted = (long) (window - firstWindow[r]) * plan.hopFrames() + shiftFrames;
      int from = Math.toIntExact(Math.min(wanted, Math.max(0, frames - spec.frames())));
      int validFrames = (int) Math.min(spec.frames(), frames - from);
      float[] values = spec.cut(recording.logMel(spec.frontEnd(), from, validFrames), 0);
      float[] target = new float[targets.values()];
      float[] weights = new float[targets.rows()];
      targets.scene(near(recording, from), set.labels(), from, target, weights);
      targets.unweighted(validFrames, weights);
      augmentation.finish(values, spec, random);
      String name = "%s frame %d".formatted(recording.name(), from);
      return new Example(name, values, target, weights, fixed ? index : Example.VARIES);
    }

    /** The events that a window may touch: a recording of an hour has hundreds. */
    private List<LabelledEvent> near(TimedRecording recording, int fromFrame) {
      FrontEnd frontEnd = spec.frontEnd();
      double from = (double) frontEnd.fromSample(fromFrame) / frontEnd.rateHz();
      double until = from + spec.frames() * frontEnd.hopSeconds();
      return recording.events().stream()
          .filter(e -> e.onsetSeconds() < until && e.offsetSeconds() > from)
          .toList();
    }
  }
}
