package dev.lookaside.trainer.query;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Ranks the sounds of a pool by how much their labels would change the adapter. A sound counts for
 *
 * <ul>
 *   <li>uncertainty: how near a class's posterior is to the threshold at which it is reported
 *       (uncertainty sampling by least margin);
 *   <li>disagreement: how far the posteriors of two adapters lie apart (query by committee);
 *   <li>novelty: how far its embedding is from those of labelled sounds;
 *   <li>need: whether it was reported as a class of which there are too few labels, or how much
 *       nearer its embedding is to one of those than to any other labelled sound.
 * </ul>
 *
 * <p>There are too few labels of a class for which the last round asked for more, and of one that
 * is labelled and that the adapter does not know; its sounds do not make others less novel.
 *
 * <p>Each is a rank within the pool, so that none needs a scale, and their weighted mean is the
 * score. The next sound is the one with the highest score times its distance to those chosen
 * already, so that ten labels are not spent on ten repetitions of one sound. Pure.
 *
 * @see "Settles: Active Learning Literature Survey, 2009, sections 3.1, 3.2 and 3.6"
 * @see "Sener, Savarese: Active Learning for Convolutional Neural Networks: A Core-Set Approach,
 *     arXiv 1708.00489 (distance to what is chosen already)"
 */
public final class QueryStrategy {
  /**
   * Weights of the ranks. Sounds of a class that has no name yet are mostly novel and seldom
   * uncertain; {@code lookaside bench label-choice} shows what the list teaches.
   */
  private static final double DOUBT = .5;

  private static final double NOVELTY = 1;
  private static final double NEED = 2;

  private final List<String> labels;
  private final double[] onThresholds;
  private final List<float[]> known;
  private final List<float[]> needed;
  private final Set<String> wanted;

  /**
   * One sound of the pool.
   *
   * @param label the class that it was reported as
   * @param embedding of length 1
   * @param posteriors the highest of each class in the sound, with the adapter in force
   * @param others the same with another adapter, in the same order; null without one
   */
  @SuppressWarnings("ArrayRecordComponent") // Read only, and as many as there are sounds.
  public record Sound(
      String id, String label, float[] embedding, float[] posteriors, float @Nullable [] others) {}

  /**
   * A sound that is labelled.
   *
   * @param label null: none of any name
   * @param embedding of length 1
   */
  @SuppressWarnings("ArrayRecordComponent") // Read only, and as many as there are sounds.
  public record Labelled(@Nullable String label, float[] embedding) {}

  /**
   * A sound to label.
   *
   * @param score 0 to 1; ranks within one pool, and means nothing beyond it
   * @param reasons for people, the weightiest first
   */
  public record Choice(Sound sound, double score, List<String> reasons) {
    public Choice {
      reasons = List.copyOf(reasons);
    }
  }

  /**
   * @param labels classes in the order of the posteriors
   * @param onThresholds at which each is reported
   * @param labelled sounds; without any, novelty counts for nothing
   * @param wanted classes of which the last round needed more labels
   */
  public QueryStrategy(
      List<String> labels, double[] onThresholds, List<Labelled> labelled, Set<String> wanted) {
    this.labels = List.copyOf(labels);
    this.onThresholds = onThresholds.clone();
    this.wanted = new HashSet<>(wanted);
    labelled.stream()
        .map(Labelled::label)
        .filter(l -> l != null && !labels.contains(l))
        .forEach(this.wanted::add);
    this.known = embeddings(labelled, false);
    this.needed = embeddings(labelled, true);
  }

  private List<float[]> embeddings(List<Labelled> labelled, boolean ofWanted) {
    return labelled.stream()
        .filter(l -> (l.label() != null && wanted.contains(l.label())) == ofWanted)
        .map(Labelled::embedding)
        .toList();
  }

  /** One of the things that a sound counts for. */
  private record Signal(double weight, double[] ranks, String[] reasons) {}

  /**
   * Chooses sounds, the one to label first in front.
   *
   * @param pool in any order; of equal ones the earlier is chosen
   * @param count at most
   */
  public List<Choice> choose(List<Sound> pool, int count) {
    List<Signal> signals = new ArrayList<>();
    signals.add(signal(DOUBT, pool, s -> -margin(s, nearest(s)), s -> uncertain(s, nearest(s))));
    if (pool.stream().anyMatch(s -> s.others() != null)) {
      signals.add(signal(DOUBT, pool, QueryStrategy::disagreement, this::disagreeing));
    }
    if (!known.isEmpty()) {
      signals.add(
          signal(
              NOVELTY,
              pool,
              s -> distance(s.embedding(), known),
              s ->
                  String.format(
                      Locale.ROOT,
                      "novel: %.2f from the nearest labelled sound",
                      distance(s.embedding(), known))));
    }
    if (!wanted.isEmpty()) {
      signals.add(signal(NEED, pool, this::need, this::needed));
    }
    double all = signals.stream().mapToDouble(Signal::weight).sum();
    double[] scores = new double[pool.size()];
    for (Signal signal : signals) {
      for (int i = 0; i < scores.length; i++) {
        scores[i] += signal.ranks()[i] * signal.weight() / all;
      }
    }
    return spread(pool, scores, signals, count);
  }

