package dev.lookaside.trainer.shadow;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.detect.Detection;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A {@link ShadowSummary} as it is on {@code lookaside.shadows}; {@link ShadowTopic} draws the
 * records.
 *
 * @param summary the numbers
 * @param differences the events that the two do not agree on, by stream and time
 */
public record ShadowReport(JsonNode summary, List<JsonNode> differences) {
  public ShadowReport {
    Objects.requireNonNull(summary, "summary");
    differences = List.copyOf(differences);
  }

  /**
   * The records of a run.
   *
   * @param run names it, once for all
   * @param author who asked for it
   * @param time when it ended
   */
  public static ShadowReport of(ShadowSummary summary, String run, String author, Instant time) {
    ObjectNode sum = JsonNodeFactory.instance.objectNode();
    sum.put("kind", "summary").put("run", run);
    sum.setAll(summary.toJson());
    sum.put("author", author).put("time", time.toString());
    List<JsonNode> differences = new ArrayList<>();
    String candidate = summary.request().candidate();
    for (ShadowDifference d : summary.comparison().differences()) {
      differences.add(difference(run, candidate, d));
    }
    return new ShadowReport(sum, differences);
  }

  private static ObjectNode difference(String run, String candidate, ShadowDifference d) {
    Detection either = d.either();
    ObjectNode value = JsonNodeFactory.instance.objectNode();
    value
        .put("kind", "difference")
        .put("run", run)
        .put("candidate", candidate)
        .put("difference", d.kind().word())
        .put("stream", d.stream().value())
        .put("label", either.eventLabel())
        .put("onset", either.extent().onsetTime().toString())
        .put("offset", String.valueOf(either.extent().offsetTime()));
    if (d.incumbent() != null) {
      value.set("incumbentSays", event(d.incumbent()));
    }
    if (d.candidate() != null) {
      value.set("candidateSays", event(d.candidate()));
    }
    return value;
  }

  private static ObjectNode event(Detection d) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("label", d.eventLabel())
        .put("onset", d.extent().onsetTime().toString())
        .put("offset", String.valueOf(d.extent().offsetTime()))
        .put("peak", d.peak())
        .put("mean", d.mean())
        .put("detection", d.id())
        .put("adapter", d.origin().adapterDigest());
  }

  /** Digest of the adapter that was tried. */
  public String candidate() {
    return summary.path("candidate").asText();
  }

  /** For scripts: both parts in one object. */
  public ObjectNode toJson() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.set("summary", summary);
    root.putArray("differences").addAll(differences);
    return root;
  }
}
