package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.TopicWriter;
import java.util.ArrayList;
import java.util.List;

/**
 * Changes {@code audio.detections} to what a replay has found. Gaps and shed audio are facts of the
 * time when the audio came, and stay.
 */
public final class Corrections {
  private Corrections() {}

  /** The records to write for these differences, in their order. */
  static List<Detection> of(List<ReplayDifference> differences) {
    List<Detection> corrections = new ArrayList<>();
    for (ReplayDifference d : differences) {
      Detection found = d.found();
      if (d.either().label() == null) {
        continue;
      }
      corrections.add(found != null ? found : d.either().retracted("replay"));
    }
    return corrections;
  }

  /**
   * Writes them and waits until the broker has them all.
   *
   * @return how many
   * @throws dev.lookaside.ingest.kafka.BrokerException if one cannot be written in time; written
   *     again, they do no harm
   */
  public static int write(IngestSettings settings, List<ReplayDifference> differences) {
    List<Detection> corrections = of(differences);
    DetectionCodec codec = new DetectionCodec();
    String topic = settings.topics().detections().name();
    try (TopicWriter writer = TopicWriter.open(settings.clients(), "corrections")) {
      writer.write(
          corrections.stream().map(d -> codec.encodeCorrection(topic, d)).toList(),
          record -> "correction");
    }
    return corrections.size();
  }
}
