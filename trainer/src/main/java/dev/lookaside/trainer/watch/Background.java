package dev.lookaside.trainer.watch;

import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.retained.Retained.Piece;
import dev.lookaside.trainer.store.Stretch;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which parts of a stream are background: nothing was detected or labelled, and nothing stands out.
 * Pure.
 */
public final class Background {
  private static final double FRAME_SECONDS = .05;

  private Background() {}

  /**
   * The longest part of some audio that no stretch touches.
   *
   * @param busy in any order
   * @return empty if none is as long as {@code minSeconds}
   */
  static Optional<Piece> longestFree(List<Piece> pieces, List<Stretch> busy, double minSeconds) {
    List<Stretch> sorted = new ArrayList<>(busy);
    sorted.sort(Comparator.comparing(Stretch::from));
    @Nullable Piece longest = null;
    for (Piece piece : pieces) {
      Instant free = piece.start();
      for (Stretch stretch : sorted) {
        longest = longer(longest, piece.part(free, stretch.from()));
        free = stretch.until().isAfter(free) ? stretch.until() : free;
      }
      longest = longer(longest, piece.part(free, piece.end()));
    }
    return Optional.ofNullable(longest).filter(p -> p.pcm().seconds() >= minSeconds);
  }

  private static Piece longer(@Nullable Piece one, Piece other) {
    return one == null || other.pcm().seconds() > one.pcm().seconds() ? other : one;
  }

  /**
   * Whether nothing stands out: a sound that no class is known for is not detected either, and is
   * no background.
   *
   * @param gateDbfs level below which the stream is taken for silent
   * @param standsOutDb by how much the loudest twentieth of a second may be above the middle one
   */
  static boolean steady(Pcm pcm, double gateDbfs, double standsOutDb) {
    int frame = (int) Math.round(FRAME_SECONDS * pcm.rateHz());
    double[] levels = new double[pcm.lengthSamples() / frame];
    for (int i = 0; i < levels.length; i++) {
      double power = 0;
      for (int j = i * frame; j < (i + 1) * frame; j++) {
        power += (double) pcm.samples()[j] * pcm.samples()[j];
      }
      levels[i] = 10 * Math.log10(power / frame);
    }
    Arrays.sort(levels);
    double middle = levels.length == 0 ? Double.NEGATIVE_INFINITY : levels[levels.length / 2];
    return Double.isFinite(middle)
        && middle >= gateDbfs
        && levels[levels.length - 1] - middle <= standsOutDb;
  }
}
