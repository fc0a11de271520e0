package dev.lookaside.trainer.store;

import java.util.Map;

/**
 * A store in numbers.
 *
 * @param byOrigin rows
 * @param byStanding rows that come from labels
 * @param byAudio rows
 * @param heldSeconds of audio, context included
 * @param recordings there are
 */
public record StoreStats(
    Map<Origin, Integer> byOrigin,
    Map<Standing, Integer> byStanding,
    Map<AudioState, Integer> byAudio,
    double heldSeconds,
    int recordings) {
  public StoreStats {
    byOrigin = Map.copyOf(byOrigin);
    byStanding = Map.copyOf(byStanding);
    byAudio = Map.copyOf(byAudio);
  }
}
