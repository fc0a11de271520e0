package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.cli.LoopbackCamera.Connection;
import dev.lookaside.deploy.cli.LoopbackCamera.Protocol;
import dev.lookaside.deploy.cli.LoopbackCamera.Then;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.audio.Ffmpeg;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * {@code send --ffmpeg URL} with the ffmpeg of the machine, over real sockets and a real broker.
 */
@Timeout(240)
class SendUrlTest {
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  /**
   * The clocks of camera and sender differ by what ffmpeg takes to open, more on a busy machine.
   */
  private static final Duration CLOCK_SLACK = Duration.ofSeconds(6);

  private static EmbeddedKafka kafka;

  @TempDir private Path folder;
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void startKafka() {
    assumeThat(Ffmpeg.onPath().installed()).as("an ffmpeg on the PATH").isTrue();
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stopKafka() {
    if (kafka != null) {
      kafka.close();
    }
  }

  @Test
  void aStalledSourceIsNamedConnectedAgainAndItsHoleIsAGapOfTheService() throws Exception {
    try (LoopbackCamera camera =
        new LoopbackCamera(
            Protocol.HTTP, new Connection(3, Then.STALL), new Connection(4, Then.COMPLETE))) {
      CompletableFuture<Integer> sending =
          send("stall", "--ffmpeg", camera.url(), "--stream", "gate", "--metrics-port", "0");

      await().atMost(PATIENCE).until(() -> err.toString().contains("no samples for"));
      long silentNanos = System.nanoTime() - camera.silentSince().get(0);
      await().atMost(PATIENCE).until(() -> err.toString().contains("is back"));
      String metrics = scrape();
      camera.complete();
      int code = sending.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

      // Of the sender's clock; that of the test includes ffmpeg, and the machine's load.
      assertThat(err.toString())
          .containsPattern(
              Pattern.quote(camera.url()) + ": no samples for (8|9|1\\d) s; connects again in 1 s");
      assertThat(Duration.ofNanos(silentNanos)).isLessThan(Duration.ofSeconds(20));
      assertThat(metrics).contains("lookaside_send_reconnects_total{stream=\"gate\"} 1.0");
      assertThat(code).as(err.toString()).isZero();
      assertThat(err.toString()).contains("connected again 1 times, ");

      List<AudioChunk> chunks = SentChunks.untilLast(kafka, "stall");
      long missing = assertOneHole(chunks, camera);
      double missingSeconds = (double) missing / LoopbackCamera.RATE_HZ;
      assertThat(metrics)
          .containsPattern(
              "lookaside_send_missing_seconds_total\\{stream=\"gate\"\\} "
                  + Pattern.quote(Double.toString(missingSeconds)));
      AudioChunk last = chunks.get(chunks.size() - 1);
      double seconds =
          (last.sampleOffset() + last.payload().length / 2.0 - missing) / LoopbackCamera.RATE_HZ;
      assertServiceAccountsFor(seconds, missingSeconds);
    }
  }

  /** One jump of the offsets, as long as the camera was away; all chunks on one true clock. */
  private static long assertOneHole(List<AudioChunk> chunks, LoopbackCamera camera) {
    AudioChunk first = chunks.get(0);
    assertClose(camera.firstSamples().get(0), first);
    long expected = 0;
    long missing = 0;
    for (int i = 0; i < chunks.size(); i++) {
      AudioChunk chunk = chunks.get(i);
      assertThat(chunk.sequence()).isEqualTo(i);
      assertThat(
              AudioChunk.epoch(chunk.captureTime(), chunk.sampleOffset(), LoopbackCamera.RATE_HZ))
          .isEqualTo(first.captureTime());
      if (chunk.sampleOffset() != expected) {
        assertThat(missing).as("a second hole").isZero();
        missing = chunk.sampleOffset() - expected;
        assertClose(camera.firstSamples().get(1), chunk);
      }
      expected = chunk.sampleOffset() + chunk.payload().length / 2;
    }
    assertThat(missing).isGreaterThan(7L * LoopbackCamera.RATE_HZ);
    assertThat(chunks.get(chunks.size() - 1).last()).isTrue();
    return missing;
  }

  /** The first sample of a connection has the time at which the camera sent it. */
  private static void assertClose(Instant sent, AudioChunk chunk) {
    assertThat(Duration.between(sent, chunk.captureTime()).abs()).isLessThan(CLOCK_SLACK);
  }

  private void assertServiceAccountsFor(double seconds, double missingSeconds) throws IOException {
    Map<String, String> settings =
        Map.of(
            "lookaside.ingest.kafka-clients.bootstrap.servers",
            kafka.bootstrapServers(),
            "lookaside.ingest.topics.audio-chunks.name",
            "stall");
    try (Service service = Service.start(Configuration.over(settings), event -> {})) {
      await(service.health().text())
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(500))
          .untilAsserted(
              () -> {
                JsonNode streams = streams().get("streams");
                assertThat(streams).hasSize(1);
                JsonNode gate = streams.get(0);
                assertThat(gate.get("received").doubleValue())
                    .as("%s", gate)
                    .isCloseTo(seconds, within(1e-3));
                assertThat(gate.get("pending").doubleValue()).as("%s", gate).isZero();
                assertThat(gate.get("gap").doubleValue()).isCloseTo(missingSeconds, within(1e-3));
              });
    }
  }

