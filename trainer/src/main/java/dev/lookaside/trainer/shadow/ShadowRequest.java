package dev.lookaside.trainer.shadow;

import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import java.time.Duration;
import java.util.Collection;
import java.util.Objects;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Who is to be followed, and for how long.
 *
 * @param candidate sha256 of an adapter on {@code lookaside.adapters}, hexadecimal
 * @param scope whose streams
 * @param share of the streams, above 0 up to 1; at least one of them
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
   * Ids of the streams to follow: of each, stream, share and seed alone decide whether it is one,
   * so they are the same everywhere, and those of a smaller share are among those of a larger one.
   * Where that leaves none it is the one that a growing share would take first.
   *
   * @param streams that send audio
   */
  public SortedSet<String> chosen(Collection<StreamId> streams) {
    SortedSet<String> chosen = new TreeSet<>();
    String first = null;
    for (StreamId stream : streams) {
      String id = stream.value();
      if (scope.covers(stream)) {
        if (draw(id) < share) {
          chosen.add(id);
        }
        first = first == null || draw(id) < draw(first) ? id : first;
      }
    }
    if (chosen.isEmpty() && first != null) {
      chosen.add(first);
    }
    return chosen;
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
