package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.ingest.StreamId;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

@Timeout(120)
class ListenTest {
  private static final String TOPIC = "audio.detections";
  private static final DetectionCodec CODEC = new DetectionCodec();
  private static EmbeddedKafka kafka;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void startKafka() throws Exception {
    kafka = EmbeddedKafka.start();
    Map<String, Object> clients = Map.of("bootstrap.servers", kafka.bootstrapServers());
    try (Admin admin = Admin.create(clients)) {
      admin
          .createTopics(List.of(new NewTopic(TOPIC, Optional.of(3), Optional.empty())))
          .all()
          .get();
    }
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(clients, new ByteArraySerializer(), new ByteArraySerializer())) {
      producer.send(CODEC.encode(TOPIC, ended("dock", "speech", 16_000))).get();
      producer.send(new ProducerRecord<>(TOPIC, new byte[] {1}, new byte[] {'{'})).get();
      producer.send(CODEC.encode(TOPIC, ended("dock", "engine", 32_000))).get();
      producer.send(CODEC.encode(TOPIC, ended("street", "speech", 48_000))).get();
    }
  }

  @AfterAll
  static void stopKafka() {
    kafka.close();
  }

  @Test
  void printsOneReadableLinePerDetection() {
    int code = listen("--from-beginning", "--label", "engine", "-n", "1");

    assertThat(code).isZero();
    assertThat(out.toString().strip().lines())
        .singleElement()
        .asString()
        .contains("dock", "ended", "engine", "0:02.000 - 0:02.500 (0.50 s)", "peak 0.90");
  }

  @Test
  void jsonLinesAreTheValuesOfTheTopicAndNothingElse() {
    int code = listen("--from-beginning", "--json", "--stream", "street", "--count", "1");

    assertThat(code).isZero();
    List<Detection> read = new ArrayList<>();
    out.toString()
        .lines()
        .forEach(
            line ->
                read.add(CODEC.fromJson(line.getBytes(java.nio.charset.StandardCharsets.UTF_8))));
    assertThat(read).containsExactly(ended("street", "speech", 48_000));
  }

  @Test
  void aRecordThatIsNoDetectionIsSaidOnStandardErrorAndSkipped() {
    int code = listen("--from-beginning", "-n", "3");

    assertThat(code).isZero();
    assertThat(out.toString().lines()).hasSize(3);
    assertThat(err.toString()).contains("is no detection");
  }

  @Test
  void wrongOptionsAreNamed() {
    assertThat(listen("-n", "0")).isEqualTo(2);
    assertThat(err.toString()).contains("--count \"0\": must be 1 or more");
    assertThat(listen("--set", "lookaside.deploy.no-such-key=1")).isNotZero();
    assertThat(err.toString()).contains("no such setting: lookaside.deploy.no-such-key");
  }

  @Test
  void timesAreShownInTheGivenZone() {
    String line = new DetectionText(ZoneOffset.ofHours(2)).line(ended("a", "water", 0));

    assertThat(line).startsWith("02:00:00.500  a");
  }

  private int listen(String... args) {
    CommandLine line = new CommandLine(new Listen());
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    List<String> all = new ArrayList<>(List.of("--bootstrap-servers", kafka.bootstrapServers()));
    all.addAll(List.of(args));
    return line.execute(all.toArray(String[]::new));
  }

  private static Detection ended(String stream, String label, long onsetSample) {
    StreamId id = new StreamId(stream);
    Instant epoch = Instant.EPOCH;
    long offsetSample = onsetSample + 8_000;
    return new Detection(
        Detection.Kind.ENDED,
        Detection.idOf(id, epoch, label, onsetSample),
        id,
        epoch,
        label,
        new Detection.Extent(
            onsetSample,
            offsetSample,
            epoch.plusMillis(onsetSample / 16),
            epoch.plusMillis(offsetSample / 16),
            16_000),
        0.9,
        0.7,
        new Detection.Origin("a", "b", "f", 0, 0, 1),
        null);
  }
}