  private static JsonNode streams() throws IOException {
    Cli cli =
        Cli.run(
            "streams",
            "--json",
            "--bootstrap-servers",
            kafka.bootstrapServers(),
            "--set",
            "lookaside.ingest.topics.audio-chunks.name=stall");
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    return new JsonMapper().readTree(cli.out());
  }

  @Test
  void anRtspCameraThatStallsAndThenGoesAwayForGoodIsAFailure() throws Exception {
    try (LoopbackCamera camera =
        new LoopbackCamera(
            Protocol.RTSP, new Connection(2, Then.STALL), new Connection(2, Then.DROP))) {
      int code =
          send("rtsp", "--ffmpeg", camera.url(), "--stream", "gate", "--reconnect-seconds", "20")
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

      assertThat(code).as(err.toString()).isEqualTo(1);
      assertThat(err.toString())
          .containsPattern("no samples for (8|9|1\\d) s; connects again in 1 s")
          .containsPattern("is back, \\d+\\.\\d s are missing")
          .containsPattern("connects again in 2 s")
          .containsPattern("connects again in 4 s")
          .containsPattern("no samples for 2\\d s, gave up");
      assertOneHole(SentChunks.untilLast(kafka, "rtsp"), camera);
    }
  }

  @Test
  void anEndThatNobodyAnnouncedIsAFailureAndOneThatWasIsNone() throws Exception {
    try (LoopbackCamera radio = new LoopbackCamera(Protocol.HTTP, new Connection(1, Then.DROP))) {
      int code =
          send("drop", "--ffmpeg", radio.url(), "--no-reconnect")
              .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertThat(code).isEqualTo(1);
      assertThat(err.toString()).contains(radio.url() + ": has ended, as no live source should");
      assertThat(SentChunks.untilLast(kafka, "drop")).isNotEmpty();
    }
    try (LoopbackCamera recording =
        new LoopbackCamera(Protocol.HTTP, new Connection(1, Then.COMPLETE))) {
      recording.complete();
      assertThat(
              send("whole", "--ffmpeg", recording.url())
                  .get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
          .as(err.toString())
          .isZero();
    }
    assertThat(
            send("nobody", "--ffmpeg", "http://127.0.0.1:" + EmbeddedKafka.freePort() + "/live")
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
        .isEqualTo(1);
    assertThat(err.toString()).contains("Connection refused");
  }

  /** As a supervisor stops it: the source says nothing, and what was read is not lost. */
  @Test
  void aSignalEndsItAtOnceAlsoWhileItsPipeIsSilent() throws Exception {
    Path said = folder.resolve("stderr");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "send",
                "-",
                "--stream",
                "hall",
                "--raw",
                "audio/x-raw;format=S16LE;rate=16000;channels=1",
                "--bootstrap-servers",
                kafka.bootstrapServers(),
                "--set",
                "lookaside.ingest.topics.audio-chunks.name=pipe")
            .redirectError(said.toFile())
            .start();
    try {
      process.getOutputStream().write(new byte[2 * 16_000]);
      process.getOutputStream().flush();
      // All but the chunk that is held back until it is known whether another one follows.
      List<AudioChunk> before = SentChunks.until(kafka, "pipe", chunks -> chunks.size() >= 4);
      assertThat(before).noneMatch(AudioChunk::last);

      long start = System.nanoTime();
      process.destroy();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();

      // It waited for the pipe for 20 s; closing the clients of a busy machine takes some.
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
      assertThat(process.exitValue()).as(Files.readString(said)).isEqualTo(143);
      List<AudioChunk> all = SentChunks.untilLast(kafka, "pipe");
      AudioChunk last = all.get(all.size() - 1);
      assertThat(last.sampleOffset() + last.payload().length / 2).isEqualTo(16_000);
    } finally {
      process.destroyForcibly();
    }
  }

  private CompletableFuture<Integer> send(String topic, String... args) {
    CommandLine line = Main.commandLine();
    line.setErr(new PrintWriter(err, true));
    List<String> all =
        new ArrayList<>(
            List.of(
                "send",
                "--bootstrap-servers",
                kafka.bootstrapServers(),
                "--set",
                "lookaside.ingest.topics.audio-chunks.name=" + topic));
    all.addAll(List.of(args));
    CompletableFuture<Integer> code = new CompletableFuture<>();
    Thread thread =
        new Thread(() -> code.complete(line.execute(all.toArray(String[]::new))), "send-" + topic);
    thread.setDaemon(true);
    thread.start();
    return code;
  }

  private String scrape() throws IOException, InterruptedException {
    Matcher port = Pattern.compile("metrics on port (\\d+)").matcher(err.toString());
    assertThat(port.find()).as(err.toString()).isTrue();
    URI address = URI.create("http://127.0.0.1:" + port.group(1) + "/metrics");
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString())
        .body();
  }
}
