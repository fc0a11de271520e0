package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What decisions say of their time and of workers, who here are no more than their acks. */
@Timeout(200)
class AdapterDecisionTest {
  @TempDir static Path folder;
  private static EmbeddedKafka kafka;
  private static TextTopics topics;
  private static AdapterCli cli;
  private static String adapter;

  @BeforeAll
  static void publish() throws IOException {
    kafka = EmbeddedKafka.start();
    topics = TextTopics.of(kafka);
    Topics.ensure(topics.ingest());
    // However slow the machine, a worker that is alive stays so until the test is over.
    cli =
        new AdapterCli(
            kafka.bootstrapServers(),
            folder,
            List.of("--set", "lookaside.classifier.registry.alive-interval-seconds=600"));
    cli.run("keys", "new", "site-1");
    adapter =
        cli.json("adapter", "publish", cli.variant("one.safetensors", .25f, ""))
            .get("adapter")
            .textValue();
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  private final ObjectNode none = new JsonMapper().createObjectNode();

  @BeforeEach
  void everybodyLeaves() {
    for (String worker : new String[] {"quick", "slow", "silent", "fickle"}) {
      ack(worker, "stopped", "", Duration.ZERO, none);
    }
  }

  /** What a worker says of a record, by its clock so long from now. */
  private void ack(String worker, String state, String cutover, Duration in, ObjectNode more) {
    ObjectNode ack =
        new JsonMapper()
            .createObjectNode()
            .put("worker", worker)
            .put("state", state)
            .put("at", Instant.now().plus(in).toString());
    if (!cutover.isEmpty()) {
      ack.put("cutover", cutover).put("adapter", adapter);
    }
    topics.send(
        topics.ingest().topics().registry().acks().name(),
        cutover.isEmpty() ? worker : worker + "/" + cutover,
        ack.setAll(more).toString());
  }

  private void alive(String... workers) {
    for (String worker : workers) {
      ack(worker, "alive", "", Duration.ofMillis(1), none);
    }
  }

  private void prepared(String worker, String cutover, Duration in) {
    ack(worker, "prepared", cutover, in, none.deepCopy().put("millis", 5).put("bytes", 6));
  }

  private void refused(String worker, String cutover) {
    ack(
        worker,
        "refused",
        cutover,
        Duration.ZERO,
        none.deepCopy().put("reason", "no-memory: full"));
  }

  @Test
  void aSilentWorkerIsWaitedForUntilTheDeadlineAndTheSlowestIsNamed() throws IOException {
    alive("quick", "slow", "silent");
    prepared("slow", "tenant:deadline@1", Duration.ofSeconds(70));
    prepared("quick", "tenant:deadline@1", Duration.ofSeconds(60));
    Instant start = Instant.now();
    JsonNode promoted =
        cli.json(
            "adapter", "promote", adapter, "--scope", "tenant:deadline", "--deadline-seconds", "2");
    assertThat(Instant.now()).isAfter(start.plusSeconds(2));
    assertThat(promoted.get("promoted").booleanValue()).isTrue();
    assertThat(promoted.get("late").booleanValue()).isFalse();
    assertThat(promoted.get("slowest").textValue()).isEqualTo("slow");
    assertThat(promoted.get("slowestMillis").longValue()).isBetween(40_000L, 70_000L);
    assertThat(promoted.get("workers"))
        .extracting(w -> w.get("worker").textValue() + " " + w.get("state").textValue())
        .containsExactly("quick prepared", "slow prepared", "silent silent");
    String text =
        cli.run("adapter", "promote", adapter, "--scope", "tenant:quiet", "--deadline-seconds", "0")
            .out();
    assertThat(text).contains("silent  has not answered", "in force from");
  }

  @Test
  void whoRefusesStopsAPromotionAndWhatIsSaidLastCounts() throws IOException {
    alive("quick", "fickle");
    prepared("quick", "tenant:refused@1", Duration.ZERO);
    prepared("fickle", "tenant:refused@1", Duration.ZERO);
    refused("fickle", "tenant:refused@1");
    JsonNode refused = cli.failing("adapter", "promote", adapter, "--scope", "tenant:refused");
    assertThat(refused.get("promoted").booleanValue()).isFalse();
    assertThat(refused.get("workers"))
        .extracting(w -> w.get("worker").textValue() + " " + w.get("state").textValue())
        .containsExactlyInAnyOrder("quick prepared", "fickle refused");
    assertThat(cli.run("adapter", "list").out()).doesNotContain("tenant:refused@2");

    prepared("quick", "tenant:refused@2", Duration.ZERO);
    refused("fickle", "tenant:refused@2");
    prepared("fickle", "tenant:refused@2", Duration.ZERO);
    Cli text = cli.run("adapter", "promote", adapter, "--scope", "tenant:refused");
    assertThat(text.exitCode()).isZero();
    assertThat(text.out()).contains("in force from", "(tenant:refused@3)");
  }

  @Test
  void aPinThatWorkersRefuseIsNotCalledInForce() throws IOException {
    alive("quick", "fickle");
    prepared("quick", "stream:some@1", Duration.ZERO);
    refused("fickle", "stream:some@1");
    Cli some = cli.run("adapter", "pin", "some", adapter, "--lead-seconds", "0");
    assertThat(some.exitCode()).isEqualTo(1);
    assertThat(some.out())
        .contains(
            "fickle  refuses it: no-memory: full",
            "decided from",
            "1 of 2 workers refuse it: there what was in force scores on")
        .doesNotContain("in force from");

    refused("quick", "stream:all@1");
    refused("fickle", "stream:all@1");
    JsonNode all = cli.failing("adapter", "pin", "all", adapter, "--lead-seconds", "0");
    assertThat(all.get("workers"))
        .extracting(w -> w.get("state").textValue())
        .containsExactly("refused", "refused");
    JsonNode shown = cli.json("adapter", "show", adapter);
    assertThat(shown.get("inForce"))
        .extracting(JsonNode::textValue)
        .contains("stream:some")
        .doesNotContain("stream:all");
    assertThat(shown.get("refusedBy"))
        .extracting(
            r -> r.get("worker").textValue() + " " + r.get("cutover").textValue(),
            r -> r.get("reason").textValue())
        .contains(
            tuple("fickle stream:some@1", "no-memory: full"),
            tuple("quick stream:all@1", "no-memory: full"));
  }

  @Test
  void aDecisionWrittenAfterItsTimeSaysSo() throws IOException {
    String past = "2026-03-01T12:00:00Z";
    JsonNode pinned = cli.json("adapter", "pin", "past", adapter, "--effective-from", past);
    assertThat(pinned.get("effectiveFrom").textValue()).isEqualTo(past);
    assertThat(pinned.get("late").booleanValue()).isTrue();
    assertThat(
            cli.run("adapter", "promote", adapter, "--scope", "tenant:p", "--effective-from", past)
                .out())
        .contains("late: written after that time; windows from " + past + " on");
    assertThat(cli.json("adapter", "pin", "past", "--release").get("late").booleanValue())
        .isFalse();
  }

  @Test
  void aDecisionFarAheadHasToBeMeant() throws IOException {
    String far = "2100-01-01T00:00:00Z";
    Cli refused = cli.run("adapter", "pin", "far", adapter, "--effective-from", far);
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.err())
        .contains("--effective-from \"" + far + "\": is more than a day ahead", "--far-ahead");
    assertThat(cli.run("adapter", "promote", adapter, "--lead-seconds", "90000").err())
        .contains("--lead-seconds \"90000\": is more than a day ahead");
    JsonNode meant =
        cli.json("adapter", "pin", "far", adapter, "--effective-from", far, "--far-ahead");
    assertThat(meant.get("effectiveFrom").textValue()).isEqualTo(far);

    JsonNode list = cli.json("adapter", "list");
    assertThat(list.get("adapters"))
        .extracting(a -> a.get("adapter").textValue())
        .contains(adapter);
    assertThat(list.get("cutovers"))
        .extracting(c -> c.get("cutover").textValue())
        .contains("stream:far@1")
        .doesNotContain("stream:far@2");
    JsonNode record = null;
    for (JsonNode c : list.get("cutovers")) {
      record = c.get("cutover").textValue().equals("stream:far@1") ? c : record;
    }
    assertThat(record.get("effectiveFrom").textValue()).isEqualTo(far);
    assertThat(record.get("reason").textValue()).isEqualTo("pin");
    assertThat(record.get("key").textValue()).hasSize(16);
    assertThat(record.get("refused").isNull()).isTrue();
  }

