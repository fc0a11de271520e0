package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.CurrentDetections;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A detection that a replay does not find as it is on the topic.
 *
 * @param kind how it differs
 * @param published its last record on the topic; null if there is none
 * @param found the replay's last record of it; null if there is none
 */
public record ReplayDifference(
    Kind kind, @Nullable Detection published, @Nullable Detection found) {
  /** How the two can differ. */
  public enum Kind {
    /** The topic has it; the replay does not find it. */
    MISSING,
    /** The replay finds it; the topic does not have it. */
    ADDITIONAL,
    /** Both have it, with other contents. */
    CHANGED;

    /** The word for people and scripts. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final DetectionCodec CODEC = new DetectionCodec();

  public ReplayDifference {
    Objects.requireNonNull(kind, "kind");
  }

  /** What is published, or what was found if nothing is. */
  public Detection either() {
    return published != null ? published : Objects.requireNonNull(found, "found");
  }

  /**
   * What differs between two lists of records. Records are of the same detection if their ids are
   * equal; the last one of each counts, and is equal if its bytes on the wire are. A retracted
   * detection is not published.
   *
   * @return by onset
   */
  public static List<ReplayDifference> between(
      Collection<Detection> published, Collection<Detection> found) {
    Map<String, Detection> before = CurrentDetections.last(published);
    Map<String, Detection> now = CurrentDetections.last(found);
    List<ReplayDifference> differences = new ArrayList<>();
    before.forEach(
        (id, old) -> {
          Detection again = now.get(id);
          if (again == null) {
            differences.add(new ReplayDifference(Kind.MISSING, old, null));
          } else if (!Arrays.equals(CODEC.toJson(old), CODEC.toJson(again))) {
            differences.add(new ReplayDifference(Kind.CHANGED, old, again));
          }
        });
    now.forEach(
        (id, again) -> {
          if (!before.containsKey(id)) {
            differences.add(new ReplayDifference(Kind.ADDITIONAL, null, again));
          }
        });
    differences.sort(
        Comparator.comparing((ReplayDifference d) -> d.either().extent().onsetTime())
            .thenComparing(d -> d.either().id()));
    return differences;
  }
}
