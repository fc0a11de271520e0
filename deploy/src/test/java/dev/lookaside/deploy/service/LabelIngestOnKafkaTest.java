package dev.lookaside.deploy.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.featurizer.FrontEnd;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelCodec;
import dev.lookaside.trainer.label.LabelWriter;
import dev.lookaside.trainer.store.AudioState;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.LabelIngest;
import dev.lookaside.trainer.store.StoreSettings;
import dev.lookaside.trainer.store.StoredAudio;
import dev.lookaside.trainer.store.StoredExample;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Labels from a real broker into a store, with the audio that is still retained there. */
@Timeout(200)
class LabelIngestOnKafkaTest {
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK_SAMPLES = 4_000;
  private static final int CONTEXT_MILLIS = 500;
  private static final StoreSettings SETTINGS =
      new StoreSettings(
          FrontEnd.AST_FBANK,
          CONTEXT_MILLIS,
          60_000,
          .2,
          1,
          Duration.ofMinutes(10),
          Duration.ofSeconds(20));
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Instant EPOCH = EndToEndRig.EPOCH;
  private static EmbeddedKafka kafka;

  @TempDir private Path folder;

  @BeforeAll
  static void start() {
    kafka = EmbeddedKafka.start();
  }

  @AfterAll
  static void stop() {
    kafka.close();
  }

  /** A rig of its own topics; chunks in one partition, so that streams lie between each other. */
  private static EndToEndRig rig(String name) {
    EndToEndRig rig =
        new EndToEndRig(
            kafka.bootstrapServers(),
            name,
            Map.of(
                "lookaside.ingest.topics.audio-chunks.partitions",
                1,
                "lookaside.ingest.topics.audio-labels.name",
                name + ".audio-labels",
                "lookaside.ingest.topics.audio-labels.partitions",
                1));
    Topics.ensure(rig.ingest);
    Topics.ensureTraining(rig.ingest);
    return rig;
  }

  private ExampleStore store() {
    return ExampleStore.open(folder.resolve("store"), SETTINGS);
  }

  private static LabelIngest ingest(EndToEndRig rig, ExampleStore store) {
    return LabelIngest.open(rig.ingest, store, SETTINGS, ChannelPolicy.MIX);
  }

  private static short[] noise(double seconds, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    short[] samples = new short[(int) (seconds * RATE_HZ)];
    for (int i = 0; i < samples.length; i++) {
      samples[i] = (short) random.nextInt(-32_768, 32_768);
    }
    return samples;
  }

  /** Sends the chunk that holds this sample, if the sound is so long. */
  private static void sendChunk(
      EndToEndRig rig, String stream, short[] samples, int from, Instant epoch) {
    if (from >= samples.length) {
      return;
    }
    int until = Math.min(samples.length, from + CHUNK_SAMPLES);
    ByteBuffer bytes = ByteBuffer.allocate(2 * (until - from));
    bytes.asShortBuffer().put(samples, from, until - from);
    rig.send(
        new AudioChunk(
            new StreamId(stream),
            AudioChunk.NOT_GIVEN,
            AudioChunk.NOT_GIVEN,
            from / CHUNK_SAMPLES,
            from,
            AudioChunk.timeOf(epoch, from, RATE_HZ),
            new AudioFormat(AudioFormat.Encoding.L16, RATE_HZ, 1),
            bytes.array(),
            false));
  }

  private static void send(EndToEndRig rig, String stream, short[] samples, Instant epoch) {
    for (int from = 0; from < samples.length; from += CHUNK_SAMPLES) {
      sendChunk(rig, stream, samples, from, epoch);
    }
    rig.flush();
  }

  private static Label label(String stream, String label, Instant epoch, double from, double to) {
    return Label.add(
        new StreamId(stream),
        label,
        epoch.plusNanos(Math.round(from * 1e9)),
        epoch.plusNanos(Math.round(to * 1e9)),
        "ada",
        epoch.plusSeconds(3_600),
        Optional.empty());
  }

  private static void write(EndToEndRig rig, Label... labels) {
    try (LabelWriter writer = LabelWriter.open(rig.ingest)) {
      for (Label label : labels) {
        writer.write(label);
      }
    }
  }

