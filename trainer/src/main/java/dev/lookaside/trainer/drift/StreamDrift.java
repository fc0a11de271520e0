package dev.lookaside.trainer.drift;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.trainer.drift.Measured.Measure;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One stream compared with the reference of the adapter that scores it. An alarm is raised when
 * several looks in a row were above a bound, and ends when as many were well below both: a value
 * that wavers about its bound changes nothing.
 *
 * @param adapter digest
 * @param until capture time up to which it was last measured
 * @param measured by the last look
 * @param above looks in a row above a bound
 * @param calm looks in a row well below both
 * @param since capture time of the look that raised the alarm; null: there is none
 */
public record StreamDrift(
    String stream,
    String adapter,
    Instant until,
    Measured measured,
    int above,
    int calm,
    @Nullable Instant since) {
  /** After its first look. */
  static StreamDrift first(
      String stream, String adapter, Instant until, Measured measured, int looks) {
    return new StreamDrift(stream, adapter, until, measured, 0, 0, null)
        .after(until, measured, looks);
  }

  /**
   * After one more look with the same adapter.
   *
   * @param looks in a row that raise an alarm, or end it
   */
  StreamDrift after(Instant end, Measured now, int looks) {
    int nowAbove = now.above() ? above + 1 : 0;
    int nowCalm = now.calm() ? calm + 1 : 0;
    Instant alarm = since;
    if (alarm == null && nowAbove >= looks) {
      alarm = end;
    } else if (alarm != null && nowCalm >= looks) {
      alarm = null;
    }
    return new StreamDrift(stream, adapter, end, now, nowAbove, nowCalm, alarm);
  }

  public boolean alarmed() {
    return since != null;
  }

  /** For people: which stream, which measure, its value and its bound. */
  public String text() {
    return String.format(
        Locale.ROOT,
        "%s: %s (%.1f s up to %s)",
        stream,
        measured.text(),
        measured.seconds(),
        until);
  }

  /** All of it. */
  public ObjectNode toJson() {
    ObjectNode json = brief();
    json.put("above", above).put("calm", calm);
    ArrayNode classes = json.putArray("classes");
    for (ClassShift c : measured.classes()) {
      classes
          .addObject()
          .put("label", c.label())
          .put("posterior", c.posterior())
          .put("referencePosterior", c.referencePosterior())
          .put("eventsPerHour", c.eventsPerHour())
          .put("referenceEventsPerHour", c.referenceEventsPerHour());
    }
    return json;
  }

  /** Without its classes. */
  ObjectNode brief() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("stream", stream)
        .put("adapter", adapter)
        .put("until", until.toString())
        .put("seconds", measured.seconds())
        .put("ratio", measured.ratio())
        .put("alarmed", alarmed());
    if (since != null) {
      json.put("since", since.toString());
    }
    put(json.putObject("embedding"), measured.embedding());
    put(json.putObject("posterior"), measured.posterior());
    return json;
  }

  private static void put(ObjectNode json, Measure m) {
    json.put("value", m.value()).put("bound", m.bound()).put("calm", m.calm());
  }

  /** Reads {@link #toJson}. */
  static StreamDrift fromJson(JsonNode json) {
    List<ClassShift> classes = new ArrayList<>();
    for (JsonNode c : json.path("classes")) {
      classes.add(
          new ClassShift(
              c.path("label").asText(),
              c.path("posterior").asDouble(),
              c.path("referencePosterior").asDouble(),
              c.path("eventsPerHour").asDouble(),
              c.path("referenceEventsPerHour").asDouble()));
    }
    return new StreamDrift(
        json.path("stream").asText(),
        json.path("adapter").asText(),
        Instant.parse(json.path("until").asText()),
        new Measured(
            json.path("seconds").asDouble(),
            measure(json.path("embedding")),
            measure(json.path("posterior")),
            classes),
        json.path("above").asInt(),
        json.path("calm").asInt(),
        json.has("since") ? Instant.parse(json.path("since").asText()) : null);
  }

  private static Measure measure(JsonNode json) {
    return new Measure(
        json.path("value").asDouble(), json.path("bound").asDouble(), json.path("calm").asDouble());
  }
}
