package dev.lookaside.trainer.drift;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.TrainerException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The state of a scope's streams.
 *
 * @param time when it was made
 * @param measured streams in all
 * @param alarmed of these
 * @param streams alarmed ones first, then the nearest to a bound; not all if they are many
 * @param trouble why streams are not compared now; null if they are
 */
public record DriftReport(
    Instant time, int measured, int alarmed, List<StreamDrift> streams, @Nullable String trouble) {
  private static final Comparator<StreamDrift> WORST_FIRST =
      Comparator.comparing((StreamDrift s) -> !s.alarmed())
          .thenComparing(s -> -s.measured().ratio())
          .thenComparing(StreamDrift::stream);

  public DriftReport {
    streams = List.copyOf(streams);
  }

  /**
   * Of all streams.
   *
   * @param most that it names
   */
  static DriftReport of(Instant time, List<StreamDrift> all, int most, @Nullable String trouble) {
    List<StreamDrift> sorted = new ArrayList<>(all);
    sorted.sort(WORST_FIRST);
    int alarmed = (int) all.stream().filter(StreamDrift::alarmed).count();
    List<StreamDrift> named = sorted.subList(0, Math.min(most, sorted.size()));
    return new DriftReport(time, all.size(), alarmed, named, trouble);
  }

  /** The same with fewer names. */
  public DriftReport worst(int most) {
    return new DriftReport(
        time, measured, alarmed, streams.subList(0, Math.min(most, streams.size())), trouble);
  }

  /** For the record. */
  public ObjectNode toJson() {
    ObjectNode json = head();
    ArrayNode all = json.putArray("streams");
    streams.forEach(s -> all.add(s.toJson()));
    return json;
  }

  /** For statuses: without what each class does. */
  public ObjectNode brief() {
    ObjectNode json = head();
    ArrayNode all = json.putArray("streams");
    streams.forEach(s -> all.add(s.brief()));
    return json;
  }

  private ObjectNode head() {
    ObjectNode json =
        JsonNodeFactory.instance
            .objectNode()
            .put("time", time.toString())
            .put("measured", measured)
            .put("alarmed", alarmed);
    if (trouble != null) {
      json.put("trouble", trouble);
    }
    return json;
  }

  /**
   * Reads {@link #toJson}.
   *
   * @throws TrainerException if it is none
   */
  public static DriftReport fromJson(JsonNode json) {
    try {
      List<StreamDrift> streams = new ArrayList<>();
      json.path("streams").forEach(s -> streams.add(StreamDrift.fromJson(s)));
      return new DriftReport(
          Instant.parse(json.path("time").asText()),
          json.path("measured").asInt(),
          json.path("alarmed").asInt(),
          streams,
          json.has("trouble") ? json.path("trouble").asText() : null);
    } catch (DateTimeException e) {
      throw new TrainerException(
          "drift report: time \"%s\": is no time".formatted(json.path("time").asText()), e);
    }
  }
}
