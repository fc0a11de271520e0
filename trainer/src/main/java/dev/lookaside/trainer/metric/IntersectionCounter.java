package dev.lookaside.trainer.metric;

import java.util.List;

/**
 * True positives, false positives and cross triggers of one label in one stream by the intersection
 * criteria, kept up to date while detections come and go. Times are whole microseconds, so a share
 * that is met exactly counts as met.
 */
final class IntersectionCounter {
  private final PsdsCriteria criteria;
  private final Spans truth;
  private final List<Spans> others;
  private final long[] coveredMicros;
  private final long[] crossTriggers;
  private long truePositives;
  private long falsePositives;

  /**
   * @param truth true events of the label
   * @param others true events of the same stream by class, {@link Spans#NONE} for the label itself;
   *     empty when cross triggers are not wanted
   */
  IntersectionCounter(PsdsCriteria criteria, Spans truth, List<Spans> others) {
    this.criteria = criteria;
    this.truth = truth;
    this.others = others;
    coveredMicros = new long[truth.count()];
    crossTriggers = new long[others.size()];
  }

  long truePositives() {
    return truePositives;
  }

  long falsePositives() {
    return falsePositives;
  }

  /** By class, in the order given; owned by this. */
  long[] crossTriggers() {
    return crossTriggers;
  }

  /**
   * A detection comes or goes; one of no length is none.
   *
   * @param by 1 or -1
   */
  void change(long fromMicros, long untilMicros, int by) {
    long length = untilMicros - fromMicros;
    if (length <= 0) {
      return;
    }
    if (truth.intersectionMicros(fromMicros, untilMicros)
        >= share(criteria.detectionTolerance(), length)) {
      cover(fromMicros, untilMicros, by);
      return;
    }
    falsePositives += by;
    long triggering = share(criteria.crossTriggerTolerance(), length);
    for (int c = 0; c < crossTriggers.length; c++) {
      Spans other = others.get(c);
      if (other.count() > 0 && other.intersectionMicros(fromMicros, untilMicros) >= triggering) {
        crossTriggers[c] += by;
      }
    }
  }

  /** A relevant detection covers more, or less, of the true events it meets. */
  private void cover(long fromMicros, long untilMicros, int by) {
    for (int i = truth.firstEndingAfter(fromMicros); truth.beginsBefore(i, untilMicros); i++) {
      truePositives -= isFound(i) ? 1 : 0;
      coveredMicros[i] += by * truth.intersectionMicros(i, fromMicros, untilMicros);
      truePositives += isFound(i) ? 1 : 0;
    }
  }

  private boolean isFound(int span) {
    return coveredMicros[span] > 0
        && coveredMicros[span] >= share(criteria.truthIntersection(), truth.lengthMicros(span));
  }

  private static long share(double share, long lengthMicros) {
    return (long) Math.rint(share * lengthMicros);
  }
}
