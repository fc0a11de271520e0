package dev.lookaside.trainer.loop;

import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.example.WindowSpec;
import dev.lookaside.trainer.head.KeptEmbeddings;
import dev.lookaside.trainer.store.StoredExample;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Hears, while nothing is to be fitted, what the next round of the head will ask for whatever
 * people correct: the standing scenes, the quiet, and the corrections that have come so far. If
 * these are enough, also the fresh scenes of a round without others. What it did not come to the
 * round hears itself, so nothing depends on it but time. In pieces of a scene each; for one thread.
 */
final class Anticipation {
  private final Refit.Tools tools;
  private final KeptEmbeddings kept;
  private final Adapter incumbent;
  private final ArrayDeque<Supplier<List<Pcm>>> pieces = new ArrayDeque<>();

  private Anticipation(Refit.Tools tools, KeptEmbeddings kept, Adapter incumbent) {
    this.tools = tools;
    this.kept = kept;
    this.incumbent = incumbent;
  }

  /**
   * The round that would begin now.
   *
   * @param usable examples of both splits
   * @param sounds of them
   * @param lent by earlier rounds
   * @param told as {@link RoundPlan#choose} takes it
   * @param incumbent that it would begin from
   */
  record Next(
      List<StoredExample> usable,
      RoundSounds sounds,
      Lent lent,
      Predicate<StoredExample> told,
      Adapter incumbent) {
    RoundPlan plan(RefitSettings s) {
      return RoundPlan.choose(usable, incumbent.digest(), List.of(), s, lent, told, s.seed());
    }
  }

  /**
   * For a round.
   *
   * @param fresh whether to hear the scenes of corrected classes, too
   * @param rehearsal whether to fit and judge once on what stands, for nobody
   */
  static Anticipation of(
      Refit.Tools tools,
      KeptEmbeddings kept,
      StandingScenes standing,
      Next next,
      boolean fresh,
      boolean rehearsal) {
    Anticipation ahead = new Anticipation(tools, kept, next.incumbent());
    RefitSettings s = tools.settings();
    RoundPlan plan = next.plan(s);
    RoundSounds sounds = next.sounds();
    ahead.laid(standing.toFit(plan, sounds, s));
    if (rehearsal) {
      ahead.then(() -> ahead.rehearse(standing, plan, sounds));
    }
    ahead.laid(standing.toJudge(plan, sounds, s));
    for (HeadScenes.Quiet quiet : HeadScenes.Quiet.values()) {
      HeadScenes.quiet(plan, sounds, s, quiet).forEach(ahead::piece);
    }
    WindowSpec window = WindowSpec.of(next.incumbent());
    for (String id : plan.corrections()) {
      StoredExample e = sounds.example(id);
      ahead.pieces.add(() -> List.of(CorrectedStretch.of(e, window).audio()));
    }
    if (fresh) {
      ahead.then(() -> ahead.fresh(plan, sounds));
    }
    return ahead;
  }

  private void then(Runnable work) {
    pieces.add(
        () -> {
          work.run();
          return List.of();
        });
  }

  /**
   * Does for nobody what a round does in plain Java: the first time in a process takes more than
   * twice as long as the next, and the compiler a core besides.
   */
  private void rehearse(StandingScenes standing, RoundPlan plan, RoundSounds sounds) {
    boolean known =
        plan.train().stream()
            .allMatch(
                id -> sounds.example(id).label().filter(incumbent.labels()::contains).isPresent());
    if (known && plan.corrections().isEmpty()) {
      HeadRefit head = new HeadRefit(tools, kept, standing, plan, sounds, incumbent, () -> false);
      head.hear();
      head.thresholds(head.fitted(), incumbent.labels().subList(0, 1));
    }
  }

  private void piece(Pcm audio) {
    pieces.add(() -> List.of(audio));
  }

  private void laid(List<HeadScenes.Laid> scenes) {
    scenes.forEach(laid -> piece(laid.scene().audio()));
  }

  private void fresh(RoundPlan plan, RoundSounds sounds) {
    RefitSettings s = tools.settings();
    laid(
        HeadScenes.toFit(sounds, s)
            .fresh(plan.train(), plan.unlabelled(), plan.corrected(), s.freshScenes()));
    laid(
        HeadScenes.toJudge(sounds, s)
            .fresh(plan.heldOut(), List.of(), plan.corrected(), s.judgeFreshScenes()));
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
    Supplier<List<Pcm>> piece = pieces.poll();
    if (piece != null) {
      kept.of(incumbent, tools.hopFrames(), piece.get(), () -> {});
    }
  }
}
