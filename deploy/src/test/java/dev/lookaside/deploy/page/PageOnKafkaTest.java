package dev.lookaside.deploy.page;

import static java.util.Locale.ROOT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.trainer.collect.Round;
import dev.lookaside.trainer.gate.DetectedClasses;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.label.LabelKind;
import dev.lookaside.trainer.label.LabelWriter;
import dev.lookaside.trainer.loop.RoundOutcome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class PageOnKafkaTest {
  private static final EmbeddedKafka KAFKA = EmbeddedKafka.start();

  private final Config config =
      Configuration.over(
          Map.of("lookaside.ingest.kafka-clients.bootstrap.servers", KAFKA.bootstrapServers()));
  private final IngestSettings ingest = IngestSettings.of(config);

  @AfterAll
  static void stop() {
    KAFKA.close();
  }

  /** A trainer in another process says how its round ended on the requests' topic, and no more. */
  @Test
  void aCorrectionIsOnItsTopicAndShownWithItsStages() throws Exception {
    Topics.ensureTraining(ingest);
    try (PageRig rig = new PageRig(config);
        PageRig.Looking looking = rig.new Looking()) {
      rig.page.followReceipts(ingest, () -> TrustedKeys.of(List.of(), true));
      rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
      HttpResponse<String> answer =
          rig.post(
              "{\"kind\": \"relabel\", \"detection\": \"e1\", \"label\": \"gate\", \"author\":"
                  + " \"Ada\"}",
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
      Learned learned = Learned.of(List.of(new Learned.Use(id, true)), 10);
      refuse(report().withLearned(learned));
      stage(looking, id, "stored");
      JsonNode trainer = looking.await(m -> m.path("kind").asText().equals("trainer"));
      assertThat(trainer.at("/status/elsewhere").booleanValue()).isTrue();
      assertThat(trainer.at("/status/last/outcome").asText()).isEqualTo("refused");
      assertThat(trainer.at("/status/last/gate/learned/fitted/0").asText())
          .isEqualTo(Learned.key(id));
      rig.page.trainer(PageRig.JSON.readTree("{\"phase\": \"fitting\"}"));
      looking.await(m -> m.at("/status/phase").asText().equals("fitting"));
      refuse(report());
      writeAndSee(looking, added("dock", "bell", 40));
      assertThat(looking.messages)
          .as("one in this process says it itself")
          .filteredOn(m -> m.at("/status/elsewhere").booleanValue())
          .hasSize(1);
    }
  }

  private void writeAndSee(PageRig.Looking looking, Label label) throws Exception {
    try (LabelWriter writer = LabelWriter.open(ingest)) {
      writer.write(label);
    }
    stage(looking, label.id(), "sent");
  }

  /** As a trainer does. */
  private void refuse(GateReport report) throws Exception {
    RoundOutcome outcome =
        new RoundOutcome(
            new Round(3, Round.Kind.HEAD, "5 new labels", null, true, 5, 0),
            RoundOutcome.Kind.REFUSED,
            PageRig.B,
            report,
            null,
            "class door: worse",
            4);
    byte[] value =
        PageRig.JSON.writeValueAsBytes(
            outcome.toJson().put("kind", "outcome").put("time", PageRig.START.toString()));
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            ingest.kafkaClients(), new ByteArraySerializer(), new ByteArraySerializer())) {
      String topic = ingest.topics().training().requests().name();
      producer.send(new ProducerRecord<>(topic, "*".getBytes(StandardCharsets.UTF_8), value)).get();
    }
  }

  @Test
  void twoNamesOfOneSoundAreADisputeUntilOneIsTakenBackByItsAuthor() throws Exception {
    Topics.ensureTraining(ingest);
    try (PageRig rig = new PageRig(config);
        PageRig.Looking looking = rig.new Looking()) {
      rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
      rig.page.followReceipts(ingest, () -> TrustedKeys.of(List.of(), true));
      HttpResponse<String> answer =
          rig.post(
              """
              {"kind": "add", "stream": "dock", "label": "bell", "author": "Ada",
               "onset": "2026-03-01T12:00:20.100Z", "offset": "2026-03-01T12:00:21Z"}
              """,
              rig.token());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      String bell = PageRig.JSON.readTree(answer.body()).get("id").asText();
      stage(looking, bell, "sent");
      Label horn = added("dock", "horn", 20);
      try (LabelWriter writer = LabelWriter.open(ingest)) {
        writer.write(horn);
      }
      JsonNode disputed = stage(looking, bell, "disputed");
      assertThat(disputed.get("standing").asText()).isEqualTo("conflict");
      assertThat(disputed.at("/because/0").asText()).isEqualTo(horn.id());
      assertThat(stage(looking, horn.id(), "disputed").at("/because/0").asText()).isEqualTo(bell);

      String retract = "{\"kind\": \"retract\", \"id\": \"%s\", \"author\": \"%s\"}";
      HttpResponse<String> notHis = rig.post(retract.formatted(bell, "Bob"), rig.token());
      assertThat(notHis.statusCode()).isEqualTo(400);
      assertThat(notHis.body())
          .contains("author \\\"Bob\\\": must be \\\"Ada\\\", the label's author");
      answer = rig.post(retract.formatted(bell, "Ada"), rig.token());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
      JsonNode back = stage(looking, bell, "retracted");
      assertThat(back.get("standing").asText()).isEqualTo("retracted");
      String taker = PageRig.JSON.readTree(answer.body()).get("id").asText();
      assertThat(back.at("/because/0").asText()).isEqualTo(taker);
      assertThat(back.get("receipt").asText()).startsWith("is retracted by its author with label");
      JsonNode counts =
          looking.await(
              m ->
                  m.path("id").asText().equals(horn.id())
                      && m.path("standing").asText().equals("usable")
                      && m.path("stage").asText().equals("sent"));
      assertThat(counts.get("because")).isEmpty();
      HttpResponse<String> again = rig.post(retract.formatted(taker, "Ada"), rig.token());
      assertThat(again.body()).contains("is a retraction, which cannot be retracted");
    }
  }

  /** By the topics alone: another program wrote the label, and nobody tells the page. */
  @Test
  void whatBecomesOfALabelIsShownWithWhatTheAdaptersSay() throws Exception {
    Topics.ensureTraining(ingest);
    Label missed = added("dock", "horn", 2);
    Label elsewhere = added("attic", "horn", 2);
    try (PageRig rig = new PageRig(config);
        PageRig.Looking looking = rig.new Looking();
        LabelWriter writer = LabelWriter.open(ingest);
        RegistryWriter ledger = new RegistryWriter(ingest, null)) {
      rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
      rig.page.followReceipts(ingest, () -> TrustedKeys.of(List.of(), true));
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

  /** A page that stays open goes by the keys that are trusted now, not by those of its start. */
  @Test
  void aDecisionCountsAsSoonAsItsKeyIsTrusted() throws Exception {
    Topics.ensureTraining(ingest);
    Label missed = added("gate", "horn", 2);
    AtomicReference<TrustedKeys> trusted = new AtomicReference<>(TrustedKeys.of(List.of(), false));
    try (PageRig rig = new PageRig(config);
        PageRig.Looking looking = rig.new Looking();
        LabelWriter writer = LabelWriter.open(ingest);
        RegistryWriter ledger = new RegistryWriter(ingest, null)) {
      rig.page.accept(PageRig.window("gate", 0, PageRig.A));
      rig.page.followReceipts(ingest, trusted::get);
      ledger.write(promotion(missed, Scope.parse("stream:gate")));
      writer.write(missed);
      stage(looking, missed.id(), "sent");
      assertThat(looking.messages)
          .as("nobody may decide without a signature")
          .noneMatch(m -> m.path("stage").asText().equals("in-force"));
      trusted.set(TrustedKeys.of(List.of(), true));
      stage(looking, missed.id(), "in-force");
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

  private static GateReport report(GateReport.CorrectionChange... changes) {
    return GateReport.of(true, PageRig.A, PageRig.B, List.of()).withCorrections(List.of(changes));
  }

  private static Cutover promotion(Label label) {
    return promotion(label, Scope.ALL);
  }

  private static Cutover promotion(Label label, Scope scope) {
    GateReport report =
        report(
            new GateReport.CorrectionChange(
                label.id(),
                label.label(),
                false,
                true,
                false,
                DetectedClasses.of(Map.of(), .12),
                DetectedClasses.of(Map.of("horn", .93), .93)));
    Instant from = PageRig.START.plusSeconds(60);
    return new Cutover(
        scope,
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
  void aStretchIsHeardAndDrawnAsItWasSent() throws Exception {
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
    try (PageRig rig = new PageRig(config)) {
      HttpResponse<byte[]> played =
          rig.audio("stream=yard&from=2026-03-01T12:00:00.250Z&until=2026-03-01T12:00:00.750Z");
      assertThat(played.statusCode()).isEqualTo(200);
      assertThat(played.headers().firstValue("Content-Type")).contains("audio/wav");
      ByteBuffer wav = ByteBuffer.wrap(played.body()).order(ByteOrder.LITTLE_ENDIAN);
      short[] found = new short[8_000];
      wav.position(wav.capacity() - 16_000).asShortBuffer().get(found);
      for (int i = 0; i < found.length; i++) {
        assertThat((int) found[i])
            .as("sample " + i)
            .isCloseTo(samples[4_000 + i], org.assertj.core.data.Offset.offset(1));
      }
      HttpResponse<byte[]> drawn =
          rig.bytes(
              "/mel?stream=yard&from=2026-03-01T12:00:00.250Z&until=2026-03-01T12:00:00.750Z");
      assertThat(drawn.statusCode()).isEqualTo(200);
      assertThat(drawn.headers().firstValue("X-Lookaside-Mels")).contains("128");
      assertThat(drawn.headers().firstValue("X-Lookaside-Hop-Millis")).contains("10");
      assertThat(drawn.body()).as("frames of 25 ms in half a second").hasSize(48 * 128);
      for (int frame = 0; frame < 48; frame++) {
        int loudest = 0;
        for (int mel = 0; mel < 128; mel++) {
          if (level(drawn, frame, mel) > level(drawn, frame, loudest)) {
            loudest = mel;
          }
        }
        assertThat(loudest).as("filter of 127 Hz, frame " + frame).isBetween(5, 7);
        assertThat(level(drawn, frame, loudest)).isGreaterThan(200);
        assertThat(level(drawn, frame, 120)).isLessThan(120);
      }
      HttpResponse<byte[]> backwards =
          rig.bytes("/mel?stream=yard&from=2026-03-01T12:00:01Z&until=2026-03-01T12:00:00Z");
      assertThat(backwards.statusCode()).isEqualTo(400);
      HttpResponse<byte[]> shorterThanAFrame =
          rig.bytes("/mel?stream=yard&from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:00.020Z");
      assertThat(shorterThanAFrame.statusCode()).isEqualTo(400);
      assertThat(rig.get("/mel?stream=yard").statusCode()).as("without a token").isEqualTo(403);
      HttpResponse<String> nothing =
          rig.get(
              "/audio?stream=garden&from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:01Z",
              Gatekeeper.TOKEN_HEADER,
              rig.token());
      assertThat(nothing.statusCode()).as(nothing.body()).isEqualTo(404);
      assertThat(nothing.body()).contains("garden");
    }
  }

  private static int level(HttpResponse<byte[]> drawn, int frame, int mel) {
    return Byte.toUnsignedInt(drawn.body()[frame * 128 + mel]);
  }

  /** Each asks for most of a minute of 48 kHz, which no socket holds, and reads its first byte. */
  @Test
  void clientsThatDoNotReadTheirAudioSilenceNobody() throws Exception {
    Topics.ensure(ingest);
    byte[] second = new byte[2 * 48_000];
    try (ChunkProducer producer = ChunkProducer.connect(ingest)) {
      for (int i = 0; i < 59; i++) {
        producer.send(
            new AudioChunk(
                new StreamId("hall"),
                AudioChunk.NOT_GIVEN,
                AudioChunk.NOT_GIVEN,
                i,
                48_000L * i,
                PageRig.START.plusSeconds(i),
                new AudioFormat(AudioFormat.Encoding.S16LE, 48_000, 1),
                second,
                i == 58));
      }
      producer.flush();
    }
    String query = "stream=hall&from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:59Z";
    List<Socket> clients = new ArrayList<>();
    try (PageRig rig = new PageRig(config)) {
      String request =
          "GET /audio?%s HTTP/1.1\r\nHost: localhost\r\n%s: %s\r\n\r\n"
              .formatted(query, Gatekeeper.TOKEN_HEADER, rig.token());
      for (int i = 0; i < 5; i++) {
        Socket client = new Socket();
        clients.add(client);
        client.setReceiveBufferSize(4_096);
        client.setSoTimeout(20_000);
        client.connect(new InetSocketAddress("127.0.0.1", rig.address.getPort()));
        client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        assertThat(client.getInputStream().read()).isEqualTo('H');
      }
      assertThat(rig.get("/").statusCode()).isEqualTo(200);
      HttpResponse<byte[]> played = rig.audio(query);
      assertThat(played.statusCode()).isEqualTo(200);
      assertThat(played.body()).hasSizeGreaterThan(59 * second.length);
    } finally {
      for (Socket client : clients) {
        client.close();
      }
    }
  }

  /** As by a browser that was not answered, or by someone who listens on the line. */
  @Test
  void aRequestThatIsReplayedIsOneLabel() throws Exception {
    Topics.ensureTraining(ingest);
    try (PageRig rig = new PageRig(config)) {
      rig.page.accept(PageRig.delivered(PageRig.detection(Detection.Kind.ENDED, "e1", 200, 900)));
      String body =
          """
          {"kind": "add", "stream": "dock", "label": " whistle ", "author": "Ada ",
           "onset": "2026-03-01T12:00:40Z", "offset": "2026-03-01T12:00:41Z", "request": "%s"}
          """;
      List<String> ids = new ArrayList<>();
      String token = rig.token();
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (String key : List.of("3d5c1f60", "3d5c1f60", "3d5c1f60", "77777777")) {
        answers.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return rig.post(body.formatted(key), token);
                  } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                  }
                }));
      }
      for (CompletableFuture<HttpResponse<String>> answer : answers) {
        assertThat(answer.join().statusCode()).as(answer.join().body()).isEqualTo(201);
        ids.add(PageRig.JSON.readTree(answer.join().body()).get("id").asText());
      }
      assertThat(new HashSet<>(ids.subList(0, 3))).hasSize(1);
      assertThat(ids.get(3)).isNotEqualTo(ids.get(0));
      assertThat(labels().stream().filter(l -> l.label().equals("whistle")))
          .hasSize(2)
          .allMatch(l -> l.author().equals("Ada"));
      HttpResponse<String> others =
          rig.post(body.formatted("3d5c1f60").replace("Ada", "Bob"), token);
      assertThat(PageRig.JSON.readTree(others.body()).get("id").asText()).isNotEqualTo(ids.get(0));
    }
  }

  @Test
  void whatToLabelNextIsOfThisPageAndOnlyForIt() throws Exception {
    Topics.ensureTraining(ingest);
    String adapter;
    try (BundledModel files = BundledModel.open()) {
      adapter = Adapter.load(files.adapter()).digest();
    }
    // Birds again and again: the bundled adapter does not know what they are.
    float[] bird = BundledClips.loadNewClass(false).get(0).pcm().samples();
    ByteBuffer bytes = ByteBuffer.allocate(2 * 12 * 16_000);
    for (int i = 0; bytes.hasRemaining(); i++) {
      bytes.putShort((short) (bird[i % bird.length] * 32_767));
    }
    AudioChunk chunk =
        new AudioChunk(
            new StreamId("dock"),
            AudioChunk.NOT_GIVEN,
            AudioChunk.NOT_GIVEN,
            0,
            0,
            PageRig.START,
            new AudioFormat(AudioFormat.Encoding.L16, 16_000, 1),
            bytes.array(),
            true);
    try (ChunkProducer producer = ChunkProducer.connect(ingest)) {
      producer.send(chunk);
      producer.flush();
    }
    Detection shown = PageRig.detection(Detection.Kind.ENDED, "s1", 5_000, 6_000, adapter);
    Detection elsewhere = PageRig.detection(Detection.Kind.ENDED, "s2", 8_000, 9_000, adapter);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            ingest.kafkaClients(), new ByteArraySerializer(), new ByteArraySerializer())) {
      for (Detection d : List.of(shown, elsewhere)) {
        producer.send(
            new DetectionCodec().encodeCorrection(ingest.topics().detections().name(), d));
      }
    }
    try (PageRig rig = new PageRig(config)) {
      rig.page.accept(PageRig.delivered(shown));
      assertThat(rig.get("/label-next").statusCode()).as("from another origin").isEqualTo(403);
      HttpResponse<String> answer = rig.get("/label-next", Gatekeeper.TOKEN_HEADER, rig.token());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      JsonNode found = PageRig.JSON.readTree(answer.body());
      assertThat(found.get("detections").intValue()).isEqualTo(2);
      assertThat(found.get("sounds")).hasSize(1);
      JsonNode sound = found.get("sounds").get(0);
      assertThat(sound.get("detection").textValue()).isEqualTo("s1");
      assertThat(sound.get("stream").textValue()).isEqualTo("dock");
      assertThat(sound.get("onset").textValue()).isEqualTo("2026-03-01T12:00:05Z");
      assertThat(sound.get("reasons").get(0).textValue()).startsWith("uncertain: ");
    }
  }

  /** Each path and method, and each answer that can be had here, is as openapi.json says. */
  @Test
  void theHttpApiIsAsDescribed() throws Exception {
    Topics.ensureTraining(ingest);
    try (ChunkProducer producer = ChunkProducer.connect(ingest)) {
      producer.send(
          new AudioChunk(
              new StreamId("attic"),
              AudioChunk.NOT_GIVEN,
              AudioChunk.NOT_GIVEN,
              0,
              0,
              PageRig.START,
              new AudioFormat(AudioFormat.Encoding.S16LE, 16_000, 1),
              new byte[32_000],
              true));
      producer.flush();
    }
    try (PageRig rig = new PageRig(config)) {
      rig.page.accept(PageRig.window("attic", 0, PageRig.A));
      JsonNode api = PageRig.JSON.readTree(rig.get("/openapi.json").body());
      Map<String, String> methods = new HashMap<>();
      api.get("paths")
          .properties()
          .forEach(
              p -> methods.put(p.getKey(), p.getValue().fieldNames().next().toUpperCase(ROOT)));
      assertThat(methods).isEqualTo(PageRoutes.METHODS);
      String stretch = "stream=%s&from=2026-03-01T12:00:00Z&until=2026-03-01T12:00:01Z";
      Described described = new Described(rig, api);
      described.answers("/", "", 200);
      described.answers("/openapi.json", "", 200);
      for (String path : List.of("/audio", "/mel")) {
        described.answers(path, stretch.formatted("attic"), 200);
        described.answers(path, stretch.formatted("nowhere"), 404);
        described.answers(path, "stream=attic&from=now&until=then", 400);
      }
      described.answers("/label-next", "", 200);
      described.answersLabel(
          """
          {"kind": "add", "stream": "attic", "label": "mouse", "author": "Ada", "note": "small",
           "onset": "2026-03-01T12:00:00.200Z", "offset": "2026-03-01T12:00:00.700Z",
           "request": "0123-4567"}""",
          201);
      described.answersLabel("{\"kind\": \"doubt\", \"author\": \"Ada\"}", 400);
      for (String path : List.of("/audio", "/mel", "/label-next", "/labels")) {
        HttpResponse<String> closed =
            path.equals("/labels")
                ? rig.post("{}", null)
                : rig.get(path + "?" + stretch.formatted("attic"));
        described.check(path, 403, closed);
      }
    }
  }

  /** Answers against their description. */
  private record Described(PageRig rig, JsonNode api) {
    void answers(String path, String query, int status) throws Exception {
      String target = query.isEmpty() ? path : path + "?" + query;
      check(path, status, rig.get(target, Gatekeeper.TOKEN_HEADER, rig.token()));
    }

    void answersLabel(String body, int status) throws Exception {
      JsonNode schema = api.at("/components/schemas/Label/properties");
      PageRig.JSON
          .readTree(body)
          .fieldNames()
          .forEachRemaining(field -> assertThat(schema.has(field)).as(field).isTrue());
      check("/labels", status, rig.post(body, rig.token()));
    }

    void check(String path, int status, HttpResponse<String> answer) throws Exception {
      assertThat(answer.statusCode()).as(path + ": " + answer.body()).isEqualTo(status);
      JsonNode operation = api.get("paths").get(path).elements().next();
      JsonNode response = operation.get("responses").get(Integer.toString(status));
      assertThat(response).as("%s answers %d".formatted(path, status)).isNotNull();
      String type = response.get("content").fieldNames().next();
      assertThat(answer.headers().firstValue("Content-Type").orElse("")).startsWith(type);
      for (String header : fields(response.path("headers"))) {
        assertThat(answer.headers().firstValue(header)).as(header).isPresent();
      }
      JsonNode schema = response.at("/content/application~1json/schema/$ref");
      if (!schema.isMissingNode()) {
        JsonNode body = PageRig.JSON.readTree(answer.body());
        JsonNode described = api.at(schema.textValue().substring(1));
        for (JsonNode required : described.get("required")) {
          assertThat(body.has(required.textValue())).as(required.textValue()).isTrue();
        }
        assertThat(fields(described.get("properties"))).containsAll(fields(body));
      }
    }

    private static List<String> fields(JsonNode node) {
      List<String> names = new ArrayList<>();
      node.fieldNames().forEachRemaining(names::add);
      return names;
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
