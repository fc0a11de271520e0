package dev.lookaside.ingest;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The topics of the main job and what to do when one is missing.
 *
 * @param policy make missing topics or fail
 * @param timeoutMillis that one check may take
 * @param chunks audio in
 * @param detections what was heard
 * @param deadLetters what could not be used
 */
public record TopicSettings(
    Policy policy, long timeoutMillis, Topic chunks, Topic detections, Topic deadLetters) {
  /** What happens when a topic is missing. */
  public enum Policy {
    CREATE,
    FAIL
  }

  /**
   * One topic and how it is made.
   *
   * @param partitions when it is made
   * @param replicationFactor when it is made, -1 for the broker's default
   * @param configs topic settings when it is made; {@code cleanup.policy} is checked on topics that
   *     exist
   */
  public record Topic(
      String name, int partitions, short replicationFactor, Map<String, String> configs) {
    public Topic {
      Objects.requireNonNull(name, "name");
      configs = Map.copyOf(configs);
    }
  }

  public TopicSettings {
    Objects.requireNonNull(policy, "policy");
    Objects.requireNonNull(chunks, "chunks");
    Objects.requireNonNull(detections, "detections");
    Objects.requireNonNull(deadLetters, "deadLetters");
  }

  /** All of them, in the order of the audio's way. */
  public List<Topic> all() {
    return List.of(chunks, detections, deadLetters);
  }
}
