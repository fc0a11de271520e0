package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static dev.lookaside.deploy.service.EndToEndRig.PATIENCE;
import static dev.lookaside.deploy.service.EndToEndRig.sound;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectionCodec;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.classifier.weights.Safetensors;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.replay.Corrections;
import dev.lookaside.deploy.replay.Replay;
import dev.lookaside.deploy.replay.ReplayDifference;
import dev.lookaside.deploy.replay.ReplayModel;
import dev.lookaside.deploy.replay.RetainedShadow;
import dev.lookaside.deploy.service.EndToEndRig.Sound;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.AudioFormat.Encoding;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowSummary;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Retained audio is heard once more, on a real broker. */
@Timeout(300)
class ReplayTest {
  private static final int CHUNK = 3_217;

  /** Of an adapter that is in force nowhere and detects other events. */
  private static final float OTHER_BIAS = -3f;

  private static final DetectionCodec CODEC = new DetectionCodec();

  @TempDir Path folder;

  private static String json(Detection d) {
    return new String(CODEC.toJson(d), UTF_8);
  }

  private static Set<String> jsons(Iterable<Detection> all) {
    Set<String> lines = new TreeSet<>();
    all.forEach(d -> lines.add(json(d)));
    return lines;
  }

  private static Replay.Stretch stretch(String stream, double from, double to) {
    return new Replay.Stretch(new StreamId(stream), at(from), at(to));
  }

  private static Instant at(double seconds) {
    return EPOCH.plusMillis(Math.round(1_000 * seconds));
  }

