package dev.lookaside.trainer.watch;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.collect.RoundPlan;
import dev.lookaside.trainer.collect.RoundSounds;
import dev.lookaside.trainer.drift.Material;
import dev.lookaside.trainer.example.SceneExamples;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.StoredAudio;
import dev.lookaside.trainer.store.StoredExample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What of the store an adapter has been fitted on, chosen as a round chooses. */
public final class FittedSounds {
  /** More add little about how a stream sounds. */
  private static final int CONTEXTS_MAX = 100;

  private FittedSounds() {}

  /**
   * The sounds.
   *
   * @param scope of the trainer that fitted it
   * @param fitted labels and background from then on came too late for it
   * @throws TrainerException if there are none of one of its classes
   */
  static Material of(
      ExampleStore store, Scope scope, Adapter adapter, Instant fitted, RefitSettings settings) {
    List<StoredExample> known = new ArrayList<>();
    for (StoredExample e : store.newestUsable(scope, fitted)) {
      if (e.label().isEmpty() || adapter.labels().contains(e.label().get())) {
        known.add(e);
      }
    }
    RoundPlan plan =
        RoundPlan.choose(known, adapter.digest(), adapter.labels(), settings, e -> false);
    RoundSounds sounds = new RoundSounds(known, store.frontEnd(), settings);
    SceneExamples.Unlabelled unlabelled = sounds.unlabelled(plan.unlabelled(), settings.seed());
    return new Material(
        sounds.labelled(plan.examples(false)),
        sounds.labelled(plan.examples(true)),
        unlabelled.backgrounds(),
        unlabelled.distractors(),
        unlabelled.distractorShare(),
        contexts(plan, sounds),
        settings.scenes(),
        settings.seed());
  }

  /** Events of streams with the audio around them, the newest. */
  private static List<Material.Context> contexts(RoundPlan plan, RoundSounds sounds) {
    List<String> ids = new ArrayList<>(plan.unlabelled());
    ids.addAll(plan.examples());
    List<Material.Context> contexts = new ArrayList<>();
    for (String id : ids) {
      StoredExample e = sounds.example(id);
      if (e.origin() != Origin.SEED && contexts.size() < CONTEXTS_MAX) {
        StoredAudio audio = e.heldAudio();
        Pcm pcm = audio.read();
        contexts.add(
            new Material.Context(
                e.stream(), pcm, e.label(), audio.onsetSeconds(), audio.offsetSeconds()));
      }
    }
    return contexts;
  }
}
