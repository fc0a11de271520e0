package dev.lookaside.trainer.publish;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.classifier.json.NotJsonException;
import dev.lookaside.classifier.json.StrictJson;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.kafka.BrokerException;
import dev.lookaside.ingest.kafka.KafkaClients;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.TopicReader.Start;
import dev.lookaside.ingest.kafka.TopicWriter;
import dev.lookaside.trainer.TrainerException;
import dev.lookaside.trainer.drift.DriftReport;
import dev.lookaside.trainer.loop.RefitRequest;
import dev.lookaside.trainer.loop.RoundOutcome;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What trainers are asked for and how their rounds ended: {@code lookaside.requests}, one
 * partition, read from its beginning. Any thread, one at a time.
 *
 * <pre>
 *   key    scope, UTF-8
 *   value  { "kind": "request", "id": text, "headOnly": boolean, "author": text, "time": time }
 *       or { "kind": "outcome", "outcome": "published" | "refused" | "undecided"
 *            | "rolled-back" | "failed", "round": number, "fit": "head" | "full", "trigger": text, "request": text,
 *            "candidate": sha256, "cutover": id, "reason": text, "seconds": number,
 *            "gate": report, "time": time }        what does not apply is left out
 *       or { "kind": "drift", ... }                how the streams of the scope sound, see
 *                                                  {@link DriftReport}; the last one counts
 * </pre>
 */
