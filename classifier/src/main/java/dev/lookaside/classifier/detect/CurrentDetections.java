package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.kafka.TopicReader;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Looks up events on {@code audio.detections}, in their present state. */
public final class CurrentDetections {
  private CurrentDetections() {}

  /**
   * The last record of each event, by onset; none of those that were retracted.
   *
   * @param stream reads its partition alone; null: all
   * @param writtenSince records with an earlier timestamp are passed over; {@link Instant#MIN}:
   *     none
   * @param wanted by what all records of an event have in common
   * @throws dev.lookaside.ingest.kafka.BrokerException if there is no such topic
   */
  public static List<Detection> find(
      IngestSettings settings,
      @Nullable StreamId stream,
      Instant writtenSince,
      Predicate<Detection> wanted) {
    DetectionCodec codec = new DetectionCodec();
    List<Detection> found = new ArrayList<>();
    String topic = settings.topics().detections().name();
    try (TopicReader records = TopicReader.seeking(settings.clients(), "detection-search", topic)) {
      int from = stream == null ? 0 : records.partitionOf(stream.value().getBytes(UTF_8));
      int until = stream == null ? records.partitions() : from + 1;
      for (int partition = from; partition < until; partition++) {
        records.scanSince(
            partition,
            writtenSince,
            record -> {
              try {
                Detection d = codec.decode(record);
                if ((stream == null || d.stream().equals(stream)) && wanted.test(d)) {
                  found.add(d);
                }
              } catch (DetectException e) {
                // Somebody else's record; consumers report it.
              }
              return true;
            });
      }
    }
    return last(found).values().stream()
        .filter(d -> d.label() != null)
        .sorted(Comparator.comparing((Detection d) -> d.extent().onsetTime()))
        .toList();
  }

  /** The last record of each detection that is not retracted, by id. */
  public static Map<String, Detection> last(Collection<Detection> records) {
    Map<String, Detection> byId = new LinkedHashMap<>();
    for (Detection d : records) {
      if (d.kind() == Detection.Kind.RETRACTED) {
        byId.remove(d.id());
      } else if (d.kind() == Detection.Kind.STARTED) {
        byId.putIfAbsent(d.id(), d); // A worker that reads again writes it once more.
      } else {
        byId.put(d.id(), d);
      }
    }
    return byId;
  }
}
