package dev.lookaside.deploy.page;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryClients;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.deploy.Configuration;
import dev.lookaside.deploy.EmbeddedKafka;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.Said;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.label.LabelKind;
import dev.lookaside.trainer.label.LabelWriter;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PageOnKafkaTest {
  private static final EmbeddedKafka KAFKA = EmbeddedKafka.start();

  private final IngestSettings ingest =
      IngestSettings.of(
          Configuration.over(
              Map.of(
                  "lookaside.ingest.kafka-clients.bootstrap.servers", KAFKA.bootstrapServers())));

  @AfterAll
  static void stop() {
    KAFKA.close();
  }

  @Test
  void aCorrectionIsOnItsTopicAndShownWithItsStages() throws Exception {
    try (PageRig rig = new PageRig(ingest);
        PageRig.Looking looking = rig.new Looking()) {
      rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
      HttpResponse<String> answer =
          rig.post(
              "{\"kind\": \"relabel\", \"detection\": \"e1\", \"label\": \"gate\", \"author\": \"Ada\"}",
              rig.token());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      String id = PageRig.JSON.readTree(answer.body()).get("id").asText();

      Label written = labels().stream().filter(l -> l.id().equals(id)).findFirst().orElseThrow();
      assertThat(written.kind()).isEqualTo(LabelKind.RELABEL);
      assertThat(written.label()).isEqualTo("gate");
      assertThat(written.detected()).contains("door");
      assertThat(written.adapter()).contains(PageRig.A);
      assertThat(written.onset()).isEqualTo(PageRig.START.plusMillis(200));
      assertThat(written.author()).isEqualTo("Ada");

      assertThat(stage(looking, id, "sent").get("detection").asText()).isEqualTo("e1");
      rig.page.correction(id, PageEvents.Stage.STORED, Optional.empty(), PageRig.START);
      stage(looking, id, "stored");
      rig.page.correction(
          id, PageEvents.Stage.IN_FORCE, Optional.of(PageRig.B), PageRig.START.plusSeconds(9));
      JsonNode inForce = stage(looking, id, "in-force");
      assertThat(inForce.get("adapter").asText()).isEqualTo(PageRig.B);
      assertThat(inForce.get("since").asLong())
          .isEqualTo(PageRig.START.plusSeconds(9).toEpochMilli());
    }
  }

  /** By the topics alone: another program wrote the label, and nobody tells the page. */
  @Test
  void whatBecomesOfALabelIsShownWithWhatTheAdaptersSay() throws Exception {
    Topics.ensureTraining(ingest);
    Label missed = added("dock", "horn", 2);
    Label elsewhere = added("attic", "horn", 2);
    try (PageRig rig = new PageRig(ingest);
        PageRig.Looking looking = rig.new Looking();
        LabelWriter writer = LabelWriter.open(ingest);
        RegistryWriter ledger = new RegistryWriter(new RegistryClients(ingest), null)) {
      rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
      rig.page.followReceipts(ingest, TrustedKeys.of(List.of(), true));
      writer.write(elsewhere);
      writer.write(missed);
      assertThat(stage(looking, missed.id(), "sent").get("label").asText()).isEqualTo("horn");

      ledger.write(promotion(missed));
      JsonNode inForce = stage(looking, missed.id(), "in-force");
      assertThat(inForce.get("adapter").asText()).isEqualTo(PageRig.B);
      assertThat(inForce.get("since").asLong())
          .isEqualTo(PageRig.START.plusSeconds(60).toEpochMilli());
      assertThat(inForce.get("before").asText()).isEqualTo("nothing (horn at most 0.12)");
      assertThat(inForce.get("after").asText()).isEqualTo("horn (0.93)");
      assertThat(inForce.get("receipt").asText()).startsWith("is in adapter bbbbbbbbbbbb since ");
      assertThat(looking.messages)
          .as("a stream that is not shown")
          .noneMatch(m -> m.path("id").asText().equals(elsewhere.id()));
    }
  }

  private static Label added(String stream, String label, int second) {
    return Label.add(
        new StreamId(stream),
        label,
        PageRig.START.plusSeconds(second),
        PageRig.START.plusSeconds(second + 1),
        "Bob",
        PageRig.START,
        Optional.empty());
  }

  private static Cutover promotion(Label label) {
    GateReport.Change none = new GateReport.Change(null, null);
    GateReport report =
        new GateReport(
            true,
            PageRig.A,
            PageRig.B,
            none,
            none,
            none,
            new TreeMap<>(),
            List.of(
                new GateReport.CorrectionChange(
                    label.id(),
                    label.label(),
                    false,
                    true,
                    false,
                    Said.of(Map.of(), .12),
                    Said.of(Map.of("horn", .93), .93))),
            List.of(),
            List.of());
    Instant from = PageRig.START.plusSeconds(60);
    return new Cutover(
        Scope.ALL,
        1,
        PageRig.B,
        from,
        "refit",
        "a trainer",
        from,
        PageRig.A,
        null,
        null,
        null,
        report.toJson());
  }

  private static JsonNode stage(PageRig.Looking looking, String id, String stage) throws Exception {
    return looking.await(
        m -> m.path("id").asText().equals(id) && m.path("stage").asText().equals(stage));
  }

  @Test
  void aStretchIsHeardAsItWasSent() throws Exception {
    Topics.ensure(ingest);
    short[] samples = new short[16_000];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (short) (8000 * Math.sin(i * 0.05));
    }
    ByteBuffer bytes = ByteBuffer.allocate(2 * samples.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asShortBuffer().put(samples);
    try (ChunkProducer producer = ChunkProducer.connect(ingest)) {
      producer.send(
          new AudioChunk(
              new StreamId("yard"),
              AudioChunk.NOT_GIVEN,
              AudioChunk.NOT_GIVEN,
              0,
              0,
              PageRig.START,
              new AudioFormat(AudioFormat.Encoding.S16LE, 16_000, 1),
              bytes.array(),
              true));
      producer.flush();
    }
    try (PageRig rig = new PageRig(ingest)) {
      HttpResponse<byte[]> heard =
          rig.bytes(
              "/audio?stream=yard&from=2026-03-01T12:00:00.250Z&until=2026-03-01T12:00:00.750Z");
      assertThat(heard.statusCode()).isEqualTo(200);
      assertThat(heard.headers().firstValue("Content-Type")).contains("audio/wav");
      ByteBuffer wav = ByteBuffer.wrap(heard.body()).order(ByteOrder.LITTLE_ENDIAN);
      short[] found = new short[8_000];
      wav.position(wav.capacity() - 16_000).asShortBuffer().get(found);
      for (int i = 0; i < found.length; i++) {
        assertThat((int) found[i])
            .as("sample " + i)
            .isCloseTo(samples[4_000 + i], org.assertj.core.data.Offset.offset(1));
      }
      HttpResponse<String> nothing =
          rig.get("/audio?stream=garden&from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:01Z");
      assertThat(nothing.statusCode()).as(nothing.body()).isEqualTo(404);
      assertThat(nothing.body()).contains("garden");
    }
  }

  private List<Label> labels() {
    Map<String, Object> config = new HashMap<>(ingest.kafkaClients());
    String topic = ingest.topics().training().labels().name();
    List<Label> found = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
          if (new LabelCodec().decode(record) instanceof LabelCodec.Read read) {
            found.add(read.label());
          }
        }
      }
    }
    return found;
  }
}
