package dev.lookaside.deploy.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.replay.Replay;
import dev.lookaside.deploy.replay.ReplayModel;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.ingest.kafka.TopicReader;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** A command whose brokers are away, or go away, says so and ends at its time-out. */
@Timeout(200)
class UnreachableBrokerTest {
  private static final String TIMEOUT = "lookaside.ingest.broker-timeout-millis=";

  /** Every command that asks Kafka, as it would be typed. */
  private static final List<String> COMMANDS =
      List.of(
          "send FOLDER/a.wav",
          "listen",
          "replay --stream s --from 2026-03-01T12:00:00Z --to 2026-03-01T12:00:08Z",
          "label add --stream s --label dog --onset 2026-03-01T12:00:00Z --offset"
              + " 2026-03-01T12:00:01Z",
          "label confirm --detection abc",
          "label reject --detection abc",
          "label relabel --detection abc --label dog",
          "label retract abc",
          "label list",
          "label next",
          "label show abc",
          "refit",
          "refit --wait",
          "refit --past",
          "drift",
          "streams",
          "adapter publish FOLDER/a.safetensors",
          "adapter list",
          "adapter show abc",
          "adapter verify abc",
          "adapter export abc --out FOLDER/b.safetensors",
          "adapter diff abc def",
          "adapter mean abc def --out FOLDER/c.safetensors",
          "adapter shadow abc",
          "adapter shadow abc --past",
          "adapter promote abc",
          "adapter rollback",
          "adapter pin s abc",
          "keys trust --name other --from-now FOLDER/other/site-2.pub",
          "keys distrust site-1");

  /** Wait for brokers, as services do, or read folders alone. */
  private static final Set<String> OTHERS = Set.of("run", "trainer", "keys new", "keys list");

  /** One for all: no command changes what is in it before a broker answers. */
  @TempDir private static Path folder;

  @BeforeAll
  static void files() throws IOException {
    AdapterCli cli = new AdapterCli("k:1", folder);
    assertThat(cli.run("keys", "new", "site-1").exitCode()).isZero();
    Path other = Files.createDirectories(folder.resolve("other"));
    assertThat(new AdapterCli("k:1", other).run("keys", "new", "x").exitCode()).isZero();
    Files.copy(other.resolve("keys").resolve("x.pub"), other.resolve("site-2.pub"));
    cli.variant("a.safetensors", .25f, "");
    Files.write(folder.resolve("a.wav"), WavWriter.int16(new Pcm(16_000, new float[16_000])));
  }

  static Stream<String> commands() {
    return COMMANDS.stream();
  }

  private static Cli run(String bootstrapServers, int timeoutMillis, Object... words) {
    List<Object> line = new ArrayList<>();
    for (Object word : words) {
      line.add(String.valueOf(word).replace("FOLDER", folder.toString()));
    }
    line.addAll(List.of("--set", TIMEOUT + timeoutMillis));
    return new AdapterCli(bootstrapServers, folder).run(line.toArray());
  }

  @ParameterizedTest
  @MethodSource("commands")
  void endsAtTheTimeoutWithAMessage(String command) {
    String closed = "127.0.0.1:" + EmbeddedKafka.freePort();
    long start = System.nanoTime();
    Cli cli = run(closed, 300, (Object[]) command.split(" "));
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    assertThat(cli.exitCode()).as(cli.out() + cli.err()).isEqualTo(1);
    assertThat(cli.err().strip().lines().toList().get(0))
        .contains(closed)
        .contains("no broker answered within 300 ms");
    assertThat(took).isLessThan(Duration.ofSeconds(20));
  }

  /** A new command that asks Kafka must be in the list above. */
  @Test
  void everyCommandIsTried() {
    Set<String> tried =
        COMMANDS.stream()
            .map(c -> c.split(" "))
            .map(w -> Set.of("label", "adapter", "keys").contains(w[0]) ? w[0] + " " + w[1] : w[0])
            .collect(Collectors.toSet());
    Set<String> found = new HashSet<>();
    collect("", Main.commandLine(), found);
    found.removeAll(OTHERS);
    // Their store is a folder.
    found.removeIf(name -> name.startsWith("examples "));
    assertThat(found).isEqualTo(tried);
  }

  private static void collect(String name, CommandLine line, Set<String> found) {
    if (line.getCommandSpec().findOption("--bootstrap-servers") != null) {
      found.add(name);
    }
    line.getSubcommands()
        .forEach((word, inner) -> collect((name + " " + word).strip(), inner, found));
  }

