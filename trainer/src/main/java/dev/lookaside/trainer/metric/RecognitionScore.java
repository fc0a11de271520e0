package dev.lookaside.trainer.metric;

import java.util.List;

/**
 * How well clips are recognised; all shares are 0 to 1.
 *
 * @param examples how many clips
 * @param top1 share of clips whose label has the greatest score; NaN for several labels per clip
 * @param top5 share of clips whose label is among the five greatest; NaN for several labels per
 *     clip
 * @param meanClassAccuracy mean of {@code recalls} that exist; NaN for several labels per clip
 * @param macroAp mean of {@code averagePrecisions} that exist (mAP)
 * @param macroAuc mean of {@code aucs} that exist (mAUC)
 * @param recalls per class: top-1 accuracy on its clips, NaN for a class without clips
 * @param averagePrecisions per class, NaN for a class without clips
 * @param aucs per class, NaN for a class that no clip or every clip has
 */
public record RecognitionScore(
    int examples,
    double top1,
    double top5,
    double meanClassAccuracy,
    double macroAp,
    double macroAuc,
    List<Double> recalls,
    List<Double> averagePrecisions,
    List<Double> aucs) {

  /** Copies. */
  public RecognitionScore {
    recalls = List.copyOf(recalls);
    averagePrecisions = List.copyOf(averagePrecisions);
    aucs = List.copyOf(aucs);
  }

  /** d' of {@link #macroAuc}, as AudioSet papers give it. */
  public double dPrime() {
    return Ranking.dPrime(macroAuc);
  }
}
