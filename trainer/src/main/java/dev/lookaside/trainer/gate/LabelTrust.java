package dev.lookaside.trainer.gate;

import dev.lookaside.trainer.gate.Gate.LabelCheck;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Whether labels can be right. Each label's sound was scored by a head that was fitted without it,
 * and the label's <em>contradiction</em> is how far that head and the incumbent put the named class
 * below the other classes and the sound below other classes' sounds: 0 where they agree with the
 * label, about a half on average where the name is drawn at random. Sounds whose names are known
 * say how contradictions are distributed where names are right, and with exchanged names where they
 * are wrong. The labels are then tested against <em>half of them are wrong</em> by the likelihood
 * ratio of the two mixtures; draws from both say how large it is by chance. Pure: draws come from a
 * fixed seed.
 *
 * @see "Northcutt et al., Confident learning, arXiv 1911.00068: label errors are found by the
 *     probabilities of a model that was not fitted on them"
 * @see "Neyman, Pearson: On the problem of the most efficient tests of statistical hypotheses,
 *     1933"
 */
public final class LabelTrust {
  /** Share of wrong labels of careful people, for which no refit must be rejected. */
  private static final double CAREFUL_ERROR_RATE = .05;

  /** Share of wrong labels that must not pass. */
  private static final double HALF_WRONG_RATE = .5;

  /** Bounds of the histogram's cells: finer where right names lie. */
  private static final double[] CELLS = {0, .03, .08, .15, .25, .35, .5, .65, .8, 1};

  private static final int DRAWS = 2_000;
  private static final long SEED = 1;

  /** A label that is wrong with more than this chance is not fitted on: one less costs little. */
  private static final double DOUBT_CHANCE = .3;

  /** Labels behind the first guess at the share of wrong ones, and how many of them are wrong. */
  private static final double PRIOR_LABELS = 10;

  private static final double PRIOR_WRONG = 1;

  private static final int ROUNDS = 50;

  /** Sums of the same ratios in another order are the same. */
  private static final double ROUNDING = 1e-9;

  /** More are never asked for: beyond this their number does not help. */
  static final int MORE_MAX = 100;

  private final double falsePass;
  private final double falseRefusal;
  private final Densities known;
  private final Densities added;

  /** Shares of the cells where names are right and where they are wrong. */
  @SuppressWarnings("ArrayRecordComponent") // Read only.
  private record Densities(double[] right, double[] wrong) {
    double mixed(double shareWrong, int cell) {
      return (1 - shareWrong) * right[cell] + shareWrong * wrong[cell];
    }

    /** Log of how much likelier a cell is among labels of people than if half were wrong. */
    double ratio(int cell) {
      return StrictMath.log(mixed(CAREFUL_ERROR_RATE, cell))
          - StrictMath.log(mixed(HALF_WRONG_RATE, cell));
    }

    double drawn(double at, double shareWrong) {
      double left = at;
      int cell = 0;
      while (cell < right.length - 1 && left >= mixed(shareWrong, cell)) {
        left -= mixed(shareWrong, cell);
        cell++;
      }
      return ratio(cell);
    }
  }

  /** What is decided of labels. */
  public enum Verdict {
    TRUSTED,
    /** Too many contradict all else. */
    CONTRADICTED,
    /** Too few to decide. */
    TOO_FEW
  }

  /**
   * The finding.
   *
   * @param chance of ratios as large if half of the labels were wrong
   * @param wrong for each label the chance that it is wrong, 0 to 1
   * @param more labels that would decide, if they are right; 0 unless there are too few
   */
  public record Finding(Verdict verdict, double chance, List<Double> wrong, int more) {
    public Finding {
      wrong = List.copyOf(wrong);
    }

    /** Whether a label is not to be fitted on. */
    public boolean doubts(int label) {
      return wrong.get(label) > DOUBT_CHANCE;
    }

    /** How many are not to be fitted on. */
    public int doubted() {
      return (int) wrong.stream().filter(w -> w > DOUBT_CHANCE).count();
    }
  }

  /**
   * @param right contradictions of sounds of known classes whose names are right
   * @param wrong of the same sounds with other classes' names
   * @param rightAsNew the first by the share alone that counts for new classes
   * @param wrongAsNew the second by it
   */
  public LabelTrust(
      GateSettings settings,
      List<Double> right,
      List<Double> wrong,
      List<Double> rightAsNew,
      List<Double> wrongAsNew) {
    this.falsePass = settings.falsePassChance();
    this.falseRefusal = settings.falseRefusalChance();
    this.known = new Densities(density(right), density(wrong));
    this.added = new Densities(density(rightAsNew), density(wrongAsNew));
  }

