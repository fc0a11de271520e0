package dev.lookaside.trainer.shadow;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/**
 * Who is to be followed, and for how long.
 *
 * @param candidate sha256 of an adapter on {@code lookaside.adapters}, hexadecimal
 * @param scope whose streams
 * @param share of the streams, above 0 up to 1; at a share of 1 all of them
 * @param duration of audio per stream, from now on
 * @param seed chooses the streams
 */
public record ShadowRequest(
    String candidate, Scope scope, double share, Duration duration, long seed) {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  public ShadowRequest {
    Objects.requireNonNull(scope, "scope");
    check(SHA256.matcher(candidate).matches(), "candidate", candidate, "64 hexadecimal digits");
    check(share > 0 && share <= 1, "share", share, "above 0 and at most 1");
    check(!duration.isNegative() && !duration.isZero(), "duration", duration, "above 0");
  }

  /**
   * Whether a stream is one of those to follow. Depends on stream, share and seed alone: the same
   * ones everywhere, and those of a smaller share are among those of a larger one.
   */
  public boolean follows(StreamId stream) {
    return scope.covers(stream) && draw(stream.value()) < share;
  }

  private double draw(String name) {
    long mixed = seed;
    for (int i = 0; i < name.length(); i++) {
      mixed = new SplittableRandom(mixed ^ name.charAt(i)).nextLong();
    }
    return new SplittableRandom(mixed).nextDouble();
  }

  private static void check(boolean holds, String field, Object value, String rule) {
    if (!holds) {
      throw new TrainerException("%s \"%s\": must be %s".formatted(field, value, rule));
    }
  }
}