  private static List<Choice> spread(
      List<Sound> pool, double[] scores, List<Signal> signals, int count) {
    double usual = usualDistance(pool);
    double[] apart = new double[pool.size()];
    Arrays.fill(apart, 1);
    boolean[] taken = new boolean[pool.size()];
    List<Choice> chosen = new ArrayList<>();
    while (chosen.size() < Math.min(count, pool.size())) {
      int best = -1;
      for (int i = 0; i < taken.length; i++) {
        if (!taken[i] && (best < 0 || scores[i] * apart[i] > scores[best] * apart[best])) {
          best = i;
        }
      }
      taken[best] = true;
      chosen.add(new Choice(pool.get(best), scores[best], reasons(signals, best)));
      for (int i = 0; i < taken.length; i++) {
        double d = distance(pool.get(i).embedding(), pool.get(best).embedding());
        apart[i] = Math.min(apart[i], usual > 0 ? Math.min(1, d / usual) : 1);
      }
    }
    return chosen;
  }

  /** The median over the pool. */
  private static double usualDistance(List<Sound> pool) {
    List<Double> all = new ArrayList<>();
    for (int i = 0; i < pool.size(); i++) {
      for (int j = 0; j < i; j++) {
        all.add(distance(pool.get(i).embedding(), pool.get(j).embedding()));
      }
    }
    all.sort(Comparator.naturalOrder());
    return all.isEmpty() ? 0 : all.get(all.size() / 2);
  }

  private static List<String> reasons(List<Signal> signals, int at) {
    return signals.stream()
        .filter(s -> s.ranks()[at] > .5)
        .sorted(Comparator.comparingDouble((Signal s) -> -s.ranks()[at]))
        .map(s -> s.reasons()[at])
        .toList();
  }

  /** A value's rank is the share of the pool with a lower one, and half of those with the same. */
  private static Signal signal(
      double weight,
      List<Sound> pool,
      ToDoubleFunction<Sound> value,
      Function<Sound, String> reason) {
    double[] values = pool.stream().mapToDouble(value).toArray();
    double[] ranks = new double[values.length];
    for (int i = 0; i < ranks.length; i++) {
      for (double other : values) {
        ranks[i] += other < values[i] ? 1 : other == values[i] ? .5 : 0;
      }
      ranks[i] /= ranks.length;
    }
    return new Signal(weight, ranks, pool.stream().map(reason).toArray(String[]::new));
  }

  /** The class whose posterior is nearest to its threshold. */
  private int nearest(Sound sound) {
    int nearest = 0;
    for (int c = 1; c < onThresholds.length; c++) {
      if (margin(sound, c) < margin(sound, nearest)) {
        nearest = c;
      }
    }
    return nearest;
  }

  private double margin(Sound sound, int label) {
    return Math.abs(logit(sound.posteriors()[label]) - logit(onThresholds[label]));
  }

  /** Finite: posteriors of 0 and 1 are possible. */
  private static double logit(double p) {
    double inside = Math.min(1 - 1e-6, Math.max(1e-6, p));
    return Math.log(inside / (1 - inside));
  }

  private String uncertain(Sound sound, int label) {
    return String.format(
        Locale.ROOT,
        "uncertain: %s %.2f, reported from %.2f on",
        labels.get(label),
        sound.posteriors()[label],
        onThresholds[label]);
  }

  private static int mostDisagreed(Sound sound) {
    float[] others = sound.others();
    int most = 0;
    for (int c = 1; others != null && c < others.length; c++) {
      if (Math.abs(others[c] - sound.posteriors()[c])
          > Math.abs(others[most] - sound.posteriors()[most])) {
        most = c;
      }
    }
    return most;
  }

  private static double disagreement(Sound sound) {
    float[] others = sound.others();
    int most = mostDisagreed(sound);
    return others == null ? 0 : Math.abs(others[most] - sound.posteriors()[most]);
  }

  private String disagreeing(Sound sound) {
    float[] others = sound.others();
    int most = mostDisagreed(sound);
    return String.format(
        Locale.ROOT,
        "disagreement: %s %.2f in force, %.2f with the other adapter",
        labels.get(most),
        sound.posteriors()[most],
        others == null ? Double.NaN : others[most]);
  }

  private double need(Sound sound) {
    if (wanted.contains(sound.label())) {
      return 1;
    }
    double others = known.isEmpty() ? 1 : distance(sound.embedding(), known);
    return needed.isEmpty() ? 0 : others - distance(sound.embedding(), needed);
  }

  private String needed(Sound sound) {
    return "needed: too few labels of "
        + (wanted.contains(sound.label())
            ? sound.label()
            : String.join(", ", new TreeSet<>(wanted)) + ", which it resembles");
  }

  private static double distance(float[] embedding, List<float[]> others) {
    return others.stream().mapToDouble(o -> distance(embedding, o)).min().orElse(0);
  }

  /** Cosine distance, 0 to 2. */
  private static double distance(float[] a, float[] b) {
    double product = 0;
    for (int i = 0; i < a.length; i++) {
      product += (double) a[i] * b[i];
    }
    return Math.max(0, 1 - product);
  }
}