  /** Shares of the cells, with one sound more in each, so that none is impossible. */
  private static double[] density(List<Double> values) {
    double[] shares = new double[CELLS.length - 1];
    double smooth = 1;
    Arrays.setAll(shares, cell -> smooth * (CELLS[cell + 1] - CELLS[cell]) * shares.length);
    values.forEach(v -> shares[cell(v)]++);
    double sum = Arrays.stream(shares).sum();
    Arrays.setAll(shares, cell -> shares[cell] / sum);
    return shares;
  }

  private static int cell(double value) {
    int cell = 0;
    while (cell + 2 < CELLS.length && value >= CELLS[cell + 1]) {
      cell++;
    }
    return cell;
  }

  private Densities of(LabelCheck label) {
    return label.newClass() ? added : known;
  }

  /**
   * Decides on the fresh ones; labels that an adapter in force comes from were decided on before.
   *
   * @param labels all that are looked at one by one
   */
  public Finding of(List<LabelCheck> labels) {
    List<Double> each = wrongChances(labels);
    List<LabelCheck> fresh = labels.stream().filter(LabelCheck::fresh).toList();
    if (fresh.isEmpty()) {
      return new Finding(Verdict.TRUSTED, 0, each, 0);
    }
    double sum = fresh.stream().mapToDouble(l -> of(l).ratio(cell(l.contradiction()))).sum();
    double chance = atLeast(sums(fresh, HALF_WRONG_RATE), sum);
    double asLow = 1 - atLeast(sums(fresh, CAREFUL_ERROR_RATE), sum + ROUNDING);
    if (asLow <= falseRefusal) {
      // Also a set that half wrong labels explain no better: a third of them wrong, say.
      return new Finding(Verdict.CONTRADICTED, chance, each, 0);
    }
    if (chance <= falsePass) {
      return new Finding(Verdict.TRUSTED, chance, each, 0);
    }
    return new Finding(Verdict.TOO_FEW, chance, each, more(fresh, sum));
  }

  /** Sums of the ratios of such labels, drawn. */
  private double[] sums(List<LabelCheck> labels, double shareWrong) {
    SplittableRandom random = new SplittableRandom(SEED);
    double[] sums = new double[DRAWS];
    labels.forEach(l -> add(l, shareWrong, random, sums));
    return sums;
  }

  private void add(LabelCheck label, double shareWrong, SplittableRandom random, double[] sums) {
    Densities its = of(label);
    for (int d = 0; d < DRAWS; d++) {
      sums[d] += its.drawn(random.nextDouble(), shareWrong);
    }
  }

  /** Share of sums that are as large; ties and rounding count as reached. */
  private static double atLeast(double[] sums, double value) {
    int reached = 0;
    for (double sum : sums) {
      reached += sum >= value - ROUNDING ? 1 : 0;
    }
    return (double) reached / sums.length;
  }

  /** How many right labels more, of the same classes in turn, would pass in every second case. */
  private int more(List<LabelCheck> fresh, double sum) {
    SplittableRandom random = new SplittableRandom(SEED + 1);
    double[] bad = sums(fresh, HALF_WRONG_RATE);
    double[] good = new double[DRAWS];
    for (int more = 1; more < MORE_MAX; more++) {
      LabelCheck next = fresh.get((more - 1) % fresh.size());
      add(next, HALF_WRONG_RATE, random, bad);
      add(next, CAREFUL_ERROR_RATE, random, good);
      double[] sorted = good.clone();
      Arrays.sort(sorted);
      if (atLeast(bad, sum + sorted[DRAWS / 2]) <= falsePass) {
        return more;
      }
    }
    return MORE_MAX;
  }

  /**
   * The chance of each label to be wrong, given the share of wrong ones that explains all of them
   * best (expectation maximisation).
   */
  private List<Double> wrongChances(List<LabelCheck> labels) {
    double share = PRIOR_WRONG / PRIOR_LABELS;
    List<Double> chances = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      chances = new ArrayList<>();
      double expected = PRIOR_WRONG;
      for (LabelCheck l : labels) {
        int cell = cell(l.contradiction());
        double chance = share * of(l).wrong()[cell] / of(l).mixed(share, cell);
        chances.add(chance);
        expected += chance;
      }
      share = expected / (PRIOR_LABELS + labels.size());
    }
    return chances;
  }
}
