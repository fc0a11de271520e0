package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.chunks;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Found;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.featurizer.Counts;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class EndToEndTest {
  private static final int CHUNK = 3_217; // No divisor of any window, hop or frame.

  private static EmbeddedKafka kafka;

  @BeforeAll
  static void startKafka() {
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @Test
  void streamsGiveTheVeryEventsOfTheClipDetector() {
    List<Sound> sounds =
        List.of(
            sound("a", 1, 9, Encoding.S16LE),
            sound("b", 2, 9, Encoding.L16),
            sound("c", 3, 8, Encoding.F32LE));
    try (EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "same");
        Service service = rig.startWorker()) {
      Set<Found> wanted = rig.offline(sounds);
      assertThat(wanted).hasSizeGreaterThan(5);

      rig.send(sounds, CHUNK, 0, 100);

      rig.awaitEnded(wanted);
      assertAllThere(rig, sounds, wanted, service);
      for (Sound sound : sounds) {
        assertThat(rig.windows(sound.stream())).isSorted().doesNotHaveDuplicates();
      }
      assertThat(rig.detections).noneMatch(d -> d.kind() == Detection.Kind.GAP);
      assertThat(service.health().healthy()).isTrue();
    }
  }

  @Test
  void aWorkerStoppedInTheMiddleLosesNothing() {
    List<Sound> sounds =
        List.of(sound("a", 4, 6, Encoding.S16LE), sound("b", 5, 6, Encoding.S16LE));
    try (EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "stopped")) {
      Set<Found> wanted = rig.offline(sounds);
      try (Service first = rig.startWorker()) {
        rig.send(sounds, CHUNK, 0, 15);
        awaitWindows(rig, 20);
      }
      rig.send(sounds, CHUNK, 15, 100);

      try (Service second = rig.startWorker()) {
        rig.awaitEnded(wanted);
        assertAllThere(rig, sounds, wanted, second);
      }
    }
  }

  /**
   * Late ones, too: one stream is done then, and its records are read again for the other's sake.
   */
  @ParameterizedTest
  @ValueSource(ints = {10, 40, 55})
  void aWorkerKilledInTheMiddleLosesNothing(int windows) {
    List<Sound> sounds =
        List.of(sound("a", 6, 6, Encoding.S16LE), sound("b", 7, 6, Encoding.S16LE));
    try (EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "killed" + windows)) {
      Set<Found> wanted = rig.offline(sounds);
      Topics.ensure(rig.ingest);
      rig.send(sounds, CHUNK, 0, 100);
      Service first = rig.startWorker();
      awaitWindows(rig, windows);
      first.kill();

      try (Service second = rig.startWorker()) {
        rig.awaitEnded(wanted);
        assertAllThere(rig, sounds, wanted, second);
      }
    }
  }

  @Test
  void whatIsMissingOrRejectedIsToldAndCounted() {
    Sound sound = sound("a", 8, 6, Encoding.S16LE);
    int missing = 10;
    int poisoned = 20;
    try (EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "gaps");
        Service service = rig.startWorker();
        KafkaProducer<byte[], byte[]> raw = producer()) {
      for (int k = 0; k < chunks(sound, CHUNK); k++) {
        if (k == poisoned) {
          raw.send(poison(rig, "a", k, "audio/wav", "RIFF, but no more".getBytes(UTF_8)));
          raw.flush();
        } else if (k != missing) {
          rig.send(List.of(sound), CHUNK, k, k + 1);
        }
      }

      Counts counts = awaitAccounted(rig, (long) sound.samples() - CHUNK);

      assertThat(counts.gapSamples()).isEqualTo(CHUNK);
      assertThat(counts.rejectedSamples()).isEqualTo(CHUNK);
      assertThat(counts.rejectedChunks()).isEqualTo(1);
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                rig.read();
                assertThat(rig.detections)
                    .filteredOn(d -> d.kind() == Detection.Kind.GAP)
                    .extracting(d -> d.extent().onsetSample(), d -> d.extent().offsetSample())
                    .containsExactlyInAnyOrder(
                        org.assertj.core.groups.Tuple.tuple(10L * CHUNK, 11L * CHUNK),
                        org.assertj.core.groups.Tuple.tuple(20L * CHUNK, 21L * CHUNK));
              });
      assertThat(service.scrape()).contains("lookaside_audio_seconds_total{outcome=\"gap\"}");
    }
  }

  @Test
  void poisonGoesToTheDeadLettersAndNothingElseSuffers() {
    Sound sound = sound("a", 9, 5, Encoding.S16LE);
    try (EndToEndRig rig = new EndToEndRig(kafka.bootstrapServers(), "poison");
        Service service = rig.startWorker();
        KafkaProducer<byte[], byte[]> raw = producer()) {
      String topic = rig.ingest.topics().chunks().name();
      Set<Found> wanted = rig.offline(List.of(sound));
      rig.send(List.of(sound), CHUNK, 0, 5);
      raw.send(new ProducerRecord<>(topic, new byte[] {(byte) 0xc3, 0x28}, new byte[] {1, 2}));
      raw.send(new ProducerRecord<>(topic, null, new byte[] {1, 2}));
      raw.send(poison(rig, "p1", 0, "audio/L16;rate=1000000000", new byte[] {1, 2}));
      raw.send(poison(rig, "p2", 0, "audio/L16;rate=16000;channels=300", new byte[] {1, 2}));
      raw.send(poison(rig, "p3", 0, "audio/L16;rate=16000", new byte[0]));
      raw.send(poison(rig, "p4", -3, "audio/L16;rate=16000", new byte[] {1, 2}));
      raw.send(poison(rig, "p5", 0, "audio/flac", "fLaC, but no more".getBytes(UTF_8)));
      byte[] notANumber = {0, 0, (byte) 0xc0, 0x7f};
      raw.send(poison(rig, "p6", 0, "audio/x-raw;format=F32LE;rate=16000;channels=1", notANumber));
      raw.flush();
      rig.send(List.of(sound), CHUNK, 5, 100);

      Map<String, String> reasons = awaitLetters(rig, 8);

      assertThat(reasons)
          .containsEntry("p1", "bad-format")
          .containsEntry("p2", "bad-format")
          .containsEntry("p3", "empty")
          .containsEntry("p4", "bad-header")
          .containsEntry("p5", "bad-audio")
          .containsEntry("p6", "bad-sample")
          .containsValue("bad-key");
      rig.awaitEnded(wanted);
      assertThat(rig.ended()).isEqualTo(wanted);
      assertThat(service.health().healthy()).isTrue();
    }
  }

  @Test
  void withoutABrokerItKeepsTryingAndStillStops() {
    int port = EmbeddedKafka.freePort();
    Sound sound = sound("a", 10, 3, Encoding.S16LE);
    try (EndToEndRig rig = new EndToEndRig("127.0.0.1:" + port, "away")) {
      Set<Found> wanted = rig.offline(List.of(sound));
      try (Service idle = rig.startWorker()) {
        awaitTrouble(idle);
      }
      try (Service service = rig.startWorker()) {
        awaitTrouble(service);
        try (EmbeddedKafka late = EmbeddedKafka.start(port)) {
          rig.send(List.of(sound), CHUNK, 0, 100);
          rig.awaitEnded(wanted);
          assertThat(service.health().healthy()).isTrue();
          service.close();
        }
      }
    }
  }

  private static void awaitTrouble(Service service) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              assertThat(service.health().healthy()).isFalse();
              assertThat(service.health().text()).contains("has not answered");
            });
  }

  private static void awaitWindows(EndToEndRig rig, int count) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> rig.windows("a").size() + rig.windows("b").size() >= count);
  }

  private static void assertAllThere(
      EndToEndRig rig, List<Sound> sounds, Set<Found> wanted, Service service) {
    for (Sound sound : sounds) {
      List<Long> all = LongStream.range(0, rig.expectedWindows(sound, service)).boxed().toList();
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(new TreeSet<>(rig.windows(sound.stream())))
                      .containsExactlyElementsOf(all));
    }
    rig.read();
    assertThat(rig.ended()).isEqualTo(wanted);
  }

  /** Waits until everything received is in a window, rejected, or in none. */
  private static Counts awaitAccounted(EndToEndRig rig, long received) {
    return Awaitility.await()
        .atMost(PATIENCE)
        .until(
            () ->
                rig.observed.stream()
                    .filter(StreamDetector.Counted.class::isInstance)
                    .map(e -> ((StreamDetector.Counted) e).delta())
                    .reduce(Counts.NONE, Counts::plus),
            c ->
                c.receivedSamples() == received
                    && c.receivedSamples()
                        == c.rejectedSamples() + c.uncoveredSamples() + windowedSamples(rig));
  }

  private static long windowedSamples(EndToEndRig rig) {
    return rig.observed.stream()
        .filter(StreamDetector.Windowed.class::isInstance)
        .mapToLong(e -> ((StreamDetector.Windowed) e).samples())
        .sum();
  }

  private static Map<String, String> awaitLetters(EndToEndRig rig, int count) {
    Map<String, Object> config = new HashMap<>(rig.ingest.kafkaClients());
    config.put("group.id", "letters");
    config.put("auto.offset.reset", "earliest");
    Map<String, String> reasons = new HashMap<>();
    List<String> keys = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(rig.ingest.topics().deadLetters().name()));
      Awaitility.await()
          .atMost(PATIENCE)
          .until(
              () -> {
                for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(100))) {
                  String key = r.key() == null ? "" : new String(r.key(), UTF_8);
                  keys.add(key);
                  reasons.put(
                      key, new String(r.headers().lastHeader("lookaside-reason").value(), UTF_8));
                }
                return keys.size() >= count;
              });
    }
    assertThat(keys).hasSize(count);
    return reasons;
  }

  private static ProducerRecord<byte[], byte[]> poison(
      EndToEndRig rig, @Nullable String stream, int sequence, String contentType, byte[] value) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(
            rig.ingest.topics().chunks().name(),
            stream == null ? null : stream.getBytes(UTF_8),
            value);
    record.headers().add("content-type", contentType.getBytes(UTF_8));
    record.headers().add("ce_sequence", Integer.toString(sequence).getBytes(UTF_8));
    record.headers().add("ce_sampleoffset", Long.toString((long) sequence * CHUNK).getBytes(UTF_8));
    return record;
  }

  private static KafkaProducer<byte[], byte[]> producer() {
    Map<String, Object> config =
        Map.of("bootstrap.servers", kafka.bootstrapServers(), "acks", "all");
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
