package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.shadow.ShadowComparison;
import dev.lookaside.trainer.shadow.ShadowReport;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowSummary;
import dev.lookaside.trainer.shadow.ShadowTopic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(200)
class AdapterCommandTest {
  @TempDir Path folder;
  private EmbeddedKafka kafka;
  private AdapterCli cli;

  @BeforeEach
  void startKafka() {
    kafka = EmbeddedKafka.start();
    cli = new AdapterCli(kafka.bootstrapServers(), folder);
  }

  @AfterEach
  void stopKafka() {
    kafka.close();
  }

  private Cli run(Object... words) {
    return cli.run(words);
  }

  private JsonNode json(Object... words) throws IOException {
    return cli.json(words);
  }

  private Path variant(String name, float bias, String parent) throws IOException {
    return cli.variant(name, bias, parent);
  }

  @Test
  void anAdapterGoesItsWayFromFileIntoForceAndBack() throws IOException {
    assertThat(run("keys", "new", "site-1").exitCode()).isZero();
    Path first = variant("first.safetensors", .25f, "");
    String one = json("adapter", "publish", first).get("adapter").textValue();
    String two =
        json("adapter", "publish", variant("second.safetensors", .5f, one))
            .get("adapter")
            .textValue();
    assertThat(json("adapter", "verify", one.substring(0, 10)).get("sound").booleanValue())
        .isTrue();

    try (Service worker =
        Service.start(
            Configuration.over(
                Map.of(
                    "lookaside.ingest.kafka-clients.bootstrap.servers",
                    kafka.bootstrapServers(),
                    "lookaside.classifier.registry.worker",
                    "worker-1",
                    "lookaside.classifier.registry.alive-interval-seconds",
                    1,
                    "lookaside.classifier.security.adapters.keys-folder",
                    folder.resolve("keys").toString())),
            event -> {})) {
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(() -> assertThat(worker.health().healthy()).isTrue());
      Awaitility.await("the worker's sign of life")
          .atMost(Duration.ofSeconds(60))
          .untilAsserted(
              () -> {
                JsonNode promoted = json("adapter", "promote", one, "--lead-seconds", "0");
                assertThat(promoted.get("workers")).hasSize(1);
              });
      JsonNode promoted = json("adapter", "promote", two, "--lead-seconds", "0");
      assertThat(promoted.get("promoted").booleanValue()).isTrue();
      assertThat(promoted.get("workers").get(0).get("worker").textValue()).isEqualTo("worker-1");
      assertThat(promoted.get("workers").get(0).get("state").textValue()).isEqualTo("prepared");
      assertThat(promoted.get("workers").get(0).get("bytes").longValue())
          .isEqualTo(Files.size(folder.resolve("second.safetensors")));
      assertThat(promoted.get("slowest").textValue()).isEqualTo("worker-1");
      assertThat(promoted.get("slowestMillis").longValue()).isNotNegative();
      assertThat(worker.scrape())
          .contains("lookaside_adapters_total{reason=\"\",state=\"prepared\"}");
      JsonNode pinned = json("adapter", "pin", "live", one);
      assertThat(pinned.get("workers").get(0).get("state").textValue()).isEqualTo("prepared");
      assertThat(pinned.get("late").booleanValue()).isFalse();
      assertShown(one, two);
    }

    JsonNode back = json("adapter", "rollback", "--lead-seconds", "0");
    assertThat(back.get("adapter").textValue()).isEqualTo(one);
    assertThat(Instant.parse(back.get("effectiveFrom").textValue())).isBefore(Instant.now());
    assertThat(back.get("late").booleanValue()).isTrue();
    assertThat(json("adapter", "show", one).get("inForce").get(0).textValue()).isEqualTo("*");

    assertPinned(two);
    assertExported(first, one, two);
  }

  private void assertShown(String one, String two) {
    Awaitility.await("the worker says what it has loaded")
        .untilAsserted(
            () -> {
              JsonNode shown = json("adapter", "show", two);
              assertThat(shown.get("loadedBy"))
                  .extracting(JsonNode::textValue)
                  .containsExactly("worker-1");
              assertThat(shown.get("lineage").get(0).textValue()).isEqualTo(one);
              assertThat(shown.get("inForce")).extracting(JsonNode::textValue).containsExactly("*");
              assertThat(shown.get("cutovers").get(0).get("reason").textValue())
                  .isEqualTo("promote");
              assertThat(shown.at("/report/data/labels/count").intValue()).isEqualTo(3);
              assertThat(shown.get("file").has("report")).isFalse();
              assertThat(shown.get("metrics").isNull()).isTrue();
            });
    assertThat(run("adapter", "show", two).out())
        .contains("  data", "    labels", "ann", "inForce", "loadedBy");
  }

