package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.label.Label;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * Reads what the page posts.
 *
 * <pre>
 *   {"kind": "confirm"|"reject", "detection": ID,                             "author": WHO, "note"?: TEXT}
 *   {"kind": "relabel",          "detection": ID, "label": CLASS,             "author": WHO, "note"?: TEXT}
 *   {"kind": "add", "stream": S, "label": CLASS, "onset": ISO, "offset": ISO, "author": WHO, "note"?: TEXT}
 *   {"kind": "retract",          "id": LABEL,     "author": WHO, who has said it,            "note"?: TEXT}
 * </pre>
 */
final class LabelRequest {
  private static final Set<String> FIELDS =
      Set.of("kind", "detection", "id", "stream", "label", "onset", "offset", "author", "note");

  private LabelRequest() {}

  /**
   * The label meant.
   *
   * @param shown knows the detections and labels on the page
   * @throws RequestRejected naming field and value
   */
  static Label read(byte[] body, Board shown, Instant now) {
    JsonNode node = parsed(body);
    String unknown =
        StreamSupport.stream(((Iterable<String>) node::fieldNames).spliterator(), false)
            .filter(name -> !FIELDS.contains(name))
            .collect(Collectors.joining(", "));
    if (!unknown.isEmpty()) {
      throw RequestRejected.bad(
          "field", unknown, "must be one of " + FIELDS.stream().sorted().toList());
    }
    String kind = text(node, "kind");
    String author = text(node, "author");
    Optional<String> note =
        node.path("note").asText("").isBlank() ? Optional.empty() : Optional.of(text(node, "note"));
    try {
      return switch (kind) {
        case "confirm" -> Label.confirm(detection(node, shown), author, now, note);
        case "reject" -> Label.reject(detection(node, shown), author, now, note);
        case "relabel" ->
            Label.relabel(detection(node, shown), text(node, "label"), author, now, note);
        case "add" ->
            Label.add(
                new StreamId(text(node, "stream")),
                text(node, "label"),
                time("onset", text(node, "onset")),
                time("offset", text(node, "offset")),
                author,
                now,
                note);
        case "retract" -> Label.retract(said(node, author, shown), now, note);
        default ->
            throw RequestRejected.bad(
                "kind", kind, "must be confirm, reject, relabel, add or retract");
      };
    } catch (TrainerException e) {
      throw RequestRejected.bad(e);
    } catch (IngestException e) {
      throw RequestRejected.bad(e);
    }
  }

  private static JsonNode parsed(byte[] body) {
    try {
      JsonNode node = StrictJson.parse(body);
      if (!node.isObject()) {
        throw new RequestRejected(400, "body: must be one JSON object");
      }
      return node;
    } catch (NotJsonException e) {
      throw new RequestRejected(400, "body: " + e.getMessage());
    }
  }

  private static Detection detection(JsonNode node, Board shown) {
    String id = text(node, "detection");
    return shown
        .ended(id)
        .orElseThrow(
            () ->
                RequestRejected.bad(
                    "detection", id, "must be one that has ended and is still shown"));
  }

  private static Label said(JsonNode node, String author, Board shown) {
    String id = text(node, "id");
    Label said =
        shown
            .said(id)
            .orElseThrow(() -> RequestRejected.bad("id", id, "must be of a label shown here"));
    if (!said.author().equals(author)) {
      throw RequestRejected.bad(
          "author",
          author,
          "must be \"%s\", the label's author: nobody else may retract it"
              .formatted(said.author()));
    }
    return said;
  }

  private static String text(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw RequestRejected.bad(field, value.asText(""), "must be given, as text");
    }
    return value.textValue();
  }

  static Instant time(String field, String text) {
    return Rfc3339.parse(text)
        .orElseThrow(
            () -> RequestRejected.bad(field, text, "must be a time as 2026-03-01T12:00:00Z"));
  }
}
