package dev.lookaside.deploy.page;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.Rfc3339;
import dev.lookaside.ingest.Sha256;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.label.Label;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
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
 *
 * <p>Each may have {@code "request": ID}, chosen by the client: requests of one author with the
 * same one are one label.
 */
final class LabelRequest {
  private static final Set<String> FIELDS =
      Set.of(
          "kind",
          "detection",
          "id",
          "stream",
          "label",
          "onset",
          "offset",
          "author",
          "note",
          "request");

  /** What a store keeps of a longer sound ends there, and it can be played up to there. */
  private static final Duration LONGEST = RetainedStretch.LONGEST;

  /** A shorter stretch is a slip of the mouse: no model here looks every tenth of a second. */
  private static final Duration SHORTEST = Duration.ofMillis(100);

  private static final int ID_BYTES = 16;
  private static final Pattern REQUEST = Pattern.compile("[A-Za-z0-9-]{8,64}");

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
      Label label = label(node, kind, author, note, shown, now);
      return node.has("request") ? withId(label, idOf(author, text(node, "request"))) : label;
    } catch (TrainerException e) {
      throw RequestRejected.bad(e);
    } catch (IngestException e) {
      throw RequestRejected.bad(e);
    }
  }

  /** Not the client's own: it could be that of another's label. */
  private static String idOf(String author, String request) {
    if (!REQUEST.matcher(request).matches()) {
      throw RequestRejected.bad("request", request, "must be 8 to 64 letters, digits and hyphens");
    }
    return HexFormat.of().formatHex(Sha256.of("page|" + author + "|" + request), 0, ID_BYTES);
  }

  private static Label withId(Label l, String id) {
    return new Label(
        id,
        l.kind(),
        l.stream(),
        l.label(),
        l.detected(),
        l.detection(),
        l.adapter(),
        l.onset(),
        l.offset(),
        l.author(),
        l.time(),
        l.note());
  }

  private static Label label(
      JsonNode node, String kind, String author, Optional<String> note, Board shown, Instant now) {
    return switch (kind) {
      case "confirm" -> Label.confirm(detection(node, shown), author, now, note);
      case "reject" -> Label.reject(detection(node, shown), author, now, note);
      case "relabel" ->
          Label.relabel(detection(node, shown), text(node, "label"), author, now, note);
      case "add" -> added(node, author, note, shown, now);
      case "retract" -> Label.retract(shownLabel(node, author, shown), now, note);
      default ->
          throw RequestRejected.bad(
              "kind", kind, "must be confirm, reject, relabel, add or retract");
    };
  }

  private static Label added(
      JsonNode node, String author, Optional<String> note, Board shown, Instant now) {
    String stream = text(node, "stream");
    if (!shown.shows(stream)) {
      throw RequestRejected.bad("stream", stream, "must be one that the page shows");
    }
    Instant onset = time("onset", text(node, "onset"));
    Instant offset = time("offset", text(node, "offset"));
    Duration length = Duration.between(onset, offset);
    if (length.compareTo(SHORTEST) < 0 || length.compareTo(LONGEST) > 0) {
      throw RequestRejected.bad(
          "offset",
          offset.toString(),
          "must be %s to %d s after onset %s"
              .formatted(SHORTEST.toMillis() / 1e3, LONGEST.toSeconds(), onset));
    }
    return Label.add(new StreamId(stream), text(node, "label"), onset, offset, author, now, note);
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

  private static Label shownLabel(JsonNode node, String author, Board shown) {
    String id = text(node, "id");
    Label label =
        shown
            .label(id)
            .orElseThrow(() -> RequestRejected.bad("id", id, "must be of a label shown here"));
    if (!label.author().equals(author)) {
      throw RequestRejected.bad(
          "author",
          author,
          "must be \"%s\", the label's author: nobody else may retract it"
              .formatted(label.author()));
    }
    return label;
  }

  private static String text(JsonNode node, String field) {
    JsonNode value = node.path(field);
    if (!value.isTextual() || value.textValue().isBlank()) {
      throw RequestRejected.bad(field, value.asText(""), "must be given, as text");
    }
    return value.textValue().strip();
  }

  static Instant time(String field, String text) {
    return Rfc3339.parse(text)
        .orElseThrow(
            () -> RequestRejected.bad(field, text, "must be a time as 2026-03-01T12:00:00Z"));
  }
}