  @Test
  void whatTheGateRefusedIsListedShownAndWarnedOf() throws IOException {
    String refused =
        cli.json("adapter", "publish", cli.variant("refused.safetensors", .5f, ""))
            .get("adapter")
            .textValue();
    assertThat(cli.json("adapter", "show", refused).get("metrics").isNull()).isTrue();
    Topics.ensureTraining(topics.ingest());
    ObjectNode outcome =
        none.deepCopy()
            .put("kind", "outcome")
            .put("outcome", "refused")
            .put("round", 3)
            .put("fit", "head")
            .put("candidate", refused)
            .put("reason", "mean average precision fell by 0.2")
            .put("seconds", 9.5);
    outcome.putObject("gate").putObject("map").put("before", .6).put("after", .4);
    String requests = topics.ingest().topics().training().requests().name();
    topics.send(requests, "tenant:gate", outcome.toString());

    String said = "refused in round 3 of tenant:gate: mean average precision fell by 0.2";
    assertThat(cli.run("adapter", "list").out())
        .containsPattern("adapter  " + refused.substring(0, 12) + ".*" + said);
    for (JsonNode a : cli.json("adapter", "list").get("adapters")) {
      if (a.get("adapter").textValue().equals(refused)) {
        assertThat(a.get("outcome").get("outcome").textValue()).isEqualTo("refused");
        assertThat(a.get("outcome").has("gate")).isFalse();
      } else {
        assertThat(a.get("outcome").isNull()).isTrue();
      }
    }
    JsonNode shown = cli.json("adapter", "show", refused);
    assertThat(shown.at("/metrics/map/after").doubleValue()).isEqualTo(.4);
    assertThat(shown.at("/outcome/round").intValue()).isEqualTo(3);

    Cli promoted = cli.run("adapter", "promote", refused, "--scope", "tenant:gate");
    assertThat(promoted.exitCode()).isZero();
    assertThat(promoted.err()).contains("warning: " + said);
    assertThat(cli.run("adapter", "promote", adapter, "--scope", "tenant:gate").err())
        .doesNotContain("warning");
  }
}