  private void assertPinned(String two) throws IOException {
    JsonNode pinned = json("adapter", "pin", "site/crane", two, "--author", "ada");
    assertThat(pinned.get("cutover").textValue()).isEqualTo("stream:site/crane@1");
    JsonNode released = json("adapter", "pin", "site/crane", "--release");
    assertThat(Instant.parse(released.get("effectiveFrom").textValue()))
        .isAfterOrEqualTo(Instant.parse(pinned.get("effectiveFrom").textValue()));
    Cli list = run("adapter", "list");
    assertThat(list.out())
        .contains(
            "cutover  stream:site/crane@1", "pin by ada", "stream:site/crane@2", "(released)");
    assertThat(run("adapter", "rollback", "--scope", "tenant:none").err())
        .contains("--scope \"tenant:none\": nothing was decided for it");
  }

  private void assertExported(Path first, String one, String two) throws IOException {
    Path out = folder.resolve("out.safetensors");
    assertThat(json("adapter", "export", one, "--out", out).get("adapter").textValue())
        .isEqualTo(one);
    assertThat(out).hasSameBinaryContentAs(first);
    JsonNode diff = json("adapter", "diff", out, two);
    assertThat(diff.get("tensors").properties()).hasSize(1);
    assertThat(diff.get("tensors").get("head.fc.bias").doubleValue()).isEqualTo(1.0);
    assertThat(diff.get("metadata").has("parent")).isTrue();
    Path mean = folder.resolve("mean.safetensors");
    assertThat(json("adapter", "mean", out, two, "--out", mean).get("adapter").textValue())
        .isEqualTo(Adapter.load(mean).digest());
    JsonNode half = json("adapter", "diff", out, mean);
    assertThat(half.get("tensors").get("head.fc.bias").doubleValue()).isEqualTo(.5);
  }

  @Test
  void whatACandidateWouldHaveSaidIsWrittenAndReadAgain() throws IOException {
    run("keys", "new", "site-1");
    TextTopics topics = TextTopics.of(kafka);
    IngestSettings ingest = topics.ingest();
    Topics.ensure(ingest);
    String digest =
        json("adapter", "publish", variant("one.safetensors", .25f, "")).get("adapter").textValue();
    assertThat(run("adapter", "shadow", digest, "--past").err())
        .contains("no run of it is on lookaside.shadows");
    JsonNode heard =
        json("adapter", "shadow", digest, "--seconds", "1", "--settle", "0", "--write");
    assertThat(heard.get("summary").get("streams").intValue()).isZero();

    ShadowReport report = spoken(digest);
    ShadowTopic topic = new ShadowTopic(ingest);
    topic.write(report);
    topic.write(spoken("0".repeat(64)));
    // A run whose writer was killed before its summary, and a record that is none.
    String cutOff =
        "{\"kind\":\"difference\",\"run\":\"cut off\",\"candidate\":\"" + digest + "\"}";
    topics.send(ingest.topics().training().shadows().name(), digest, cutOff, "{");
    JsonNode past = json("adapter", "shadow", digest.substring(0, 12), "--past");
    assertThat(past).hasSize(2);
    assertThat(past.get(0)).isEqualTo(heard);
    assertThat(past.get(1).toString()).isEqualTo(report.toJson().toString());
    JsonNode difference = past.get(1).get("differences").get(0);
    assertThat(difference.get("difference").textValue()).isEqualTo("label-differs");
    assertThat(difference.get("stream").textValue()).isEqualTo("dock");
    assertThat(difference.get("onset").textValue()).isEqualTo("2026-03-01T12:00:01Z");
    assertThat(difference.get("incumbentSays").get("label").textValue()).isEqualTo("speech");
    assertThat(difference.get("candidateSays").get("label").textValue()).isEqualTo("metal");
    assertThat(run("adapter", "shadow", digest, "--past").out())
        .contains("label-differs", "speech -> metal", "2.00 s", "1 differences, agreement 0.000");
    assertThat(run("adapter", "shadow", digest, "--settle", "-1").err())
        .contains("--settle \"-1\": must be 0 or more");
  }

