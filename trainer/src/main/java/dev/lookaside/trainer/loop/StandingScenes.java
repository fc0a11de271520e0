package dev.lookaside.trainer.loop;

import dev.lookaside.trainer.store.StoredExample;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The scenes of what nobody has corrected, laid once for as long as the sounds in them stay the
 * same: rounds, and who hears in advance for them, share them. Nothing depends on it but time. Any
 * thread, one at a time.
 */
final class StandingScenes {
  /** All that scenes are made of. */
  private record Made(
      boolean toFit,
      RefitSettings settings,
      List<StoredExample> sounds,
      List<StoredExample> unlabelled) {}

  private final long maxBytes;
  private final Map<Made, List<HeadScenes.Laid>> kept = new LinkedHashMap<>(8, 0.75f, true);

  /**
   * @param maxBytes of audio; scenes that are larger are laid each time
   */
  StandingScenes(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** To fit on. */
  List<HeadScenes.Laid> toFit(RoundPlan plan, RoundSounds sounds, RefitSettings settings) {
    return of(
        made(true, plan.train(), plan.unlabelled(), sounds, settings),
        HeadScenes.toFit(sounds, settings),
        settings.head().scenes());
  }

  /** To judge on. */
  List<HeadScenes.Laid> toJudge(RoundPlan plan, RoundSounds sounds, RefitSettings settings) {
    return of(
        made(false, plan.heldOut(), List.of(), sounds, settings),
        HeadScenes.toJudge(sounds, settings),
        settings.judgeHeadScenes());
  }

  private static Made made(
      boolean toFit,
      List<String> ids,
      List<String> unlabelled,
      RoundSounds sounds,
      RefitSettings settings) {
    return new Made(toFit, settings, standing(ids, sounds), standing(unlabelled, sounds));
  }

  private static List<StoredExample> standing(List<String> ids, RoundSounds sounds) {
    return HeadScenes.standing(ids, sounds).stream().map(sounds::example).toList();
  }

  private synchronized List<HeadScenes.Laid> of(Made made, HeadScenes lay, int count) {
    List<HeadScenes.Laid> known = kept.get(made);
    if (known != null) {
      return known;
    }
    List<HeadScenes.Laid> laid = lay.standing(ids(made.sounds()), ids(made.unlabelled()), count);
    kept.put(made, laid);
    Iterator<List<HeadScenes.Laid>> oldest = kept.values().iterator();
    while (bytes() > maxBytes && oldest.hasNext()) {
      oldest.next();
      oldest.remove();
    }
    return laid;
  }

  private static List<String> ids(List<StoredExample> examples) {
    return examples.stream().map(StoredExample::id).toList();
  }

  private long bytes() {
    return kept.values().stream()
        .flatMap(List::stream)
        .mapToLong(laid -> (long) Float.BYTES * laid.scene().audio().lengthSamples())
        .sum();
  }
}
