package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.Topics;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code lookaside refit} on a real broker; the trainer is what it would write. */
@Timeout(120)
class RefitCommandTest {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static EmbeddedKafka kafka;
  private static TextTopics topics;

  @BeforeAll
  static void startKafka() {
    kafka = EmbeddedKafka.start();
    topics = TextTopics.of(kafka);
    Topics.ensureTraining(topics.ingest());
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  private static Cli refit(Object... words) {
    List<Object> all = new ArrayList<>(List.of("refit"));
    all.addAll(List.of(words));
    all.addAll(List.of("--bootstrap-servers", kafka.bootstrapServers()));
    return Cli.run(all.toArray());
  }

  /** Waits for a request of the scope and ends its round. */
  private static ObjectNode answer(String scope, String outcome, String reason) throws IOException {
    Map<String, Object> reading = new HashMap<>(topics.ingest().kafkaClients());
    String topic = topics.ingest().topics().training().requests().name();
    TopicPartition requests = new TopicPartition(topic, 0);
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(requests));
      consumer.seekToBeginning(List.of(requests));
      while (true) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(20))) {
          JsonNode request = MAPPER.readTree(record.value());
          if (record.key().equals(scope) && request.get("kind").textValue().equals("request")) {
            ObjectNode ended =
                MAPPER
                    .createObjectNode()
                    .put("kind", "outcome")
                    .put("outcome", outcome)
                    .put("round", 7)
                    .put("fit", request.get("headOnly").booleanValue() ? "head" : "full")
                    .put("request", request.get("id").textValue())
                    .put("candidate", "c".repeat(64))
                    .put("reason", reason)
                    .put("seconds", 12.5);
            topics.send(topic, scope, ended.toString());
            return ended;
          }
        }
      }
    }
  }

  private static CompletableFuture<Cli> later(Object... words) {
    return CompletableFuture.supplyAsync(() -> refit(words));
  }

  @Test
  void waitsForTheRoundOfItsOwnRequestAndSaysHowItEnded() throws IOException {
    CompletableFuture<Cli> published =
        later("--scope", "tenant:a", "--head-only", "--wait", "--json");
    ObjectNode ended = answer("tenant:a", "published", "passed");
    Cli good = published.join();
    assertThat(good.exitCode()).as(good.err()).isZero();
    assertThat(MAPPER.readTree(good.out())).isEqualTo(ended.put("scope", "tenant:a"));
    assertThat(ended.get("fit").textValue()).isEqualTo("head");

    CompletableFuture<Cli> refused = later("--scope", "tenant:b", "--wait");
    answer("tenant:b", "refused", "false alarms rose to 9.1 an hour");
    Cli bad = refused.join();
    assertThat(bad.exitCode()).isEqualTo(1);
    assertThat(bad.out())
        .contains("round 7 (full) refused after 12.5 s  cccccccccccc")
        .contains("false alarms rose to 9.1 an hour");

    Cli past = refit("--scope", "tenant:b", "--past");
    assertThat(past.exitCode()).isZero();
    assertThat(past.out()).isEqualTo(bad.out());
    assertThat(MAPPER.readTree(refit("--scope", "tenant:a", "--past", "--json").out()))
        .isEqualTo(MAPPER.createArrayNode().add(ended));
  }

  @Test
  void withoutATrainerItSaysSo() throws IOException {
    Cli silent = refit("--scope", "tenant:none", "--wait", "--timeout-seconds", "1");
    assertThat(silent.exitCode()).isEqualTo(3);
    assertThat(silent.err())
        .contains("no outcome within 1 s; is a trainer of scope tenant:none running?");
    Cli asked = refit("--scope", "tenant:none", "--json");
    assertThat(asked.exitCode()).isZero();
    assertThat(MAPPER.readTree(asked.out()).get("request").textValue()).hasSize(36);
    assertThat(refit("--scope", "tenant:none", "--past").out())
        .contains("no round of tenant:none has ended");
  }

  @Test
  void wrongWordsAreNamed() {
    assertThat(refit("--timeout-seconds", "0").err())
        .contains("--timeout-seconds \"0\": must be 1 or more");
    assertThat(refit("--past", "--wait").err()).contains("--past: goes without --wait");
    assertThat(refit("--scope", "site").err()).contains("--scope \"site\": must be *");
    assertThat(refit("--help").out()).contains("3 if no answer");
  }
}