public final class RefitTopic implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RefitTopic.class);

  /** Outcomes in memory, each with its gate report: the newest. */
  private static final int OUTCOMES_MAX = 1_000;

  /** Null: of all scopes, only to read. */
  private final @Nullable Scope scope;

  private final String topic;
  private final TopicReader reader;
  private final @Nullable TopicWriter writer;
  private final Map<String, RefitRequest> unanswered = new LinkedHashMap<>();
  private final ArrayDeque<JsonNode> outcomes = new ArrayDeque<>();
  private final int keep;
  private @Nullable DriftReport drift;

  private RefitTopic(
      @Nullable Scope scope,
      String topic,
      TopicReader reader,
      @Nullable TopicWriter writer,
      int keep) {
    this.scope = scope;
    this.keep = keep;
    this.topic = topic;
    this.reader = reader;
    this.writer = writer;
  }

  /**
   * Connects at the first use; the topic must be there.
   *
   * @param scope null: of all scopes, only to read
   */
  public static RefitTopic open(IngestSettings ingest, @Nullable Scope scope) {
    return connect(ingest, scope, OUTCOMES_MAX);
  }

  /** For a trainer, which asks for requests alone: outcomes are read and forgotten. */
  public static RefitTopic ofRequests(IngestSettings ingest, Scope scope) {
    return connect(ingest, scope, 0);
  }

  /**
   * How the last round of each candidate ended, by its digest: {@link #answer} draws it, and {@code
   * scope} says whose it was. Empty if no trainer has ever been there.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers
   */
  public static Map<String, JsonNode> lastOutcomes(IngestSettings ingest) {
    Map<String, JsonNode> last = new HashMap<>();
    try (RefitTopic all = open(ingest, null)) {
      for (JsonNode outcome : all.newOutcomes()) {
        if (outcome.has("candidate")) {
          last.put(outcome.path("candidate").asText(), outcome);
        }
      }
    }
    return Map.copyOf(last);
  }

  private static RefitTopic connect(IngestSettings ingest, @Nullable Scope scope, int keep) {
    String topic = ingest.topics().training().requests().name();
    KafkaClients clients = ingest.clients();
    try (ResourceCloser opened = new ResourceCloser()) {
      TopicReader reader =
          opened.add(TopicReader.open(clients, "requests", Start.BEGINNING, topic));
      TopicWriter writer =
          scope == null ? null : opened.add(TopicWriter.open(clients, "request-writer"));
      opened.keep();
      return new RefitTopic(scope, topic, reader, writer, keep);
    }
  }

  /**
   * Reads what has come.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers; the next call
   *     goes on
   */
  public synchronized void refresh() {
    reader.readToEnd(this::read);
  }

  private void read(ConsumerRecord<byte[], byte[]> record) {
    if (record.key() == null || record.value() == null) {
      return;
    }
    String whose = new String(record.key(), UTF_8);
    if (scope != null && !whose.equals(scope.toString())) {
      return;
    }
    try {
      JsonNode value = StrictJson.parse(record.value());
      String kind = value.path("kind").asText();
      if (kind.equals("request")) {
        RefitRequest request =
            new RefitRequest(
                value.path("id").asText(),
                value.path("headOnly").asBoolean(),
                value.path("author").asText());
        unanswered.put(request.id(), request);
      } else if (kind.equals("outcome")) {
        unanswered.remove(value.path("request").asText());
        outcomes.add(value instanceof ObjectNode o ? o.put("scope", whose) : value);
        if (outcomes.size() > keep) {
          outcomes.remove();
        }
      } else if (kind.equals("drift")) {
        drift = DriftReport.fromJson(value);
      }
    } catch (NotJsonException | TrainerException e) {
      LOG.warn("{}, record {}: {}", topic, record.offset(), e.getMessage());
    }
  }

  /** Requests without an outcome, oldest first, as far as was read. */
  public synchronized List<RefitRequest> unanswered() {
    return List.copyOf(unanswered.values());
  }

  /**
   * Asks for a refit.
   *
   * @return the request's id
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker takes it
   */
  public String ask(boolean headOnly, String author) {
    String id = UUID.randomUUID().toString();
    send(
        JsonNodeFactory.instance
            .objectNode()
            .put("kind", "request")
            .put("id", id)
            .put("headOnly", headOnly)
            .put("author", author)
            .put("time", Instant.now().toString()));
    return id;
  }

  /** How the round of a request ended, if it has; {@link #answer} draws it. */
  public synchronized Optional<JsonNode> outcomeOf(String request) {
    refresh();
    return outcomes.stream().filter(o -> o.path("request").asText().equals(request)).findFirst();
  }

  /** How the newest rounds of the scope ended, oldest first. */
  public synchronized List<JsonNode> outcomes() {
    refresh();
    return List.copyOf(outcomes);
  }

  /**
   * How rounds ended that no call has returned yet, oldest first; none if the topic is not there.
   * They are not kept.
   *
   * @throws dev.lookaside.ingest.kafka.UnreachableException if no broker answers; the next call
   *     goes on
   */
  public synchronized List<JsonNode> newOutcomes() {
    try {
      refresh();
    } catch (BrokerException.MissingTopic e) {
      return List.of();
    }
    List<JsonNode> news = List.copyOf(outcomes);
    outcomes.clear();
    return news;
  }

  /** Writes how a round ended. */
  public void answer(RoundOutcome outcome, Instant time) {
    ObjectNode value = outcome.toJson();
    value.put("kind", "outcome").put("time", time.toString());
    send(value);
  }

  /**
   * How the streams of the scope sounded when they were last compared, if the topic still has it.
   */
  public synchronized Optional<DriftReport> drift() {
    refresh();
    return Optional.ofNullable(drift);
  }

  /** Writes the drift report. */
  public void tell(DriftReport report) {
    send(report.toJson().put("kind", "drift"));
  }

  private void send(ObjectNode value) {
    Scope whose = Objects.requireNonNull(scope, "scope");
    TopicWriter writes = Objects.requireNonNull(writer, "writer");
    byte[] key = whose.toString().getBytes(UTF_8);
    writes.write(
        new ProducerRecord<>(topic, key, value.toString().getBytes(UTF_8)),
        value.path("kind").asText() + " of scope " + whose);
  }

  @Override
  public synchronized void close() {
    reader.close();
    if (writer != null) {
      writer.close();
    }
  }
}
