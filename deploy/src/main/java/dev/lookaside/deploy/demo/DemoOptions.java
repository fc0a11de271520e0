package dev.lookaside.deploy.demo;

import dev.lookaside.trainer.collect.Round;

/**
 * What the demo is asked to do.
 *
 * @param streams 1 to {@value #MAX_STREAMS}
 * @param seconds of audio per stream, {@value #MIN_SECONDS} to {@value #MAX_SECONDS}
 * @param fixed whether it is so many seconds in any case; else at most, and the streams end some
 *     seconds after the story
 * @param refit show how a class is learned; else only known classes occur
 * @param headOnly the story ends with the refit of the head alone
 * @param seed of the scenes
 * @param unseen only sounds that the bundled model was not trained on
 * @param page serve the live page
 * @param live redraw a picture; otherwise plain lines
 * @param colours ANSI colours in the picture
 * @param columns width of the picture
 */
public record DemoOptions(
    int streams,
    int seconds,
    boolean fixed,
    boolean refit,
    boolean headOnly,
    long seed,
    boolean unseen,
    boolean page,
    boolean live,
    boolean colours,
    int columns) {
  public static final int MAX_STREAMS = 64;
  public static final int MIN_SECONDS = 3;
  public static final int MAX_SECONDS = 3600;

  /** Of streams that end with the story: long enough for a machine with other work to do. */
  public static final int STORY_SECONDS = 240;

  /** The same where a person makes the corrections. */
  public static final int PAGE_STORY_SECONDS = 900;

  /** Of the short run without a story. */
  public static final int PLAIN_SECONDS = 45;

  public DemoOptions {
    check("--streams", streams, 1, MAX_STREAMS);
    check("--seconds", seconds, MIN_SECONDS, MAX_SECONDS);
    if (headOnly && (!refit || page)) {
      throw new IllegalArgumentException(
          "--head-only: not with " + (refit ? "--page, where you correct" : "--no-refit"));
    }
  }

  /** The refit that the story ends with. */
  Round.Kind lastRefit() {
    return headOnly ? Round.Kind.HEAD : Round.Kind.FULL;
  }

  private static void check(String option, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s \"%d\": must be %d to %d".formatted(option, value, min, max));
    }
  }
}
