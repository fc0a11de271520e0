package dev.lookaside.trainer.store;

import dev.lookaside.ingest.Sha256;
import dev.lookaside.trainer.TrainerException;
import java.nio.ByteBuffer;

/** What an example is for. All examples of one recording have the same split, for ever. */
public enum Split {
  /** To fit on. */
  TRAIN("train"),
  /** To judge on; no fit sees it. */
  HELD_OUT("held-out");

  private final String word;

  Split(String word) {
    this.word = word;
  }

  /** The word in tables. */
  public String word() {
    return word;
  }

  /**
   * The split of a word in a table; {@code validation} and {@code test} are held out, too.
   *
   * @throws TrainerException naming the words there are
   */
  public static Split of(String word) {
    return switch (word) {
      case "train" -> TRAIN;
      case "held-out", "validation", "test" -> HELD_OUT;
      default ->
          throw new TrainerException(
              "split \"%s\": must be train, held-out, validation or test".formatted(word));
    };
  }

  /**
   * The split of a recording: the first 53 bits of sha256 over {@code seed|recording} as a number
   * in [0, 1), held out if below {@code heldOutShare}.
   */
  static Split of(String recording, long seed, double heldOutShare) {
    byte[] digest = Sha256.of(seed + "|" + recording);
    double at = (ByteBuffer.wrap(digest).getLong() >>> 11) * 0x1p-53;
    return at < heldOutShare ? HELD_OUT : TRAIN;
  }
}
