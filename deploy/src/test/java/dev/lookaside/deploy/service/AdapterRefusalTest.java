package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.AdapterRejection.Reason;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.CutoverCodec;
import dev.lookaside.classifier.registry.GoldenLogits;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.registry.Slice;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.FloatTensor;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.classifier.weights.SafetensorsWriter;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever is wrong with a decision or its adapter is refused and said, and the incumbent scores
 * on.
 */
@Timeout(200)
class AdapterRefusalTest {
  private static final Instant FROM = EPOCH.plusSeconds(1);

  @TempDir Path folder;
  private EmbeddedKafka kafka;
  private AdapterRig adapters;
  private final Map<String, Reason> expected = new LinkedHashMap<>();
  private int decisions;

  @BeforeEach
  void start() {
    kafka = EmbeddedKafka.start();
    adapters =
        new AdapterRig(
            kafka.bootstrapServers(),
            "refused",
            folder,
            Map.of("lookaside.classifier.registry.fetch-timeout-seconds", 1));
  }

  @AfterEach
  void stop() {
    adapters.close();
    kafka.close();
  }

  @Test
  void everyFaultIsRefusedWithItsReasonAndTheIncumbentScoresOn() {
    String incumbent = adapters.writer.publish(variant(.3f));
    adapters.writer.write(cutover("*", 1, incumbent, EPOCH));
    faultsOnTheWay();
    faultsOfWhoDecides();
    faultsOfTheFile();

    Sound sound = sound("s", 41, 5, Encoding.S16LE);
    try (Service service = adapters.rig.startWorker()) {
      adapters.rig.send(List.of(sound), 3_217, 0, 12);
      Awaitility.await("windows that the faults so far are about")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> assertThat(adapters.rig.windows("s")).hasSizeGreaterThanOrEqualTo(5));
      faultWhileAudioStreams();
      adapters.rig.send(List.of(sound), 3_217, 12, 1_000);
      Awaitility.await("windows")
          .atMost(PATIENCE)
          .untilAsserted(
              () ->
                  assertThat(adapters.rig.windows("s"))
                      .hasSize((int) adapters.rig.expectedWindows(sound, service)));
      for (StreamDetector.Event e : adapters.rig.observed) {
        if (e instanceof StreamDetector.Windowed w) {
          assertThat(w.adapter().digest()).isEqualTo(incumbent);
          assertThat(w.outcome()).isNotEqualTo(StreamDetector.Outcome.SHED);
        }
      }
      // An ack is sent when the plan without the decision is followed already.
      Awaitility.await("acks").atMost(PATIENCE).untilAsserted(() -> assertSaid(service));
    }
    assertThat(expected).hasSize(18);
  }

  private void assertSaid(Service service) {
    for (Map.Entry<String, Reason> e : expected.entrySet()) {
      assertThat(adapters.acks(e.getKey()))
          .as(e.getKey())
          .extracting(Ack::state, Ack::reasonWord)
          .contains(tuple(Ack.State.REFUSED, e.getValue().word()))
          .doesNotContain(tuple(Ack.State.PREPARED, ""), tuple(Ack.State.APPLIED, ""));
    }
    String metrics = service.scrape();
    for (Reason reason : expected.values()) {
      assertThat(metrics)
          .contains(
              "lookaside_adapters_total{reason=\"%s\",state=\"refused\"} %d.0\n"
                  .formatted(reason.word(), Collections.frequency(expected.values(), reason)));
    }
  }

  /** Windows that come from now on are of its time. */
  private void faultWhileAudioStreams() {
    float[] bias = new float[AdapterRig.bundled().labels().size()];
    bias[0] = Float.POSITIVE_INFINITY;
    decide(
        Reason.NOT_FINITE,
        adapters.writer.publish(
            changed("head.fc.bias", FloatTensor.of(new int[] {bias.length}, bias), Map.of())));
  }

  private void faultsOnTheWay() {
    byte[] file = variant(.11f);
    List<Slice> corrupted = Slice.cut(file);
    corrupted.get(1).bytes()[1_000] ^= 4;
    adapters.send(corrupted.stream().map(s -> s.record(adapters.adaptersTopic())).toList());
    decide(Reason.WRONG_DIGEST, Safetensors.sha256(file));

    List<Slice> missing = Slice.cut(variant(.12f));
    assertThat(missing).hasSizeGreaterThan(1);
    adapters.send(List.of(missing.get(1).record(adapters.adaptersTopic())));
    decide(Reason.MISSING_SLICES, missing.get(0).digest());

    String claimed = Safetensors.sha256(variant(.13f));
    adapters.send(
        Slice.cut(variant(.14f)).stream()
            .map(s -> new Slice(claimed, s.part(), s.parts(), s.totalBytes(), s.bytes()))
            .map(s -> s.record(adapters.adaptersTopic()))
            .toList());
    decide(Reason.WRONG_DIGEST, claimed);

    String huge = Safetensors.sha256(new byte[] {7});
    adapters.send(
        List.of(new Slice(huge, 0, 1, 1L << 40, new byte[] {7}).record(adapters.adaptersTopic())));
    decide(Reason.TOO_LARGE, huge);
  }

  private void faultsOfWhoDecides() {
    String sound = adapters.writer.publish(variant(.2f));
    Cutover c = next(sound, null, null);
    ProducerRecord<byte[], byte[]> signed =
        CutoverCodec.encode(adapters.cutoversTopic(), c, adapters.key);
    String forged = new String(signed.value(), UTF_8).replace("a test", "a thief");
    adapters.send(
        List.of(new ProducerRecord<>(signed.topic(), signed.key(), forged.getBytes(UTF_8))));
    expected.put(c.id(), Reason.BAD_SIGNATURE);

    Cutover strange = next(sound, null, null);
    adapters.send(
        List.of(
            CutoverCodec.encode(
                adapters.cutoversTopic(),
                strange,
                new KeyFolder(folder.resolve("strange")).create("stranger"))));
    expected.put(strange.id(), Reason.UNKNOWN_KEY);

    Cutover unsigned = next(sound, null, null);
    adapters.send(List.of(CutoverCodec.encode(adapters.cutoversTopic(), unsigned, null)));
    expected.put(unsigned.id(), Reason.UNSIGNED);

    adapters.send(
        List.of(
            new ProducerRecord<>(
                adapters.cutoversTopic(), "junk".getBytes(UTF_8), "{".getBytes(UTF_8))));
    expected.put("junk", Reason.BAD_RECORD);

    Cutover judgedOtherwise = next(sound, null, null);
    decide(
        Reason.GOLDEN_DIFFERS,
        new Cutover(
            judgedOtherwise.scope(),
            judgedOtherwise.number(),
            sound,
            judgedOtherwise.effectiveFrom(),
            judgedOtherwise.reason(),
            judgedOtherwise.author(),
            judgedOtherwise.written(),
            null,
            null,
            null,
            GoldenLogits.of(1, new float[AdapterRig.bundled().labels().size()]),
            null));
    decide(Reason.OTHER_BACKBONE, next(sound, "0".repeat(64), null));
    decide(Reason.OTHER_FEATURES, next(sound, null, "0000"));
  }

  private void faultsOfTheFile() {
    Adapter bundled = AdapterRig.bundled();
    float[] bias = new float[bundled.labels().size()];
    bias[1] = Float.NaN;
    decide(
        Reason.NOT_FINITE,
        adapters.writer.publish(
            changed("head.fc.bias", FloatTensor.of(new int[] {bias.length}, bias), Map.of())));
    decide(
        Reason.OTHER_BACKBONE,
        adapters.writer.publish(changed("", null, Map.of("backbone", "1".repeat(64)))));
    String oneMore =
        String.valueOf(bundled.metadata().get("labels")).replace("]", ",\"one more\"]");
    decide(
        Reason.LABEL_COUNT, adapters.writer.publish(changed("", null, Map.of("labels", oneMore))));
    int width = bundled.tensors().get("head.norm.bias").toArray().length;
    decide(
        Reason.WRONG_SHAPE,
        adapters.writer.publish(
            changed(
                "head.norm.bias",
                FloatTensor.of(new int[] {width + 1}, new float[width + 1]),
                Map.of())));
    decide(
        Reason.OTHER_FEATURES,
        adapters.writer.publish(
            changed(
                "", null, Map.of("window_frames", String.valueOf(2 * bundled.windowFrames())))));
    byte[] header =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2000000000,2000000000],\"data_offsets\":[0,4]}}"
            .getBytes(UTF_8);
    byte[] giant =
        ByteBuffer.allocate(12 + header.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(header.length)
            .put(header)
            .array();
    decide(Reason.BAD_FILE, adapters.writer.publish(giant));
  }

  private static byte[] changed(
      String tensor, @Nullable FloatTensor values, Map<String, String> metadata) {
    Adapter bundled = AdapterRig.bundled();
    Map<String, FloatTensor> tensors = new TreeMap<>(bundled.tensors());
    if (values != null) {
      tensors.put(tensor, values);
    }
    Map<String, String> meta = new TreeMap<>(bundled.metadata());
    meta.putAll(metadata);
    return SafetensorsWriter.encode(tensors, meta);
  }

  /** A decision for the stream; numbers rise. */
  private Cutover next(String adapter, @Nullable String backbone, @Nullable String features) {
    return new Cutover(
        Scope.parse("stream:s"),
        ++decisions,
        adapter,
        FROM.plusMillis(10L * decisions),
        "promote",
        "a test",
        EPOCH,
        null,
        backbone,
        features,
        null,
        null);
  }

  private void decide(Reason reason, String adapter) {
    decide(reason, next(adapter, null, null));
  }

  private void decide(Reason reason, Cutover cutover) {
    adapters.writer.write(cutover);
    expected.put(cutover.id(), reason);
  }
}
