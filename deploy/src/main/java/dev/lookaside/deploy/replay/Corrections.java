package dev.lookaside.deploy.replay;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.ingest.IngestSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Makes {@code audio.detections} say what a replay has found. Gaps and shed audio are facts of the
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
   * @throws DeployException if the broker does not take one; written again, they do no harm
   */
  public static int write(IngestSettings settings, List<ReplayDifference> differences) {
    List<Detection> corrections = of(differences);
    Map<String, Object> properties = new HashMap<>(settings.kafkaClients());
    properties.put("acks", "all");
    properties.put("enable.idempotence", "true");
    DetectionCodec codec = new DetectionCodec();
    List<Future<?>> writes = new ArrayList<>();
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (Detection d : corrections) {
        ProducerRecord<byte[], byte[]> record =
            codec.encodeCorrection(settings.topics().detections().name(), d);
        writes.add(producer.send(record));
      }
      for (Future<?> write : writes) {
        write.get();
      }
    } catch (ExecutionException e) {
      throw new DeployException("corrections: not written: " + e.getCause(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DeployException("corrections: interrupted", e);
    }
    return corrections.size();
  }
}
