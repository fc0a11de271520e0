package dev.lookaside.deploy.service;

import static dev.lookaside.deploy.service.AdapterRig.cutover;
import static dev.lookaside.deploy.service.AdapterRig.variant;
import static dev.lookaside.deploy.service.EndToEndRig.EPOCH;
import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.DispatcherSelector;
import dev.lookaside.classifier.infer.AdapterPlan;
import dev.lookaside.classifier.infer.BackboneSessions;
import dev.lookaside.classifier.infer.LoadedAdapter;
import dev.lookaside.classifier.registry.AdapterRegistry;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.Preparation;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.StreamId;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is decided while the registry's thread prepares an adapter, on a real broker. */
@Timeout(120)
class AdapterStalenessTest {
  private static final StreamId STREAM = new StreamId("s");
  private static final Duration LEAD = Duration.ofSeconds(1);

  @TempDir Path folder;
  private final AtomicReference<AdapterPlan> plan = new AtomicReference<>(AdapterPlan.UNKNOWN);

  @Test
  void whatIsDecidedDuringAPreparationIsWaitedForAndNotPassedOver() {
    Map<String, Object> more = Map.of("lookaside.classifier.registry.lead-seconds", 1);
    LoadedAdapter configured = LoadedAdapter.of(AdapterRig.bundled());
    try (EmbeddedKafka kafka = EmbeddedKafka.start();
        BundledModel model = BundledModel.open();
        AdapterRig adapters = new AdapterRig(kafka.bootstrapServers(), "stale", folder, more);
        BackboneSessions sessions = sessions(adapters, Backbone.load(model.backbone()))) {
      String first = adapters.writer.publish(variant(.7f));
      String second = adapters.writer.publish(variant(1.4f));
      ActorTestKit kit = ActorTestKit.create(adapters.rig.config);
      try {
        kit.spawn(
            AdapterRegistry.create(
                parts(adapters, sessions, configured),
                new AdapterRegistry.Listeners(plan::set, ack -> {})),
            DispatcherSelector.fromConfig(AdapterRegistry.DISPATCHER));
        AdapterPlan.Use incumbent = new AdapterPlan.Use(configured, "");
        await("a plan", () -> assertThat(choose(Instant.now())).isEqualTo(incumbent));

        Instant effective;
        // A preparation needs a session, and who holds this lock keeps them all.
        synchronized (sessions) {
          adapters.writer.write(cutover("*", 1, first, null));
          await("that it blocks", () -> assertWaits(Instant.now()));
          assertThat(choose(EPOCH)).as("decided long ago").isEqualTo(incumbent);
          effective = Instant.now().plus(LEAD);
          adapters.writer.write(cutover("*", 2, second, effective));
          await(
              "two more leads",
              () -> assertThat(Instant.now()).isAfterOrEqualTo(effective.plus(LEAD)));
          assertWaits(effective);
        }
        await(
            "the decision",
            () ->
                assertThat(choose(effective))
                    .isInstanceOfSatisfying(
                        AdapterPlan.Use.class,
                        use -> assertThat(use.adapter().digest()).isEqualTo(second)));
        assertThat(choose(effective.minusMillis(1))).isEqualTo(incumbent);
      } finally {
        kit.shutdownTestKit();
      }
    }
  }

  private static BackboneSessions sessions(AdapterRig adapters, Backbone backbone) {
    return new BackboneSessions(
        backbone, Settings.of(adapters.rig.config).classifier().scorer(), 4);
  }

  private static AdapterRegistry.Parts parts(
      AdapterRig adapters, BackboneSessions sessions, LoadedAdapter configured) {
    Settings settings = Settings.of(adapters.rig.config);
    Adapter bundled = AdapterRig.bundled();
    return new AdapterRegistry.Parts(
        settings.registry(),
        TrustedKeys.of(new KeyFolder(settings.registry().keys()).trusted(), false),
        adapters.rig.ingest,
        new Preparation(
            sessions, settings.featurizer().spec(bundled.frontEnd(), bundled.windowFrames())),
        configured,
        Clock.systemUTC());
  }

  private AdapterPlan.Choice choose(Instant start) {
    return plan.get().choose(STREAM, start);
  }

  private void assertWaits(Instant start) {
    assertThat(choose(start)).isEqualTo(new AdapterPlan.Wait(""));
  }

  private static void await(String what, ThrowingRunnable asserted) {
    Awaitility.await(what)
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(5))
        .untilAsserted(asserted);
  }
}
