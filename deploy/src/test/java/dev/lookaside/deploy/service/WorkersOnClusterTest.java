package dev.lookaside.deploy.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.ProgressTopic;
import dev.lookaside.ingest.StreamProgress;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.TopicReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three workers and three Kafka nodes, each a process: whatever of them is killed or stopped, the
 * committed detections are record for record those of one worker that nobody disturbs.
 */
@Timeout(600)
@EnabledOnOs(OS.LINUX)
@Tag("slow")
class WorkersOnClusterTest {
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final int STREAMS = 6;
  private static final int SECONDS = 40;
  private static final int CHUNK = 1_600;
  private static final int PARTITIONS = 4;

  /** Longer than the session of a worker on this cluster. */
  private static final Duration BEYOND_SESSION = Duration.ofSeconds(9);

  private static final List<String> WORKER_JVM =
      List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  @TempDir private Path folder;

  @Test
  void killedAndStoppedWorkersAndNodesLeaveNoTraceInTheDetections() throws Exception {
    List<Sound> sounds =
        IntStream.range(0, STREAMS)
            .mapToObj(i -> EndToEndRig.sound("stream-" + i, 70 + i, SECONDS, Encoding.S16LE))
            .toList();
    int chunks = EndToEndRig.chunks(sounds.get(0), CHUNK);
    try (KafkaCluster kafka = new KafkaCluster(folder);
        EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "chaos", settings("chaos"));
        Workers workers = new Workers(rig, folder)) {
      Topics.ensure(rig.ingest);
      for (int w = 0; w < 3; w++) {
        workers.start(w);
      }
      int part = chunks / 6;
      rig.send(sounds, CHUNK, 0, part);
      awaitProgress(rig, STREAMS);

      workers.kill(0);
      rig.send(sounds, CHUNK, part, 2 * part);
      report("a worker killed", () -> awaitPassed(rig, 2 * part - 1));

      workers.signal(1, "STOP");
      rig.send(sounds, CHUNK, 2 * part, 3 * part);
      long until = System.nanoTime() + BEYOND_SESSION.toNanos();
      report("a worker stopped", () -> awaitPassed(rig, 3 * part - 1));
      Awaitility.await().atMost(PATIENCE).until(() -> System.nanoTime() > until);
      workers.signal(1, "CONT");

      kafka.kill(2);
      workers.start(0);
      rig.send(sounds, CHUNK, 3 * part, 4 * part);
      report("a Kafka node killed", () -> awaitPassed(rig, 4 * part - 1));
      kafka.start(2);
      kafka.awaitNodes(3);

      workers.signal(1, "TERM");
      rig.send(sounds, CHUNK, 4 * part, 5 * part);
      report("a worker asked to end", () -> awaitPassed(rig, 5 * part - 1));

      workers.kill(2);
      kafka.kill(1);
      rig.send(sounds, CHUNK, 5 * part, chunks);
      kafka.start(1);
      report("a worker and a Kafka node killed", () -> awaitPassed(rig, chunks - 1));
      workers.close();

      Map<String, List<String>> chaos = committed(rig);
      Map<String, List<String>> calm;
      try (EndToEndRig alone = new EndToEndRig(kafka.bootstrapServers(), "calm", settings("calm"));
          Service one = alone.startWorker()) {
        awaitPassed(alone, chunks - 1);
        calm = committed(alone);
      }
      assertThat(calm.values().stream().mapToInt(List::size).sum()).isGreaterThan(STREAMS * 5);
      assertThat(chaos).isEqualTo(calm);
    }
  }

  private static Map<String, Object> settings(String name) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.ingest.source.group", name);
    settings.put("lookaside.ingest.topics.audio-chunks.name", "shared.chunks");
    settings.put("lookaside.ingest.topics.audio-chunks.partitions", PARTITIONS);
    settings.put("lookaside.ingest.broker-timeout-millis", 30_000);
    settings.put("lookaside.deploy.restarts-max", 100);
    settings.put("lookaside.deploy.metrics.port", 0);
    settings.put("lookaside.classifier.registry.enabled", false);
    return settings;
  }

  /** The committed detections of each stream in order, as their JSON. */
  private static Map<String, List<String>> committed(EndToEndRig rig) {
    DetectionCodec codec = new DetectionCodec();
    Map<String, List<String>> found = new TreeMap<>();
    try (TopicReader reader =
        TopicReader.open(
            rig.ingest.clients(),
            "test",
            TopicReader.Start.BEGINNING,
            rig.ingest.topics().detections().name())) {
      reader.readToEnd(
          record -> {
            Detection d = codec.decode(record);
            found
                .computeIfAbsent(d.stream().value(), s -> new ArrayList<>())
                .add(new String(record.value(), java.nio.charset.StandardCharsets.UTF_8));
          });
    }
    return found;
  }

  private static Map<String, StreamProgress> progress(EndToEndRig rig) {
    IngestSettings ingest = rig.ingest;
    Map<String, StreamProgress> all = new TreeMap<>();
    new ProgressTopic(ingest.clients(), ingest.topics().progress().name(), ingest.source().group())
        .read(IntStream.range(0, PARTITIONS).boxed().toList(), Duration.ofSeconds(30))
        .values()
        .forEach(its -> its.streams().forEach((stream, p) -> all.put(stream.value(), p)));
    return all;
  }

  private static void awaitProgress(EndToEndRig rig, int streams) {
    Awaitility.await("progress of " + streams + " streams")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(300))
        .ignoreExceptions()
        .until(() -> progress(rig).size() == streams);
  }

  /** Waits until every stream's committed progress has come near the chunk of that number. */
  private static void awaitPassed(EndToEndRig rig, int chunk) {
    long samples = (long) chunk * CHUNK;
    Awaitility.await("all streams past sample " + samples)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(300))
        .ignoreExceptions()
        .until(
            () -> {
              Map<String, StreamProgress> all = progress(rig);
              return all.size() == STREAMS
                  && all.values().stream()
                      .allMatch(
                          p ->
                              dev.lookaside.classifier.detect.StreamState.of(p)
                                      .track()
                                      .sequencer()
                                      .nextSample()
                                  > samples);
            });
  }

  private static void report(String what, Runnable recovery) {
    long start = System.nanoTime();
    recovery.run();
    System.out.printf(
        "%s: all streams went on within %.1f s%n", what, (System.nanoTime() - start) / 1e9);
  }

  /** Workers as processes. */
  private static final class Workers implements AutoCloseable {
    private final EndToEndRig rig;
    private final Path folder;
    private final Map<Integer, Process> processes = new TreeMap<>();
    private int started;

    Workers(EndToEndRig rig, Path folder) {
      this.rig = rig;
      this.folder = folder;
    }

    void start(int worker) throws IOException {
      Path its = Files.createDirectories(folder.resolve("worker-" + worker + "-" + started++));
      processes.put(worker, rig.startProcess(its, WORKER_JVM, "run"));
    }

    void kill(int worker) throws InterruptedException {
      Process process = processes.get(worker);
      process.destroyForcibly();
      process.waitFor(10, TimeUnit.SECONDS);
    }

    void signal(int worker, String signal) throws IOException, InterruptedException {
      long pid = processes.get(worker).pid();
      int code = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start().waitFor();
      assertThat(code).isZero();
    }

    @Override
    public void close() {
      processes.values().forEach(Process::destroy);
      processes
          .values()
          .forEach(
              p -> {
                try {
                  if (!p.waitFor(30, TimeUnit.SECONDS)) {
                    p.destroyForcibly();
                  }
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
    }
  }
}
