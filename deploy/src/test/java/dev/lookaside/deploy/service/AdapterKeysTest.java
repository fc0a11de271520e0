package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigValueFactory;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.Ack;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.RegistryWriter;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.ingest.AudioFormat.Encoding;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Keys are trusted and distrusted while a worker runs, on a real broker. */
@Timeout(300)
class AdapterKeysTest {
  private static final int CHUNK = 3_200;
  private static final int CHUNKS_PER_SECOND = 5;
  private static final DetectionCodec CODEC = new DetectionCodec();

  @TempDir Path folder;
  private AdapterRig adapters;

  @Test
  void aRunningWorkerTakesNoteOfKeysAndALateOneHearsTheSame() {
    KeyFolder theirs = new KeyFolder(folder.resolve("theirs"));
    KeyFolder trusting = new KeyFolder(folder.resolve("keys"));
    Sound sound = sound("s", 71, 8, Encoding.S16LE);
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        AdapterRig rig = new AdapterRig(kafka.bootstrapServers(), "keys", folder, Map.of());
        RegistryWriter colleague = new RegistryWriter(rig.rig.ingest, theirs.create("colleague"))) {
      adapters = rig;
      String first = colleague.publish(variant(.7f));
      String second = colleague.publish(variant(1.4f));
      try (Service service = rig.rig.startWorker()) {
        send(sound, 0, 2);
        await("first windows", () -> assertThat(rig.rig.windows("s")).isNotEmpty());

        colleague.write(cutover("*", 1, first, EPOCH.plusSeconds(3)));
        await("refusal", () -> assertThat(said("*@1")).contains("refused unknown-key"));
        Path key = theirs.path().resolve("colleague.pub");
        trusting.trust("colleague", key, 0);
        await("the refused decision is taken", () -> assertThat(said("*@1")).contains("prepared "));
        send(sound, 2, 5);
        colleague.write(cutover("*", 2, second, EPOCH.plusSeconds(6)));
        await("another decision", () -> assertThat(said("*@2")).contains("prepared "));

        trusting.retire("colleague", RegistryView.ledgerEnd(rig.rig.ingest));
        // Whether it is read before the worker has looked into the folder or after.
        colleague.write(cutover("stream:s", 1, first, EPOCH));
        await(
            "no further decisions",
            () -> assertThat(said("stream:s@1")).contains("refused key-out-of-bounds"));
        send(sound, 5, 8);
        int all = (int) rig.rig.expectedWindows(sound, service);
        await("windows", () -> assertThat(rig.rig.windows("s")).hasSize(all));
        String configured = service.model().adapterDigest();
        assertAdapters(adaptersByWindow(rig.rig.observed), configured, first, second);
      }
      assertALateWorkerHearsTheSame();
      assertNothingCountsOnceTheKeyIsForgotten(trusting);
    }
  }

  private void send(Sound sound, int fromSecond, int untilSecond) {
    adapters.rig.send(
        List.of(sound), CHUNK, fromSecond * CHUNKS_PER_SECOND, untilSecond * CHUNKS_PER_SECOND);
  }

  /** What the worker has said of a decision: states with the reasons' words. */
  private List<String> said(String cutover) {
    return adapters.acks(cutover).stream()
        .map(a -> a.state().word() + " " + a.reasonWord())
        .toList();
  }

  private static void await(String what, ThrowingRunnable asserted) {
    Awaitility.await(what)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .untilAsserted(asserted);
  }

  private static TreeMap<Long, String> adaptersByWindow(Collection<StreamDetector.Event> events) {
    TreeMap<Long, String> byWindow = new TreeMap<>();
    for (StreamDetector.Event e : events) {
      if (e instanceof StreamDetector.Windowed w) {
        assertThat(w.outcome()).isNotEqualTo(StreamDetector.Outcome.SHED);
        byWindow.put(w.index(), w.adapter().digest());
      }
    }
    return byWindow;
  }

  /** A window each 0.16 s: the one at 3.04 s is the first from 3 s on, the one at 6.08 s from 6. */
  private static void assertAdapters(
      TreeMap<Long, String> byWindow, String configured, String first, String second) {
    byWindow.forEach(
        (index, adapter) ->
            assertThat(adapter)
                .as("window %d", index)
                .isEqualTo(index < 19 ? configured : index < 38 ? first : second));
    assertThat(byWindow).hasSizeGreaterThan(40);
  }

  /** One that never knew a time without the key. */
  private void assertALateWorkerHearsTheSame() {
    ConcurrentLinkedQueue<StreamDetector.Event> late = new ConcurrentLinkedQueue<>();
    TreeMap<Long, String> wanted = adaptersByWindow(adapters.rig.observed);
    try (Service service =
        Service.start(
            adapters.rig.config.withValue(
                "lookaside.ingest.source.group", ConfigValueFactory.fromAnyRef("late")),
            late::add)) {
      await("windows", () -> assertThat(adaptersByWindow(late)).isEqualTo(wanted));
      await(
          "detections", () -> assertThat(written(late)).isEqualTo(written(adapters.rig.observed)));
      assertThat(service.health().healthy()).isTrue();
    }
    assertThat(written(late)).isNotEmpty();
  }

  private static TreeSet<String> written(Collection<StreamDetector.Event> events) {
    TreeSet<String> all = new TreeSet<>();
    for (StreamDetector.Event e : events) {
      if (e instanceof StreamDetector.Delivered d) {
        for (Detection x : d.detections()) {
          all.add(new String(CODEC.toJson(x), UTF_8));
        }
      }
    }
    return all;
  }

  private void assertNothingCountsOnceTheKeyIsForgotten(KeyFolder trusting) {
    Sound other = sound("t", 72, 4, Encoding.S16LE);
    adapters.rig.observed.clear();
    Instant begin = Instant.now();
    try (Service service = adapters.rig.startWorker()) {
      await(
          "prepared again",
          () -> assertThat(lastOf("*@2", begin).state()).isEqualTo(Ack.State.PREPARED));
      trusting.forget("colleague");
      await(
          "refused", () -> assertThat(lastOf("*@2", begin).reasonWord()).isEqualTo("unknown-key"));
      adapters.rig.send(List.of(other), CHUNK, 0, 100);
      int all = (int) adapters.rig.expectedWindows(other, service);
      await("windows", () -> assertThat(adapters.rig.windows("t")).hasSize(all));
      String configured = service.model().adapterDigest();
      assertThat(adaptersByWindow(adapters.rig.observed).values()).containsOnly(configured);
    }
  }

  private Ack lastOf(String cutover, Instant since) {
    return adapters.acks(cutover).stream()
        .filter(a -> !a.at().isBefore(since))
        .max((a, b) -> a.at().compareTo(b.at()))
        .orElseThrow(() -> new AssertionError("nothing said of " + cutover));
  }
}