  /** Two swaps for all and one for a tenant, while a worker hears both streams to their ends. */
  private static void live(AdapterRig adapters, List<Sound> sounds) {
    String more = adapters.writer.publish(variant(.7f));
    String most = adapters.writer.publish(variant(1.4f));
    adapters.writer.publish(variant(OTHER_BIAS));
    adapters.writer.write(cutover("*", 1, more, EPOCH.plusMillis(2_000)));
    adapters.writer.write(cutover("*", 2, most, EPOCH.plusMillis(5_000)));
    adapters.writer.write(cutover("tenant:site", 1, more, EPOCH.plusMillis(6_500)));
    try (Service service = adapters.rig.startWorker()) {
      adapters.rig.send(sounds, CHUNK, 0, 1_000);
      Awaitility.await("windows")
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                for (Sound s : sounds) {
                  assertThat(new HashSet<>(adapters.rig.windows(s.stream())))
                      .hasSize((int) adapters.rig.expectedWindows(s, service));
                }
              });
    }
    Set<String> delivered = new TreeSet<>();
    for (StreamDetector.Event e : adapters.rig.observed) {
      if (e instanceof StreamDetector.Delivered d) {
        delivered.addAll(jsons(d.detections()));
      }
    }
    awaitTopic(adapters, delivered);
  }

  private static void awaitTopic(AdapterRig adapters, Set<String> wanted) {
    Awaitility.await("detections")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              adapters.rig.read();
              assertThat(jsons(adapters.rig.detections)).containsAll(wanted);
            });
  }

  @Test
  void whatWasHeardIsFoundAgainByteForByteAndCorrectedByAnotherAdapter() {
    List<Sound> sounds =
        List.of(sound("site/a", 51, 10, Encoding.S16LE), sound("plain", 52, 10, Encoding.S16LE));
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        AdapterRig adapters =
            new AdapterRig(kafka.bootstrapServers(), "replay", folder, Map.of())) {
      live(adapters, sounds);
      Settings settings = Settings.of(adapters.rig.config);
      try (RegistryView view = adapters.view();
          ReplayModel model = ReplayModel.open(settings)) {
        Replay replay = new Replay(model);
        Set<String> adaptersSeen = new TreeSet<>();
        for (Sound s : sounds) {
          List<Detection> written =
              adapters.rig.detections.stream()
                  .filter(d -> d.stream().value().equals(s.stream()))
                  .toList();
          Replay.Result again = replay.run(stretch(s.stream(), 0, 10), model.past(view), w -> {});
          assertThat(again.differences()).as(s.stream()).isEmpty();
          assertThat(jsons(again.found())).isEqualTo(jsons(written)).hasSizeGreaterThan(5);
          written.forEach(d -> adaptersSeen.add(d.origin().adapterDigest()));

          Replay.Result middle = replay.run(stretch(s.stream(), 3, 7), model.past(view), w -> {});
          assertThat(middle.differences()).isEmpty();
          assertThat(middle.decidedUntil()).isEqualTo(at(7));
          assertThat(jsons(middle.found()))
              .isEqualTo(jsons(written.stream().filter(d -> in(d, 3, 7)).toList()))
              .isNotEmpty();
        }
        assertThat(adaptersSeen).as("adapters that said something").hasSizeGreaterThan(1);
        shadowed(adapters, view, model);
        corrected(adapters, settings, view, model);
      }
    }
  }

  /**
   * From 5 s on the ledger says for {@code plain} what the candidate is; it is compared from 7 s
   * on, as events that are heard across the change end there for the incumbent only.
   */
  private static void shadowed(AdapterRig adapters, RegistryView view, ReplayModel model) {
    RetainedShadow shadow = new RetainedShadow(model, view, Clock.systemUTC(), Duration.ZERO);
    ShadowSummary same = shadow.compare(request("stream:plain", variant(1.4f)), at(7), at(10));
    assertThat(same.streams()).containsExactly("plain");
    assertThat(same.comparison().differences()).isEmpty();
    assertThat(same.agreement()).isEqualTo(1);
    assertThat(same.comparison().classes()).isNotEmpty();
    assertThat(same.audioSeconds()).isGreaterThan(1);

    ShadowSummary tenant = shadow.compare(request("tenant:site", variant(.7f)), at(0), at(10));
    assertThat(tenant.streams()).containsExactly("site/a");

    ShadowSummary other = shadow.compare(request("*", variant(OTHER_BIAS)), at(0), at(10));
    assertThat(other.streams())
        .as("not the tenant's with its own decision")
        .containsExactly("plain");
    assertThat(other.agreement()).isBetween(0.0, 0.999);
    assertThat(other.comparison().differences()).isNotEmpty();
    assertThat(other.toJson().get("classes").size()).isEqualTo(other.comparison().classes().size());
    int before = adapters.rig.detections.size();
    adapters.rig.read();
    assertThat(adapters.rig.detections).as("nobody hears of it").hasSize(before);
  }

  private static ShadowRequest request(String scope, byte[] candidate) {
    return new ShadowRequest(
        Safetensors.sha256(candidate), Scope.parse(scope), 1, Duration.ofSeconds(1), 1);
  }

  private static boolean in(Detection d, double from, double to) {
    Instant onset = d.extent().onsetTime();
    return !onset.isBefore(at(from)) && onset.isBefore(at(to));
  }

  /** All of one stream by the configured adapter: differences are those of the two lists. */
  private static void corrected(
      AdapterRig adapters, Settings settings, RegistryView view, ReplayModel model) {
    Replay replay = new Replay(model);
    Replay.Stretch whole = stretch("plain", 0, 10);
    AdapterPlan other = AdapterPlan.always(model.configured());
    Replay.Result result = replay.run(whole, other, w -> {});
    assertThat(result.found())
        .allSatisfy(
            d -> assertThat(d.origin().adapterDigest()).isEqualTo(model.configured().digest()));
    assertThat(result.differences())
        .extracting(ReplayDifference::kind)
        .contains(ReplayDifference.Kind.MISSING);
    Set<String> standing = ids(result.published());
    Set<String> found = ids(result.found());
    for (ReplayDifference d : result.differences()) {
      String id = d.either().id();
      assertThat(standing.contains(id)).isEqualTo(d.kind() != ReplayDifference.Kind.ADDITIONAL);
      assertThat(found.contains(id)).isEqualTo(d.kind() != ReplayDifference.Kind.MISSING);
    }

    int written = Corrections.write(settings.ingest(), result.differences());
    assertThat(written).isEqualTo(result.differences().size());
    assertThat(replay.run(whole, other, w -> {}).differences()).isEmpty();
    Awaitility.await("retractions")
        .atMost(PATIENCE)
        .untilAsserted(
            () -> {
              adapters.rig.read();
              assertThat(adapters.rig.detections)
                  .filteredOn(d -> d.kind() == Detection.Kind.RETRACTED)
                  .extracting(Detection::id)
                  .containsExactlyInAnyOrderElementsOf(
                      result.differences().stream()
                          .filter(d -> d.kind() == ReplayDifference.Kind.MISSING)
                          .map(d -> d.either().id())
                          .toList());
            });
    assertThat(replay.run(whole, model.past(view), w -> {}).differences()).isNotEmpty();
  }

  private static Set<String> ids(List<Detection> all) {
    Set<String> ids = new HashSet<>();
    all.forEach(d -> ids.add(d.id()));
    return ids;
  }
}
