package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(200)
class ReplayCommandTest {
  private static final String START = "2026-03-01T12:00:00Z";
  private static final String END = "2026-03-01T12:00:08Z";

  @TempDir Path folder;

  private static Cli replay(String from, String to) {
    return Cli.run("replay", "--stream", "dock", "--from", from, "--to", to);
  }

  private static Object[] words(Object... more) {
    List<Object> all =
        new ArrayList<>(List.of("replay", "--stream", "dock", "--from", START, "--to", END));
    all.addAll(List.of(more));
    return all.toArray();
  }

  private static List<String> kinds(JsonNode replayed) {
    return StreamSupport.stream(replayed.get("differences").spliterator(), false)
        .map(d -> d.get("kind").textValue())
        .toList();
  }

  /** Sends eight seconds of a scene as they would have been captured then. */
  private void send(AdapterCli cli) throws IOException {
    Pcm scene =
        new SceneComposer(
                SceneSettings.ofSeconds(8),
                BundledClips.load(),
                BackgroundNoise.pink(42, 16_000, 5))
            .compose(42)
            .audio();
    Path file = Files.write(folder.resolve("dock.wav"), WavWriter.int16(scene));
    Cli sent =
        Cli.run(
            "send",
            "--speed",
            "max",
            "--stream",
            "dock",
            "--start",
            START,
            file,
            "--bootstrap-servers",
            cli.bootstrapServers());
    assertThat(sent.exitCode()).as(sent.err()).isZero();
  }

  /** Nothing has heard the stream yet, so all that is found differs from what stands. */
  @Test
  void hearsAgainComparesAndCorrects() throws IOException {
    try (EmbeddedKafka kafka = EmbeddedKafka.start()) {
      AdapterCli cli = new AdapterCli(kafka.bootstrapServers(), folder);
      cli.run("keys", "new", "site-1");
      send(cli);
      JsonNode fresh = cli.failing(words("--diff"));
      assertThat(kinds(fresh)).isNotEmpty().containsOnly("additional");
      assertThat(fresh.has("found")).isFalse();
      assertThat(fresh.get("processedUntil").textValue()).isEqualTo(END);
      assertThat(fresh.at("/differences/0/found/stream").textValue()).isEqualTo("dock");
      JsonNode found = cli.json(words());
      assertThat(found.get("found"))
          .as("begun and ended; only what has ended is compared")
          .hasSize(2 * fresh.get("differences").size());

      JsonNode emitted = cli.json(words("--emit"));
      assertThat(emitted.get("written").intValue()).isEqualTo(fresh.get("differences").size());
      Cli same = cli.run(words("--diff"));
      assertThat(same.exitCode()).as(same.out()).isZero();
      assertThat(same.out()).contains(" records found, 0 differences");

      Path other = cli.variant("other.safetensors", -2f, "");
      String digest = cli.json("adapter", "publish", other).get("adapter").textValue();
      JsonNode byDigest = cli.failing(words("--diff", "--adapter", digest.substring(0, 10)));
      assertThat(byDigest).isEqualTo(cli.failing(words("--diff", "--adapter", other)));
      assertThat(kinds(byDigest)).contains("missing");
      assertThat(byDigest.findValuesAsText("adapter")).contains(digest);
      assertThat(cli.run(words("--diff", "--adapter", "ffff")).err())
          .contains("adapter \"ffff\": no adapter on the topic has an id that starts with it");

      Cli corrected = cli.run(words("--adapter", digest, "--emit"));
      assertThat(corrected.exitCode()).isZero();
      assertThat(corrected.out())
          .contains(", " + byDigest.get("differences").size() + " corrections written");
      assertThat(kinds(cli.json(words("--diff", "--adapter", digest)))).isEmpty();
      assertThat(cli.run(words("--diff")).exitCode()).as("against the ledger").isEqualTo(1);
    }
  }

  @Test
  void saysWhichTimeIsWrong() {
    Cli noTime = replay("noon", START);
    assertThat(noTime.exitCode()).isNotZero();
    assertThat(noTime.err()).contains("--from \"noon\": must be a time as 2026-03-01T12:00:00Z");
    Cli backwards = replay(START, START);
    assertThat(backwards.exitCode()).isNotZero();
    assertThat(backwards.err()).contains("must be after --from");
  }
}