  /** The same stretch of a stream by two names. */
  private static ShadowReport spoken(String candidate) {
    Instant from = Instant.parse("2026-03-01T12:00:00Z");
    ShadowSummary summary =
        new ShadowSummary(
            new ShadowRequest(candidate, Scope.ALL, 1, Duration.ofSeconds(10), 1),
            from,
            from.plusSeconds(10),
            List.of("dock"),
            50,
            10,
            ShadowComparison.of(
                List.of(ended("speech", "1".repeat(64), from)),
                List.of(ended("metal", candidate, from))));
    return ShadowReport.of(summary, "run of " + candidate, "ann", from.plusSeconds(20));
  }

  private static Detection ended(String label, String adapter, Instant epoch) {
    return new Detection(
        Detection.Kind.ENDED,
        Detection.idOf(new StreamId("dock"), epoch, label, 16_000),
        new StreamId("dock"),
        epoch,
        label,
        new Detection.Extent(16_000, 48_000, epoch.plusSeconds(1), epoch.plusSeconds(3), 16_000),
        .9,
        .8,
        new Detection.Origin(adapter, "2".repeat(64), "features", 0, 0, 9),
        null);
  }

  @Test
  void whatAWorkerWouldRefuseIsNotPublished() throws IOException {
    Path broken = Files.write(folder.resolve("broken"), new byte[] {1, 2, 3});
    Cli cli = run("adapter", "publish", broken);
    assertThat(cli.exitCode()).isEqualTo(1);
    assertThat(cli.err()).contains("broken: bad-file");
    Cli verify = run("adapter", "verify", broken);
    assertThat(verify.exitCode()).isEqualTo(1);
    assertThat(verify.out()).contains("refused: bad-file");
  }

  @Test
  void wrongWordsAreNamed() throws IOException {
    Path sound = variant("sound.safetensors", 0, "");
    assertThat(run("adapter", "publish", sound).err()).contains("make one with lookaside keys new");
    run("keys", "new", "a");
    run("keys", "new", "b");
    assertThat(run("adapter", "publish", sound).err())
        .contains("has several keys that could sign decisions (a, b); name one of them with --key");
    assertThat(run("keys", "new", "a").err()).contains("is there already");
    assertThat(run("adapter", "show", "ffff").err())
        .contains("adapter \"ffff\": no adapter on the topic has an id that starts with it");
    assertThat(run("adapter", "promote", "ff", "--scope", "site").err())
        .contains("--scope \"site\": must be *, tenant:NAME or stream:ID");
    assertThat(run("adapter", "pin", "s").err()).contains("give a digest or --release");
    assertThat(run("adapter").exitCode()).isEqualTo(2);
    assertThat(run("keys").exitCode()).isEqualTo(2);
  }

  @Test
  void keysAreListedAndTrusted() {
    run("keys", "new", "mine");
    Cli theirs =
        Cli.run(
            "keys",
            "new",
            "them",
            "--set",
            "lookaside.classifier.security.adapters.keys-folder=" + folder.resolve("theirs"));
    assertThat(theirs.exitCode()).isZero();
    Cli trusted = run("keys", "trust", "--name", "them", folder.resolve("theirs/them.pub"));
    assertThat(trusted.out())
        .isEqualTo(theirs.out().substring(0, 16) + "  them" + System.lineSeparator());
    assertThat(run("keys", "list").out())
        .contains("signs    mine", "trusted  mine", "trusted  them");
    assertThat(run("keys", "list", "--json").out()).contains("\"use\" : \"signs\"");
    assertThat(run("keys", "distrust", "them").out()).contains("  them");
    assertThat(run("keys", "list").out()).contains("trusted  them  before record 0");
    assertThat(run("keys", "distrust", "them", "--all", "--json").out())
        .contains("\"countsUntil\" : 0");
    assertThat(run("keys", "list").out()).doesNotContain("them");
    run("keys", "trust", "--name", "again", "--from-now", folder.resolve("theirs/them.pub"));
    assertThat(run("keys", "list").out()).contains("trusted  again" + System.lineSeparator());
    assertThat(run("keys", "distrust", "nobody").err()).contains("trusted/nobody.pub");
  }
}
