package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.featurizer.ClipWindows;
import dev.lookaside.featurizer.FeatureSpec;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Hears, while nothing is to be fitted, what the next round of the head will ask for whatever
 * people correct: the standing scenes, the quiet, and the corrections that have come so far. What
 * it did not come to the round hears itself, so nothing depends on it but time. In pieces of a
 * scene each; for one thread.
 */
final class Anticipation {
  private final Refit.Tools tools;
  private final KeptEmbeddings kept;
  private final Adapter incumbent;
  private final ArrayDeque<Supplier<Pcm>> pieces = new ArrayDeque<>();

  private Anticipation(Refit.Tools tools, KeptEmbeddings kept, Adapter incumbent) {
    this.tools = tools;
    this.kept = kept;
    this.incumbent = incumbent;
  }

  /**
   * For the round that would begin now.
   *
   * @param usable examples of both splits
   * @param sounds of them
   * @param lent by earlier rounds
   * @param told as {@link RoundPlan#choose} takes it
   */
  static Anticipation of(
      Refit.Tools tools,
      KeptEmbeddings kept,
      List<StoredExample> usable,
      RoundSounds sounds,
      Lent lent,
      Predicate<StoredExample> told,
      Adapter incumbent) {
    Anticipation next = new Anticipation(tools, kept, incumbent);
    RefitSettings s = tools.settings();
    RoundPlan plan =
        RoundPlan.choose(usable, incumbent.digest(), List.of(), s, lent, told, s.seed());
    List<HeadScenes.Laid> scenes = new ArrayList<>();
    scenes.addAll(
        HeadScenes.toFit(sounds, s).standing(plan.train(), plan.unlabelled(), s.head().scenes()));
    scenes.addAll(
        HeadScenes.toJudge(sounds, s).standing(plan.heldOut(), List.of(), s.judgeHeadScenes()));
    scenes.forEach(laid -> next.pieces.add(() -> laid.scene().audio()));
    for (HeadScenes.Quiet quiet : HeadScenes.Quiet.values()) {
      HeadScenes.quiet(plan, sounds, s, quiet).forEach(pcm -> next.pieces.add(() -> pcm));
    }
    for (String id : plan.corrections()) {
      StoredExample e = sounds.example(id);
      next.pieces.add(() -> CorrectedStretch.of(e, WindowSpec.of(incumbent)).audio());
    }
    return next;
  }

  /** Without a piece. */
  static Anticipation nothing(Refit.Tools tools, KeptEmbeddings kept, Adapter incumbent) {
    return new Anticipation(tools, kept, incumbent);
  }

  boolean done() {
    return pieces.isEmpty();
  }

  /** Hears the next piece. */
  void step() {
    Supplier<Pcm> piece = pieces.poll();
    if (piece != null) {
      FeatureSpec spec =
          new FeatureSpec(incumbent.frontEnd(), incumbent.windowFrames(), tools.hopFrames());
      kept.of(incumbent, ClipWindows.of(piece.get(), spec));
    }
  }
}
