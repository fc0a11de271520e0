package dev.lookaside.ingest;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The topics of the main job and what to do when one is missing.
 *
 * @param policy make missing topics or fail
 * @param chunks audio in
 * @param detections what was detected
 * @param deadLetters what could not be used
 * @param progress how far each stream is; has as many partitions as {@code chunks}
 * @param registry which adapter is in force, and the adapters
 * @param training what the trainer learns from and is asked for
 */
public record TopicSettings(
    Policy policy,
    Topic chunks,
    Topic detections,
    Topic deadLetters,
    Topic progress,
    Registry registry,
    Training training) {
  /** What happens when a topic is missing. */
  public enum Policy {
    CREATE,
    FAIL
  }

  /**
   * The topics of the adapters.
   *
   * @param adapters their files in slices
   * @param cutovers the ledger
   * @param acks what became of it at each worker
   */
  public record Registry(Topic adapters, Topic cutovers, Topic acks) {
    /** All of them. */
    public List<Topic> all() {
      return List.of(adapters, cutovers, acks);
    }
  }

  /**
   * The topics of the trainer.
   *
   * @param labels what people said about detections
   * @param requests what the trainer is asked to do
   * @param shadows what candidates would have said where the adapter in force spoke
   */
  public record Training(Topic labels, Topic requests, Topic shadows) {
    /** All of them. */
    public List<Topic> all() {
      return List.of(labels, requests, shadows);
    }
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
    Objects.requireNonNull(progress, "progress");
    Objects.requireNonNull(registry, "registry");
    Objects.requireNonNull(training, "training");
  }

  /** Those of the audio, in the order of its way; {@link #progress} goes by {@link #chunks}. */
  public List<Topic> all() {
    return List.of(chunks, detections, deadLetters);
  }
}