  /** Steps until an example's audio has come to this. */
  private static StoredExample await(
      LabelIngest ingest, ExampleStore store, Label label, AudioState state) {
    return Awaitility.await(label.label() + " " + state)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              ingest.step(Duration.ofMillis(20));
              return store.find(label.id());
            },
            found -> found.isPresent() && found.get().audioState() == state)
        .orElseThrow();
  }

  private static void assertHeard(StoredExample example, short[] sent, int from, int until) {
    StoredAudio audio = example.heldAudio();
    assertThat(audio.whole()).isTrue();
    float[] heard = audio.readEvent().samples();
    assertThat(heard).hasSize(until - from);
    for (int i = 0; i < heard.length; i++) {
      assertThat(heard[i] * 32_768).as("sample %d", from + i).isEqualTo(sent[from + i]);
    }
  }

  @Test
  void theAudioOfALabelIsFoundByItsCaptureTime() {
    short[] dock = noise(8, 1);
    short[] yard = noise(6, 2);
    Label horn = label("dock", "horn", EPOCH, 3.1, 4.35);
    Label siren = label("yard", "siren", EPOCH, 1.25, 1.75);
    try (EndToEndRig rig = rig("by-time");
        ExampleStore store = store();
        LabelIngest ingest = ingest(rig, store)) {
      for (int from = 0; from < dock.length; from += CHUNK_SAMPLES) {
        sendChunk(rig, "dock", dock, from, EPOCH);
        sendChunk(rig, "yard", yard, from, EPOCH);
      }
      rig.flush();
      write(rig, horn, siren);
      StoredExample held = await(ingest, store, horn, AudioState.HELD);
      assertHeard(held, dock, 49_600, 69_600);
      assertThat(held.heldAudio().start()).isEqualTo(horn.onset().minusMillis(CONTEXT_MILLIS));
      assertThat(held.heldAudio().samples()).isEqualTo(20_000 + 2 * CONTEXT_MILLIS * 16);
      assertHeard(await(ingest, store, siren, AudioState.HELD), yard, 20_000, 28_000);
      assertThat(ingest.atEnd()).isTrue();
    }
  }

  @Test
  void whatIsNoLabelGoesToTheDeadLettersAndNothingElseIsLost() {
    Label first = label("dock", "horn", EPOCH, 1, 2);
    Label second = label("dock", "horn", EPOCH, 3, 4);
    byte[] key = "dock".getBytes(UTF_8);
    try (EndToEndRig rig = rig("letters");
        ExampleStore store = store()) {
      send(rig, "dock", noise(6, 3), EPOCH);
      String topic = rig.ingest.topics().training().labels().name();
      LabelCodec codec = new LabelCodec();
      String backwards = new String(codec.toJson(first), UTF_8).replace("12:00:02Z", "11:00:00Z");
      produce(
          rig,
          codec.encode(topic, first),
          new ProducerRecord<>(topic, key, "{".getBytes(UTF_8)),
          new ProducerRecord<>(topic, key, backwards.getBytes(UTF_8)),
          new ProducerRecord<>(topic, "yard".getBytes(UTF_8), codec.toJson(first)),
          codec.encode(topic, second));
      try (LabelIngest ingest = ingest(rig, store)) {
        await(ingest, store, first, AudioState.HELD);
        await(ingest, store, second, AudioState.HELD);
      }
      assertThat(store.all())
          .extracting(StoredExample::id)
          .containsExactly(first.id(), second.id());
      try (LabelIngest again = ingest(rig, store)) {
        LabelIngest.Progress progress = again.step(Duration.ofMillis(200));
        assertThat(progress.labels() + progress.rejected()).as("read once").isZero();
      }
      List<ConsumerRecord<byte[], byte[]>> letters = letters(rig, 3);
      assertThat(letters)
          .extracting(l -> header(l, "lookaside-field") + ": " + header(l, "lookaside-message"))
          .satisfiesExactlyInAnyOrder(
              text -> assertThat(text).startsWith("value: must be a JSON object"),
              text ->
                  assertThat(text).isEqualTo("offset: must be after onset 2026-03-01T12:00:01Z"),
              text -> assertThat(text).isEqualTo("stream: must equal the key yard"));
      assertThat(letters)
          .allSatisfy(
              l -> {
                assertThat(header(l, "lookaside-reason")).isEqualTo("bad-value");
                assertThat(header(l, "lookaside-topic")).isEqualTo(topic);
              });
      assertThat(letters).extracting(l -> header(l, "lookaside-offset")).contains("1", "2", "3");
    }
  }

  @SafeVarargs
  private static void produce(EndToEndRig rig, ProducerRecord<byte[], byte[]>... records) {
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(
            rig.ingest.kafkaClients(), new ByteArraySerializer(), new ByteArraySerializer())) {
      Arrays.stream(records).forEach(producer::send);
      producer.flush();
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> letters(EndToEndRig rig, int count) {
    String topic = rig.ingest.topics().deadLetters().name();
    Map<String, Object> config = new HashMap<>(rig.ingest.kafkaClients());
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(p -> new TopicPartition(topic, p.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
      Awaitility.await("letters")
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(found::add);
                return found.size() >= count;
              });
      return found;
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
    return new String(letter.headers().lastHeader(name).value(), UTF_8);
  }

  @Test
  void audioThatRetentionHasTakenIsLostWithAReason() throws Exception {
    short[] sound = noise(10, 4);
    Label gone = label("dock", "horn", EPOCH, 1, 2);
    Label kept = label("dock", "horn", EPOCH, 7, 8);
    try (EndToEndRig rig = rig("retention");
        ExampleStore store = store();
        LabelIngest ingest = ingest(rig, store)) {
      send(rig, "dock", sound, EPOCH);
      TopicPartition chunks = new TopicPartition(rig.ingest.topics().chunks().name(), 0);
      try (Admin admin = Admin.create(rig.ingest.kafkaClients())) {
        // As the broker does when the first five seconds have grown old.
        admin.deleteRecords(Map.of(chunks, RecordsToDelete.beforeOffset(20))).all().get();
      }
      write(rig, gone, kept);
      assertHeard(await(ingest, store, kept, AudioState.HELD), sound, 112_000, 128_000);
      StoredExample lost = await(ingest, store, gone, AudioState.LOST);
      assertThat(lost.audioReason().orElseThrow())
          .contains("stream \"dock\"", "is not retained any more")
          .contains("the oldest is of 2026-03-01T12:00:05Z");
      assertThat(store.lost()).extracting(StoredExample::id).containsExactly(gone.id());
      assertThat(store.usable(lost.split()))
          .extracting(StoredExample::id)
          .doesNotContain(gone.id());
    }
  }

  @Test
  void aLabelThatComesBeforeItsAudioWaitsForItAlsoOverARestart() {
    Instant epoch = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    short[] sound = noise(4, 5);
    Label early = label("dock", "horn", epoch, 1, 2);
    try (EndToEndRig rig = rig("early")) {
      write(rig, early);
      try (ExampleStore store = store();
          LabelIngest ingest = ingest(rig, store)) {
        StoredExample awaited = await(ingest, store, early, AudioState.AWAITED);
        assertThat(awaited.usable()).isFalse();
        for (int from = 0; from < 24_000; from += CHUNK_SAMPLES) {
          sendChunk(rig, "dock", sound, from, epoch);
        }
        Awaitility.await("half of it is there and is not taken for all")
            .atMost(PATIENCE)
            .pollInterval(Duration.ofMillis(5))
            .until(
                () -> {
                  ingest.step(Duration.ofMillis(20));
                  return store.find(early.id()).orElseThrow().audioReason().orElse("");
                },
                reason -> reason.contains("have not all come yet"));
      }
      for (int from = 24_000; from < sound.length; from += CHUNK_SAMPLES) {
        sendChunk(rig, "dock", sound, from, epoch);
      }
      try (ExampleStore store = store();
          LabelIngest ingest = ingest(rig, store)) {
        assertHeard(await(ingest, store, early, AudioState.HELD), sound, 16_000, 32_000);
        assertThat(store.all()).hasSize(1);
      }
    }
  }
}
