package dev.lookaside.classifier.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;

/**
 * A worker's record on {@code lookaside.acks}.
 *
 * <pre>
 *   key     worker, or worker/cutover, UTF-8
 *   value   { "adapter": sha256, "adapters": [sha256...], "at": time, "bytes": n, "cutover": "scope@n",
 *             "millis": n, "reason": word and text, "state": "prepared" | ..., "worker": text }
 * </pre>
 *
 * Fields that do not apply are left out.
 *
 * @param worker whose name
 * @param state what has happened
 * @param at when, by the worker's clock
 * @param cutover the ledger record; empty for {@link State#ALIVE} and {@link State#STOPPED}
 * @param adapter its adapter; empty likewise
 * @param millis that preparing took; 0 if nothing was prepared
 * @param bytes of the adapter file; 0 if it was not fetched
 * @param reason why it was refused, {@link AdapterRejection#message()}; empty otherwise
 * @param adapters loaded now, for {@link State#ALIVE}
 */
public record Ack(
    String worker,
    State state,
    Instant at,
    String cutover,
    String adapter,
    long millis,
    long bytes,
    String reason,
    List<String> adapters) {
  /** What has happened; on the wire in lower case. */
  public enum State {
    /** The adapter is loaded and checked; windows can be scored with it. */
    PREPARED,
    /** The first windows were scored by this record. */
    APPLIED,
    /** The record or its adapter is not used here. */
    REFUSED,
    /** A heartbeat of the worker. */
    ALIVE,
    /** The worker stops. */
    STOPPED;

    /** The word on the wire. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Ack {
    adapters = List.copyOf(adapters);
  }

  static Ack alive(String worker, Instant at, List<String> adapters) {
    return new Ack(worker, State.ALIVE, at, "", "", 0, 0, "", adapters);
  }

  static Ack stopped(String worker, Instant at) {
    return new Ack(worker, State.STOPPED, at, "", "", 0, 0, "", List.of());
  }

  static Ack of(String worker, State state, Instant at, Cutover cutover) {
    return prepared(worker, state, at, cutover, 0, 0);
  }

  static Ack prepared(
      String worker, State state, Instant at, Cutover cutover, long millis, long bytes) {
    String adapter = cutover.adapter() == null ? "" : cutover.adapter();
    return new Ack(worker, state, at, cutover.id(), adapter, millis, bytes, "", List.of());
  }

  static Ack refused(
      String worker, Instant at, String cutover, @Nullable String adapter, AdapterRejection r) {
    return new Ack(
        worker,
        State.REFUSED,
        at,
        cutover,
        adapter == null ? "" : adapter,
        0,
        0,
        r.message(),
        List.of());
  }

  /**
   * The reason's first word, {@link AdapterRejection.Reason#word}; empty if nothing was refused.
   */
  public String reasonWord() {
    int colon = reason.indexOf(':');
    return colon < 0 ? reason : reason.substring(0, colon);
  }

  /** The record to send. */
  ProducerRecord<byte[], byte[]> record(String topic) {
    String key = cutover.isEmpty() ? worker : worker + "/" + cutover;
    return new ProducerRecord<>(topic, key.getBytes(UTF_8), toJson());
  }

  byte[] toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("worker", worker).put("state", state.word()).put("at", at.toString());
    if (!cutover.isEmpty()) {
      json.put("cutover", cutover);
    }
    if (!adapter.isEmpty()) {
      json.put("adapter", adapter);
    }
    if (state == State.PREPARED) {
      json.put("millis", millis).put("bytes", bytes);
    }
    if (!reason.isEmpty()) {
      json.put("reason", reason);
    }
    if (state == State.ALIVE) {
      ArrayNode list = json.putArray("adapters");
      adapters.forEach(list::add);
    }
    return CanonicalJson.bytes(json);
  }

  /**
   * Reads {@link #toJson}'s form.
   *
   * @throws RegistryException naming the field and its value
   */
  static Ack fromJson(byte[] json) {
    JsonFields f = new JsonFields(CanonicalJson.parse(json), "");
    List<String> adapters = new ArrayList<>();
    if (f.has("adapters")) {
      f.node("adapters").forEach(a -> adapters.add(a.asText()));
    }
    return new Ack(
        f.text("worker"),
        state(f.text("state")),
        f.time("at"),
        f.has("cutover") ? f.text("cutover") : "",
        f.has("adapter") ? f.text("adapter") : "",
        f.has("millis") ? f.number("millis") : 0,
        f.has("bytes") ? f.number("bytes") : 0,
        f.has("reason") ? f.text("reason") : "",
        adapters);
  }

  private static State state(String word) {
    for (State s : State.values()) {
      if (s.word().equals(word)) {
        return s;
      }
    }
    throw RegistryException.of("state", word, "must be prepared, applied, refused, alive, stopped");
  }
}