  @Test
  void aPromotionEndsWhenTheBrokersGoAwayWhileItWaitsForWorkers() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start()) {
      AdapterCli cli = new AdapterCli(kafka.bootstrapServers(), folder);
      JsonNode published = cli.json("adapter", "publish", folder.resolve("a.safetensors"));
      TextTopics topics = TextTopics.of(kafka);
      // A worker that lives and never answers.
      topics.send(
          topics.ingest().topics().registry().acks().name(),
          "worker-1",
          "{\"worker\":\"worker-1\",\"state\":\"alive\",\"at\":\"%s\"}".formatted(Instant.now()));
      CompletableFuture<Cli> promoting =
          CompletableFuture.supplyAsync(
              () ->
                  run(
                      kafka.bootstrapServers(),
                      2_000,
                      "adapter",
                      "promote",
                      published.get("adapter").textValue(),
                      "--deadline-seconds",
                      600));
      try (RegistryView view =
          RegistryView.open(topics.ingest(), () -> TrustedKeys.of(List.of(), true))) {
        Awaitility.await("the announcement")
            .atMost(Duration.ofSeconds(60))
            .until(
                () -> {
                  view.refresh();
                  return !view.entries().isEmpty() || promoting.isDone();
                });
      }
      assertThat(promoting).isNotDone();
      kafka.close();
      assertEnds(promoting, kafka);
    }
  }

  @Test
  void aRefitThatIsWaitedForEndsWhenTheBrokersGoAway() {
    try (EmbeddedKafka kafka = EmbeddedKafka.start()) {
      TextTopics topics = TextTopics.of(kafka);
      Topics.ensureTraining(topics.ingest());
      CompletableFuture<Cli> waiting =
          CompletableFuture.supplyAsync(
              () -> run(kafka.bootstrapServers(), 2_000, "refit", "--wait"));
      IngestSettings ingest = topics.ingest();
      try (TopicReader requests =
          TopicReader.seeking(
              ingest.clients(), "test", ingest.topics().training().requests().name())) {
        Awaitility.await("the request")
            .atMost(Duration.ofSeconds(60))
            .until(() -> requests.range(0).end() > 0 || waiting.isDone());
      }
      assertThat(waiting).isNotDone();
      kafka.close();
      assertEnds(waiting, kafka);
    }
  }

  private static void assertEnds(CompletableFuture<Cli> command, EmbeddedKafka kafka) {
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(command::isDone);
    Cli cli = command.join();
    assertThat(cli.exitCode()).as(cli.out() + cli.err()).isEqualTo(1);
    assertThat(cli.err())
        .contains(kafka.bootstrapServers())
        .contains("no broker answered within 2000 ms");
  }

  /** What lies behind the stream in its partition is more than is fetched in advance. */
  @Test
  void aReplayEndsWhenTheBrokersGoAway() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        ResourceCloser opened = new ResourceCloser()) {
      AdapterCli cli = new AdapterCli(kafka.bootstrapServers(), folder);
      float[] noise = new float[8 * 16_000];
      Random random = new Random(1);
      for (int i = 0; i < noise.length; i++) {
        noise[i] = (float) (random.nextGaussian() * .1);
      }
      Path file = Files.write(folder.resolve("s.wav"), WavWriter.int16(new Pcm(16_000, noise)));
      Cli sent =
          cli.run(
              "send", "--speed", "max", "--stream", "s", "--start", "2026-03-01T12:00:00Z", file);
      assertThat(sent.exitCode()).as(sent.err()).isZero();
      Settings settings =
          Settings.of(
              Configuration.over(
                  Map.of(
                      "lookaside.ingest.kafka-clients.bootstrap.servers",
                      kafka.bootstrapServers(),
                      "lookaside.ingest.broker-timeout-millis",
                      2_000)));
      String chunks = settings.ingest().topics().chunks().name();
      Producer<byte[], byte[]> producer =
          opened.add(
              settings.ingest().clients().withTimeout(Duration.ofSeconds(60)).producer("test"));
      int partition;
      try (TopicReader reader = TopicReader.seeking(settings.ingest().clients(), "test", chunks)) {
        partition = reader.partitionOf("s".getBytes(UTF_8));
      }
      for (int i = 0; i < 200; i++) {
        producer.send(new ProducerRecord<>(chunks, partition, new byte[] {'x'}, new byte[100_000]));
      }
      producer.flush();
      try (ReplayModel model = ReplayModel.open(settings)) {
        Replay.Stretch stretch =
            new Replay.Stretch(
                new StreamId("s"),
                Instant.parse("2026-03-01T12:00:00Z"),
                Instant.parse("2026-03-01T12:00:08Z"));
        AtomicReference<Instant> gone = new AtomicReference<>();
        assertThatThrownBy(
                () ->
                    new Replay(model)
                        .run(
                            stretch,
                            AdapterPlan.always(model.configured()),
                            window -> {
                              if (gone.compareAndSet(null, Instant.now())) {
                                kafka.close();
                                gone.set(Instant.now());
                              }
                            }))
            .isInstanceOf(UnreachableException.class)
            .hasMessageContaining(chunks)
            .hasMessageContaining(kafka.bootstrapServers());
        assertThat(Duration.between(gone.get(), Instant.now())).isLessThan(Duration.ofSeconds(60));
      }
    }
  }
}
