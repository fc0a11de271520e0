package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.WavWriter;
import dev.lookaside.ingest.send.BackgroundNoise;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(120)
class SendTest {
  private static EmbeddedKafka kafka;

  @TempDir Path folder;
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void startKafka() {
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @Test
  void aFolderBecomesOneStreamPerFileWithItsLastChunkMarked() throws Exception {
    Pcm sound = BackgroundNoise.pink(1, 16_000, 1);
    WavWriter.writeInt16(Files.createDirectories(folder.resolve("in")).resolve("a.wav"), sound);
    WavWriter.writeInt16(folder.resolve("b.wav"), sound);

    int code = send("folder", "--speed", "max", "--chunk-millis", "300", folder.toString());

    assertThat(code).isZero();
    assertThat(err.toString()).contains("in/a.wav  1.0 s in 4 chunks").contains("b.wav  1.0 s");
    List<AudioChunk> chunks = receive("folder", 8);
    assertThat(chunks)
        .filteredOn(c -> c.stream().value().equals("in/a.wav"))
        .extracting(AudioChunk::sequence, AudioChunk::sampleOffset, AudioChunk::last)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(0L, 0L, false),
            org.assertj.core.groups.Tuple.tuple(1L, 4_800L, false),
            org.assertj.core.groups.Tuple.tuple(2L, 9_600L, false),
            org.assertj.core.groups.Tuple.tuple(3L, 14_400L, true));
  }

  @Test
  void aSingleFileMayBeGivenItsStreamId() throws Exception {
    Path file = folder.resolve("door.wav");
    WavWriter.writeInt16(file, BackgroundNoise.pink(2, 16_000, 0.5));

    assertThat(send("named", "--speed", "max", "--stream", "hall", file.toString())).isZero();

    assertThat(receive("named", 3)).allMatch(c -> c.stream().value().equals("hall"));
  }

  @Test
  void wrongCallsAreNamed() {
    assertThat(send("wrong")).isEqualTo(2);
    assertThat(err.toString()).contains("nothing to send");
    assertThat(send("wrong", "--speed", "2", "x.wav")).isEqualTo(2);
    assertThat(err.toString()).contains("--speed \"2\": must be 1 or max");
    assertThat(send("wrong", "no-such.wav")).isNotZero();
    assertThat(err.toString()).contains("no-such.wav\": no such file or folder");
  }

  private int send(String topic, String... args) {
    CommandLine line = new CommandLine(new Send());
    line.setErr(new PrintWriter(err, true));
    List<String> all = new ArrayList<>(List.of("--bootstrap-servers", kafka.bootstrapServers()));
    all.addAll(List.of("--set", "lookaside.ingest.topics.audio-chunks.name=" + topic));
    all.addAll(List.of(args));
    return line.execute(all.toArray(String[]::new));
  }

  private static List<AudioChunk> receive(String topic, int count) {
    return SentChunks.until(kafka, topic, chunks -> chunks.size() >= count);
  }
}
