package dev.lookaside.trainer.shadow;

/** Lets a candidate judge live audio beside the incumbent, without a word to anybody. */
public interface ShadowRun {
  /**
   * Follows a share of the scope's streams and compares. Blocks for about the asked duration and
   * the time it takes to score what is left then; an interrupt ends it early with what was heard.
   *
   * @return what both said of the same audio; without streams or events where none came
   * @throws RuntimeException of the part that fails: a digest not on the topic, an adapter that
   *     does not fit, no broker
   */
  ShadowSummary run(ShadowRequest request);
}
