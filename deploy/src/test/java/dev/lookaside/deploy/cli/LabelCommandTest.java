package dev.lookaside.deploy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioChunkCodec;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.trainer.gate.DetectedClasses;
import dev.lookaside.trainer.gate.GateReport;
import dev.lookaside.trainer.gate.GateReport.CorrectionChange;
import dev.lookaside.trainer.gate.Learned;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelIngest;
import dev.lookaside.trainer.store.StoreSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(200)
class LabelCommandTest {
  private static final String NOON = "2026-03-01T12:00:00Z";
  private static final String ADAPTER = "a".repeat(64);
  private static final String NEW = "b".repeat(64);

  @TempDir private Path folder;
  private EmbeddedKafka kafka;
  private Config config;
  private IngestSettings ingest;

  @BeforeEach
  void startKafka() {
    kafka = EmbeddedKafka.start();
    config =
        Configuration.over(
            Map.of("lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers()));
    ingest = IngestSettings.of(config);
    Topics.ensure(ingest);
  }

  @AfterEach
  void stopKafka() {
    kafka.close();
  }

  /** Runs a command; its words hold no spaces. */
  private Cli run(String command) {
    List<Object> all = new ArrayList<>(List.of(command.split(" ")));
    all.addAll(
        List.of(
            "--set",
            "lookaside.trainer.store-folder=" + folder.resolve("store"),
            "--set",
            "lookaside.classifier.security.adapters.allow-unsigned=true",
            "--set",
            "lookaside.classifier.security.adapters.keys-folder=" + folder.resolve("keys"),
            "--bootstrap-servers",
            kafka.bootstrapServers()));
    return Cli.run(all.toArray());
  }

  private JsonNode json(String command) throws IOException {
    Cli cli = run(command + " --json");
    assertThat(cli.exitCode()).as(cli.err()).isZero();
    return new JsonMapper().readTree(cli.out());
  }

  private static String at(double seconds) {
    return Instant.parse(NOON).plusNanos(Math.round(seconds * 1e9)).toString();
  }

  private static Detection detection(
      Detection.Kind kind, String label, double onset, @Nullable Double offset) {
    return detection(kind, label, onset, offset, ADAPTER);
  }

  private static Detection detection(
      Detection.Kind kind, String label, double onset, @Nullable Double offset, String adapter) {
    StreamId stream = new StreamId("dock");
    Instant epoch = Instant.parse(NOON);
    long onsetSample = Math.round(onset * 16_000);
    return new Detection(
        kind,
        Detection.idOf(stream, epoch, label, onsetSample),
        stream,
        epoch,
        label,
        new Detection.Extent(
            onsetSample,
            offset == null ? Detection.Extent.OPEN : Math.round(offset * 16_000),
            Instant.parse(at(onset)),
            offset == null ? null : Instant.parse(at(offset)),
            16_000),
        .9,
        .8,
        new Detection.Origin(adapter, "c".repeat(64), "features", 0, 1, 2),
        null);
  }

  private void send(List<ProducerRecord<byte[], byte[]>> records) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            ingest.kafkaClients(), new ByteArraySerializer(), new ByteArraySerializer())) {
      records.forEach(producer::send);
      producer.flush();
    }
  }

  private void detected(Detection... detections) {
    String topic = ingest.topics().detections().name();
    DetectionCodec codec = new DetectionCodec();
    send(Arrays.stream(detections).map(d -> codec.encodeCorrection(topic, d)).toList());
  }

  private JsonNode add(String stream, String label, double onset, double offset, String author)
      throws IOException {
    return json(
        "label add --stream "
            + stream
            + " --label "
            + label
            + " --onset "
            + at(onset)
            + " --offset "
            + at(offset)
            + " --author "
            + author);
  }

  @Test
  void detectionsAreJudgedByIdOrPlaceAndListedWithTheirStanding() throws IOException {
    Detection door = detection(Detection.Kind.ENDED, "door", 1, 2.);
    Detection horn = detection(Detection.Kind.ENDED, "horn", 1.5, 3.);
    Detection water = detection(Detection.Kind.ENDED, "water", 8, 9.);
    detected(door, horn, water);

    JsonNode right =
        json("label confirm --detection " + door.id().substring(0, 10) + " --author ada");
    assertThat(right.get("kind").textValue()).isEqualTo("confirm");
    assertThat(right.get("detection").textValue()).isEqualTo(door.id());
    assertThat(right.get("adapter").textValue()).isEqualTo(ADAPTER);
    assertThat(right.get("onset").textValue()).isEqualTo(at(1));
    JsonNode wrong =
        json(
            "label reject --stream dock --onset "
                + at(1.2)
                + " --offset "
                + at(1.8)
                + " --detected door --author bob --note the-wind");
    assertThat(wrong.get("label").textValue()).isEqualTo("door");
    assertThat(wrong.get("note").textValue()).isEqualTo("the-wind");
    JsonNode other = json("label relabel --detection " + horn.id() + " --label siren --author ada");
    assertThat(other.get("detected").textValue()).isEqualTo("horn");
    JsonNode missed = add("yard", "siren", 4, 5.5, "ada");
    assertThat(
            json("label add --stream yard --label siren --onset " + at(9) + " --offset " + at(10))
                .get("author")
                .textValue())
        .isEqualTo(System.getProperty("user.name"));

    assertThat(ids(json("label list")))
        .hasSize(5)
        .startsWith(id(right), id(wrong), id(other), id(missed));
    assertThat(ids(json("label list --standing conflict"))).containsExactly(id(right), id(wrong));
    assertThat(ids(json("label list --stream yard --author ada"))).containsExactly(id(missed));
    assertThat(ids(json("label list --kind relabel"))).containsExactly(id(other));
    assertThat(json("label list --since " + Instant.now().plusSeconds(60)).get("labels")).isEmpty();
    JsonNode disputed = json("label list --standing conflict").get("labels").get(0);
    assertThat(disputed.get("because").get(0).textValue()).isEqualTo(id(wrong));
    assertThat(run("label list --stream dock").out())
        .contains(id(wrong).substring(0, 12) + "  conflict    reject dock " + at(1))
        .contains("siren, not horn, by ada")
        .doesNotContain("audio");
  }

  private static String id(JsonNode label) {
    return label.get("id").textValue();
  }

  private static List<String> ids(JsonNode list) {
    List<String> ids = new ArrayList<>();
    list.get("labels").forEach(l -> ids.add(id(l)));
    return ids;
  }

  @Test
  void theReceiptSaysWhatTheOldAndTheNewAdapterSaid() throws IOException {
    String siren = id(add("yard", "siren", 4, 5.5, "ada"));
    String later = id(add("yard", "siren", 14, 15.5, "ada"));
    assertThat(run("label show " + siren.substring(0, 8)).out())
        .startsWith("your label " + siren.substring(0, 12) + " is in no adapter yet")
        .contains("audio      not known: no store in " + folder.resolve("store"));

    promote(siren);
    Cli shown = run("label show " + siren);
    assertThat(shown.exitCode()).as(shown.err()).isZero();
    assertThat(shown.out())
        .contains(
            "is in adapter bbbbbbbbbbbb since 2026-03-01T12:10:00Z; there the old adapter detected"
                + " nothing (siren at most 0.12), the new one detects siren (0.93)")
        .contains("bbbbbbbbbbbb since 2026-03-01T12:10:00Z, fitted on it (*@1)")
        .contains("aaaaaaaaaaaa detected nothing (siren at most 0.12)")
        .contains("bbbbbbbbbbbb detects siren (0.93)");
    JsonNode receipt = json("label show " + siren);
    assertThat(receipt.get("state").textValue()).isEqualTo("in-force");
    assertThat(receipt.at("/decisions/0/after/detected/0/peak").doubleValue()).isEqualTo(.93);
    assertThat(receipt.has("audio")).isFalse();
    assertThat(json("label show " + later).get("state").textValue()).isEqualTo("not-yet");

    fillStore();
    JsonNode audio = json("label show " + siren).get("audio");
    assertThat(audio.get("state").textValue()).isEqualTo("lost");
    assertThat(audio.get("reason").textValue()).contains("no chunk of this stream is retained");
    assertThat(run("label list").out()).contains("audio lost: stream \"yard\": audio of");
  }

  @Test
  void anAuthorTakesBackWhatWasSaid() throws IOException {
    String siren = id(add("yard", "siren", 4, 5.5, "ada"));
    String horn = id(add("yard", "horn", 4, 5.5, "ada"));
    assertThat(standings()).containsExactly("superseded", "usable");
    Cli other = run("label retract " + horn + " --author bob");
    assertThat(other.exitCode()).isEqualTo(1);
    assertThat(other.err()).contains("is of ada, and only its author may retract it");

    JsonNode back = json("label retract " + horn.substring(0, 10) + " --author ada --note oops");
    assertThat(back.get("kind").textValue()).isEqualTo("retract");
    assertThat(back.get("note").textValue()).isEqualTo("oops");
    assertThat(standings()).containsExactly("usable", "superseded", "retraction");
    assertThat(run("label show " + horn).out())
        .contains("is retracted by its author with label " + id(back).substring(0, 12));
    assertThat(run("label show " + id(back)).out())
        .contains("retracts label " + horn.substring(0, 12), "no longer horn, by ada");
    assertThat(run("label retract " + id(back) + " --author ada").err())
        .contains("is a retraction, which cannot be retracted");

    promote(siren);
    String again = id(json("label retract " + siren + " --author ada"));
    assertThat(json("label show " + siren).get("sentence").textValue())
        .contains("is in adapter bbbbbbbbbbbb since")
        .endsWith(
            "; its author has retracted it with label "
                + again.substring(0, 12)
                + ": no further fit learns it");
    fillStore();
    StoreSettings settings = StoreSettings.of(config, FrontEnd.AST_FBANK);
    try (ExampleStore store = ExampleStore.open(folder.resolve("store"), settings)) {
      assertThat(store.all())
          .extracting(e -> e.standing().word())
          .containsExactly("superseded", "superseded", "retraction", "retraction");
      assertThat(store.awaited()).extracting(e -> e.id()).doesNotContain(id(back), again);
    }
  }

  private List<String> standings() throws IOException {
    List<String> standings = new ArrayList<>();
    json("label list").get("labels").forEach(l -> standings.add(l.get("standing").textValue()));
    return standings;
  }

  private void promote(String label) {
    DetectedClasses nothing = DetectedClasses.of(Map.of(), .12);
    DetectedClasses heard = DetectedClasses.of(Map.of("siren", .93), .93);
    GateReport report =
        GateReport.of(true, ADAPTER, NEW, List.of())
            .withCorrections(
                List.of(new CorrectionChange(label, "siren", false, true, false, nothing, heard)))
            .withLearned(Learned.of(List.of(new Learned.Use(label, true)), 10));
    Instant from = Instant.parse("2026-03-01T12:10:00Z");
    try (RegistryWriter writer = new RegistryWriter(ingest, null)) {
      writer.write(
          new Cutover(
              Scope.ALL,
              1,
              NEW,
              from,
              "refit",
              "a trainer",
              from,
              ADAPTER,
              null,
              null,
              null,
              report.toJson()));
    }
  }

  private void fillStore() {
    StoreSettings settings = StoreSettings.of(config, FrontEnd.AST_FBANK);
    try (ExampleStore store = ExampleStore.open(folder.resolve("store"), settings);
        LabelIngest labels = LabelIngest.open(ingest, store, settings, ChannelPolicy.MIX)) {
      do {
        labels.step(Duration.ofMillis(50));
      } while (!labels.atEnd());
    }
  }

  /** One sound at 2 and 5 s, another one at 8 s, on 12 s of faint noise. */
  private void sendAudio() {
    List<LabelledClip> clips = BundledClips.load();
    float[] samples = BackgroundNoise.pink(1, 16_000, 12).samples().clone();
    LabelledClip first = clips.get(0);
    LabelledClip other = clips.get(clips.size() - 1);
    assertThat(other.label()).isNotEqualTo(first.label());
    add(first.pcm(), 2, samples);
    add(first.pcm(), 5, samples);
    add(other.pcm(), 8, samples);
    AudioChunkCodec codec = new AudioChunkCodec("test", ingest.maxPayloadBytes(), null);
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    int step = 8_000;
    for (int from = 0; from < samples.length; from += step) {
      ByteBuffer bytes = ByteBuffer.allocate(2 * step);
      for (int i = 0; i < step; i++) {
        bytes.putShort((short) Math.max(-32_768, Math.min(32_767, samples[from + i] * 32_768)));
      }
      records.add(
          codec.encode(
              ingest.topics().chunks().name(),
              new AudioChunk(
                  new StreamId("dock"),
                  AudioChunk.NOT_GIVEN,
                  AudioChunk.NOT_GIVEN,
                  from / step,
                  from,
                  AudioChunk.timeOf(Instant.parse(NOON), from, 16_000),
                  new AudioFormat(AudioFormat.Encoding.L16, 16_000, 1),
                  bytes.array(),
                  false)));
    }
    send(records);
  }

  private static void add(Pcm sound, double atSeconds, float[] samples) {
    int from = (int) (atSeconds * 16_000);
    for (int i = 0; i < Math.min(sound.lengthSamples(), 24_000); i++) {
      samples[from + i] += sound.samples()[i];
    }
  }

  @Test
  void nextListsTheSoundsThatNobodyHasLabelled() throws IOException {
    String adapter;
    try (BundledModel files = BundledModel.open()) {
      adapter = Adapter.load(files.adapter()).digest();
    }
    sendAudio();
    Detection first = detection(Detection.Kind.ENDED, "dog", 2, 3.5, adapter);
    Detection again = detection(Detection.Kind.ENDED, "dog", 5, 6.5, adapter);
    Detection other = detection(Detection.Kind.ENDED, "siren", 8, 9.5, adapter);
    Detection gone = detection(Detection.Kind.ENDED, "siren", 10, 11., adapter);
    Detection lost = detection(Detection.Kind.ENDED, "siren", 300, 301., adapter);
    detected(first, again, other, gone, gone.retracted("replay"), lost);

    JsonNode next = json("label next --since " + NOON);
    assertThat(next.get("adapter").textValue()).isEqualTo(adapter);
    assertThat(next.get("comparedWith").isNull()).isTrue();
    assertThat(next.get("detections").intValue()).isEqualTo(3);
    assertThat(next.get("withoutAudio").intValue()).isEqualTo(1);
    assertThat(next.get("knownExamples").intValue()).isZero();
    List<String> ids = new ArrayList<>();
    next.get("sounds").forEach(s -> ids.add(s.get("detection").textValue()));
    assertThat(ids).containsExactlyInAnyOrder(first.id(), again.id(), other.id());
    assertThat(ids.subList(0, 2)).as("a repetition comes last").contains(other.id());
    JsonNode top = next.get("sounds").get(0);
    assertThat(top.get("reasons").get(0).textValue()).startsWith("uncertain: ");
    assertThat(top.get("stream").textValue()).isEqualTo("dock");

    json("label confirm --detection " + first.id() + " --author ada");
    Cli two = run("label next --count 1 --since " + NOON);
    assertThat(two.exitCode()).as(two.err()).isZero();
    assertThat(two.out())
        .startsWith("  1  ")
        .doesNotContain(first.id().substring(0, 12), "  2  ")
        .contains(
            "of 2 detections without a label; adapter " + adapter.substring(0, 12),
            "no store of examples here: novelty does not count",
            "the audio of 1 more is not retained");

    assertFails("--count \"0\": must be 1 to 1000", "label next --count 0");
    assertFails(
        "no detection without a label has been reported since; give an earlier time",
        "label next --since " + Instant.now().plusSeconds(60));
    detected(detection(Detection.Kind.ENDED, "dog", 400, 401.));
    assertFails("its adapter aaaaaaaaaaaa is neither configured nor on the topic", "label next");
  }

  @Test
  void aLabelForATimeBeforeTheStreamBeganSaysThatThereIsNoAudio() throws IOException {
    Instant began = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    AudioFormat format = new AudioFormat(AudioFormat.Encoding.S16LE, 16_000, 1);
    try (ChunkProducer producer = ChunkProducer.connect(ingest)) {
      producer.send(
          new AudioChunk(
              new StreamId("yard"),
              AudioChunk.NOT_GIVEN,
              AudioChunk.NOT_GIVEN,
              0,
              0,
              began,
              format,
              new byte[2 * 16_000 * 10],
              true));
    }
    String early =
        id(
            json(
                "label add --stream yard --label siren --onset %s --offset %s"
                    .formatted(began.minusSeconds(60), began.minusSeconds(59))));
    String within =
        id(
            json(
                "label add --stream yard --label siren --onset %s --offset %s"
                    .formatted(began.plusSeconds(4), began.plusSeconds(5))));

    fillStore();

    JsonNode audio = json("label show " + early).get("audio");
    assertThat(audio.get("state").textValue()).isEqualTo("lost");
    assertThat(audio.get("reason").textValue())
        .contains("is before the stream's start; the oldest is of " + began);
    assertThat(run("label list").out()).contains("is before the stream's start");
    assertThat(json("label show " + within).at("/audio/state").textValue()).isEqualTo("held");
  }

  @Test
  void whatCannotBeIsNamed() throws IOException {
    Detection door = detection(Detection.Kind.ENDED, "door", 1, 2.);
    Detection horn = detection(Detection.Kind.ENDED, "horn", 1.5, 3.);
    Detection gone = detection(Detection.Kind.ENDED, "water", 8, 9.);
    Detection open = detection(Detection.Kind.STARTED, "water", 20, null);
    detected(door, horn, gone, gone.retracted("replay"), open);

    assertFails(
        "--onset \"noon\": must be a time as",
        "label add --stream s --label door --onset noon --offset " + at(2));
    assertFails(
        "offset \"" + at(1) + "\": must be after onset " + at(2),
        "label add --stream s --label door --onset " + at(2) + " --offset " + at(1));
    assertFails(
        "label \"\": must be 1 to 200 characters",
        "label add --stream s --label= --onset " + at(1) + " --offset " + at(2));
    assertFails(
        "--stream: ", "label add --stream= --label door --onset " + at(1) + " --offset " + at(2));
    assertFails(
        "--detection \"\": must be given, or else --stream, --onset and --offset", "label confirm");
    assertFails(
        "--detection \"ffff\": no such event is on the topic", "label confirm --detection ffff");
    assertFails(
        "--detection \"" + gone.id() + "\": no such event is on the topic",
        "label reject --detection " + gone.id());
    assertFails("has not ended yet", "label reject --detection " + open.id());
    assertFails(
        "to " + at(1.9) + ": 2 events: " + door.id().substring(0, 12) + " door, ",
        "label reject --stream dock --onset " + at(1.6) + " --offset " + at(1.9));
    assertFails(
        "detected \"door\": must be another class than label",
        "label relabel --detection " + door.id() + " --label door");
    assertFails(
        "label \"ab\": no label on the topic has an id that starts with it", "label show ab");
    assertThat(run("label list --kind maybe").exitCode()).isEqualTo(2);
    assertThat(run("label").exitCode()).isEqualTo(2);
    assertThat(json("label list").get("labels")).as("nothing was written").isEmpty();

    send(
        List.of(
            new ProducerRecord<>(
                ingest.topics().training().labels().name(), new byte[] {'k'}, new byte[] {'x'})));
    Cli list = run("label list");
    assertThat(list.exitCode()).isZero();
    assertThat(list.err()).contains("record 0 is no label: value \"x\": must be a JSON object");
  }

  private void assertFails(String message, String command) {
    Cli cli = run(command);
    assertThat(cli.exitCode()).as(message).isEqualTo(1);
    assertThat(cli.err()).contains(message);
    assertThat(cli.out()).isEmpty();
  }
}
