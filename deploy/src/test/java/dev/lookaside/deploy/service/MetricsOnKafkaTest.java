package dev.lookaside.deploy.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.Pcm;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a worker counts, moved by nothing but records on Kafka. */
@Timeout(600)
class MetricsOnKafkaTest {
  private static final int CHUNK = 1_600;
  private static final double CHUNK_SECONDS = 0.1;
  private static final int OPEN = 5;
  private static final int DELETED = 4;
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration SKIP_AFTER = Duration.ofSeconds(1);

  private static final Map<String, Object> SETTINGS =
      Map.of(
          "lookaside.classifier.registry.enabled",
          false,
          "lookaside.featurizer.silence-gate.below-dbfs",
          -70,
          "lookaside.classifier.detect.overload.skip-after-seconds",
          SKIP_AFTER.toSeconds(),
          "lookaside.classifier.detect.overload.streams.late",
          "skip-to-live",
          "lookaside.ingest.broker-timeout-millis",
          60_000,
          "lookaside.ingest.source.credit-records",
          2,
          "lookaside.ingest.source.commit-interval-millis",
          10,
          "lookaside.ingest.topics.audio-chunks.partitions",
          1);

  @Test
  void everyMetricOfTheLivePathIsMovedByRecords() throws Exception {
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "metrics", SETTINGS)) {
      try (Service first = rig.startWorker()) {
        await(() -> assertThat(first.health().healthy()).isTrue());
        rig.send(List.of(sound("open", 1)), CHUNK, 0, OPEN);
        await(() -> assertThat(metric(first, "component_received_events_total")).isEqualTo(OPEN));
      }
      rig.send(List.of(sound("doomed", 2)), CHUNK, 0, DELETED);
      delete(rig, OPEN + DELETED);
      sendAll(rig, kafka.bootstrapServers());
      long late = System.nanoTime() + SKIP_AFTER.plusMillis(300).toNanos();
      Awaitility.await().until(() -> System.nanoTime() > late);
      try (Service worker = rig.startWorker()) {
        Awaitility.await("a parked stream")
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(1))
            .until(() -> metric(worker, "streams_parked") > 0);
        await(() -> assertMoved(worker));
      }
    }
  }

  /** A healthy stream with a gap, a repeat and a bad record, and one each of all other kinds. */
  private static void sendAll(EndToEndRig rig, String servers) {
    Sound plain = sound("plain", 3);
    int chunks = EndToEndRig.chunks(plain, CHUNK);
    rig.send(List.of(plain), CHUNK, 0, 8);
    rig.send(List.of(plain), CHUNK, 7, 8); // Again.
    rig.send(List.of(plain), CHUNK, 9, 15);
    ProducerRecord<byte[], byte[]> bad =
        new ProducerRecord<>(
            rig.ingest.topics().chunks().name(), "plain".getBytes(UTF_8), new byte[] {1});
    bad.headers().add("content-type", "audio/wav".getBytes(UTF_8));
    bad.headers().add("ce_sequence", "15".getBytes(UTF_8));
    bad.headers().add("ce_sampleoffset", Integer.toString(15 * CHUNK).getBytes(UTF_8));
    try (KafkaProducer<byte[], byte[]> raw =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", servers),
            new ByteArraySerializer(),
            new ByteArraySerializer())) {
      raw.send(bad);
      raw.send(new ProducerRecord<>(bad.topic(), null, new byte[] {1}));
    }
    rig.send(List.of(plain), CHUNK, 16, chunks);
    rig.send(List.of(sound("late", 4)), CHUNK, 0, chunks);
    rig.send(List.of(silence()), CHUNK, 0, 20);
    AudioChunk now = EndToEndRig.chunk(sound("ahead", 5), 0, CHUNK);
    rig.send(
        new AudioChunk(
            new StreamId("ahead"),
            AudioChunk.NOT_GIVEN,
            AudioChunk.NOT_GIVEN,
            0,
            0,
            Instant.now().plusSeconds(120),
            now.format(),
            now.payload(),
            false));
    rig.flush();
  }

  /** Counters may be ahead: what was not committed when partitions moved is counted again. */
  private static void assertMoved(Service worker) {
    // Those of the open stream, too: its next window needed them.
    atLeast(metric(worker, "records_deleted_total"), "deleted", OPEN + DELETED);
    atLeast(metric(worker, "component_received_events_total"), "chunks", 75);
    atLeast(metric(worker, "component_received_event_bytes_total"), "bytes", 75 * 2 * CHUNK);
    atLeast(sent(worker, "classifier"), "windows", 1);
    atLeast(sent(worker, "sink"), "detections", 1);
    atLeast(metric(worker, "window_latency_seconds_count"), "latencies", 1);
    assertThat(worker.scrape()).contains("lookaside_detections_total{label=\"");
    atLeast(discarded(worker, "source", "bad_key"), "without a key", 1);
    atLeast(discarded(worker, "featurizer", "repeat"), "repeats", 1);
    atLeast(discarded(worker, "featurizer", "rejected"), "rejected", 1);
    atLeast(discarded(worker, "classifier", "shed"), "windows shed", 10);
    atLeast(seconds(worker, "received"), "received", 7);
    atLeast(seconds(worker, "gap"), "gap", CHUNK_SECONDS);
    atLeast(seconds(worker, "rejected"), "rejected", CHUNK_SECONDS);
    atLeast(seconds(worker, "skipped"), "skipped", 1);
    atLeast(seconds(worker, "shed"), "shed", 2);
    atLeast(seconds(worker, "uncovered"), "uncovered", 0.001);
    atLeast(seconds(worker, "scored"), "scored", 0.5);
    atLeast(metric(worker, "streams"), "silent and ahead", 2);
    atLeast(metric(worker, "streams_clock_off"), "clocks off", 2);
    assertThat(metric(worker, "clock_ahead_max_seconds")).isBetween(60.0, 121.0);
    atLeast(metric(worker, "clock_behind_max_seconds"), "behind", 3_600);
  }

  private static void atLeast(double found, String what, double expected) {
    assertThat(found).as(what).isGreaterThanOrEqualTo(expected - 1e-9);
  }

  private static double sent(Service worker, String component) {
    return metric(worker, "component_sent_events_total{component_id=\"" + component + "\"}");
  }

  private static double discarded(Service worker, String component, String reason) {
    return metric(
        worker,
        "component_discarded_events_total{component_id=\"%s\",reason=\"%s\"}"
            .formatted(component, reason));
  }

  private static double seconds(Service worker, String outcome) {
    return metric(worker, "audio_seconds_total{outcome=\"" + outcome + "\"}");
  }

  /** The first value whose line begins so; negative if there is none. */
  private static double metric(Service worker, String name) {
    String tags = name.contains("{") ? "" : "(?:\\{[^}]*\\})?";
    Matcher line =
        Pattern.compile("^lookaside_" + Pattern.quote(name) + tags + " (\\S+)$", Pattern.MULTILINE)
            .matcher(worker.scrape());
    return line.find() ? Double.parseDouble(line.group(1)) : -1;
  }

  private static Sound sound(String stream, long seed) {
    return EndToEndRig.sound(stream, seed, 3, Encoding.S16LE);
  }

  private static Sound silence() {
    Sound loud = sound("silent", 6);
    return new Sound(
        loud.stream(),
        loud.format(),
        new byte[loud.bytes().length],
        new Pcm(16_000, new float[loud.samples()]));
  }

  private static void delete(EndToEndRig rig, long before) throws Exception {
    TopicPartition only = new TopicPartition(rig.ingest.topics().chunks().name(), 0);
    try (Admin admin = rig.ingest.clients().admin("test")) {
      admin.deleteRecords(Map.of(only, RecordsToDelete.beforeOffset(before))).all().get();
    }
  }

  private static void await(org.awaitility.core.ThrowingRunnable holds) {
    Awaitility.await().atMost(PATIENCE).untilAsserted(holds);
  }
}
