package dev.lookaside.deploy.service;

import akka.actor.typed.ActorSystem;
import akka.actor.typed.DispatcherSelector;
import com.typesafe.config.Config;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.replay.ConfiguredShadow;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.trainer.example.Clip;
import dev.lookaside.trainer.example.ClipFolder;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import dev.lookaside.trainer.session.TrainerSettings;
import dev.lookaside.trainer.session.TrainerSetup;
import dev.lookaside.trainer.shadow.ShadowRun;
import dev.lookaside.trainer.store.ExampleStore;
import dev.lookaside.trainer.store.Origin;
import dev.lookaside.trainer.store.Seed;
import dev.lookaside.trainer.store.Split;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The trainer in this JVM: reads {@code audio.labels}, refits, judges and publishes. {@code
 * lookaside trainer} starts this very class; it may also run beside a {@link Service} in one
 * process:
 *
 * <pre>
 *   Config config = Configuration.over(Map.of(
 *       "lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers(),
 *       "lookaside.trainer.store-folder", folder.toString(),
 *       "lookaside.classifier.security.adapters.keys-folder", keys.toString()));
 *   try (Service service = Service.start(config, event -&gt; {});
 *       TrainerService trainer = TrainerService.start(config, new Metrics(), listener)) {
 *     ... labels written with LabelWriter.open(IngestSettings.of(config)) ...
 *   }
 * </pre>
 *
 * <p>There must be a key in the keys' folder before it starts ({@code new
 * KeyFolder(keys).create("trainer")}) unless unsigned decisions are allowed. What labels do comes
 * to the listener as {@link TrainerStatus} at each change and as {@link RoundOutcome} with the
 * gate's report; adapters come into force through the ledger that the service follows.
 *
 * <p>An empty store is filled with what the configured adapter knows: the clips of {@code
 * lookaside.trainer.seeds}, or the sounds that come with the program for the bundled model. A refit
 * without them would forget the classes that nobody has corrected.
 */
public final class TrainerService implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainerService.class);

  /** So that a process whose clock is over has ended before this gives up. */
  private static final Duration STOP_SLACK = Duration.ofSeconds(1);

  /** Of every class, each so many-th seed is held out. */
  private static final int HELD_OUT_EVERY = 4;

  private final ActorSystem<Trainer.Command> system;
  private final Model model;
  private final TrainerSettings settings;
  private final AtomicReference<@Nullable TrainerStatus> status;
  private final StopClock clock;
  private boolean closed;

  private TrainerService(
      ActorSystem<Trainer.Command> system,
      Model model,
      TrainerSettings settings,
      AtomicReference<@Nullable TrainerStatus> status,
      StopClock clock) {
    this.clock = clock;
    this.system = system;
    this.model = model;
    this.settings = settings;
    this.status = status;
  }

  /**
   * Starts it; Kafka need not be there yet. Where {@code lookaside.trainer.shadow.share} is above
   * 0, candidates are tried on what {@code audio.chunks} retains, with the model of the
   * configuration.
   *
   * @param config with every reference.conf beneath, resolved
   * @param metrics get what is counted; stay the caller's
   * @throws RuntimeException of the module whose key, file or port is wrong, naming it
   */
  public static TrainerService start(Config config, Metrics metrics, Trainer.Listener listener) {
    return start(config, metrics, listener, StopClock.of(config));
  }

  /**
   * As above.
   *
   * @param clock what {@link #close} may take, with all else that is stopped by it
   */
  public static TrainerService start(
      Config config, Metrics metrics, Trainer.Listener listener, StopClock clock) {
    Settings all = Settings.of(config);
    ShadowRun shadow = new ConfiguredShadow(all);
    return start(config, all, UnaryOperator.identity(), metrics, shadow, listener, clock);
  }

  /**
   * As above, with a shadow run of the caller's.
   *
   * @param config with every reference.conf beneath, resolved
   * @param metrics get what is counted; stay the caller's
   * @param shadow tries candidates on live audio; null: {@code lookaside.trainer.shadow} is passed
   *     over, and the reports say so
   * @throws RuntimeException of the module whose key, file or port is wrong, naming it
   */
  public static TrainerService start(
      Config config, Metrics metrics, @Nullable ShadowRun shadow, Trainer.Listener listener) {
    Settings all = Settings.of(config);
    StopClock clock = StopClock.of(config);
    return start(config, all, UnaryOperator.identity(), metrics, shadow, listener, clock);
  }

  /**
   * As above.
   *
   * @param all of {@code config}
   * @param trainers what becomes of the trainer's own settings
   */
  static TrainerService start(
      Config config,
      Settings all,
      UnaryOperator<TrainerSettings> trainers,
      Metrics metrics,
      @Nullable ShadowRun shadow,
      Trainer.Listener listener,
      StopClock clock) {
    Model model = Model.load(all);
    try {
      Adapter configured = model.adapter();
      TrainerSettings settings = trainers.apply(TrainerSettings.of(config, configured.frontEnd()));
      TrainerSetup setup =
          new TrainerSetup(
              settings,
              all.ingest(),
              all.registry(),
              all.registry().signing(settings.key(), "lookaside.trainer.key"),
              model.backbone(),
              configured,
              model.detector().spec(),
              all.detect(),
              all.classifier().scorer(),
              all.deploy().channel(),
              all.featurizer()::silenceBelowDbfs,
              shadow,
              store -> seed(store, configured, settings.seeds(), model.isBundled()));
      AtomicReference<@Nullable TrainerStatus> status = new AtomicReference<>();
      Trainer.Listener fanned = new Fanned(metrics, status, settings.scope().toString(), listener);
      return new TrainerService(
          ActorSystem.create(
              setup.behavior(fanned),
              "lookaside-trainer",
              config,
              DispatcherSelector.fromConfig(Trainer.DISPATCHER)),
          model,
          settings,
          status,
          clock);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Puts in what the adapter was fitted on, once. */
  private static void seed(
      ExampleStore store, Adapter configured, @Nullable Path folder, boolean bundled) {
    if (store.stats().byOrigin().getOrDefault(Origin.SEED, 0) > 0) {
      return;
    }
    Map<String, Integer> counts = new HashMap<>();
    if (folder != null) {
      ClipFolder listed = ClipFolder.list(folder, configured.labels());
      for (Clip clip : listed.clips()) {
        String label = listed.labels().get(clip.label());
        store.putSeed(seed(label, clip.name(), clip.reader().get(), counts));
      }
    } else if (bundled) {
      for (BundledClips.Named named : BundledClips.named()) {
        String label = named.clip().label();
        store.putSeed(seed(label, named.path(), named.clip().pcm(), counts));
      }
    }
    LOG.info("Put {} sounds of the configured adapter's classes into {}", counts, store.folder());
  }

  private static Seed seed(String label, String name, Pcm audio, Map<String, Integer> counts) {
    int number = counts.merge(label, 1, Integer::sum);
    Split split = number % HELD_OUT_EVERY == 0 ? Split.HELD_OUT : Split.TRAIN;
    return new Seed(
        Optional.of(label), name, audio, 0, audio.seconds(), Optional.of(split), "seed");
  }

  private record Fanned(
      Metrics metrics,
      AtomicReference<@Nullable TrainerStatus> last,
      String scope,
      Trainer.Listener listener)
      implements Trainer.Listener {
    @Override
    public void status(TrainerStatus now) {
      last.set(now);
      metrics.trainer(now);
      listener.status(now);
    }

    @Override
    public void finished(RoundOutcome outcome) {
      metrics.round(scope, outcome);
      listener.finished(outcome);
    }
  }

  /** What runs here, for people, one line each. */
  public List<String> description() {
    return List.of(
        "scope     " + settings.scope(),
        "store     " + settings.folder(),
        "backbone  " + model.backbone().digest() + "  " + model.backboneName(),
        "adapter   " + model.adapter().digest() + "  " + model.adapterName(),
        "refits    after %d new labels, or one in %d minutes"
            .formatted(settings.loop().labels(), settings.loop().interval().toMinutes()));
  }

  /** Its status; null before the first one. */
  public @Nullable TrainerStatus status() {
    return status.get();
  }

  /**
   * Waits for it to end by itself.
   *
   * @return true if it did, false if it still runs after {@code wait}
   */
  public boolean awaitEnd(Duration wait) throws InterruptedException {
    try {
      system.getWhenTerminated().toCompletableFuture().get(wait.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      LOG.warn("The trainer did not end cleanly", e);
      return true;
    }
  }

  /** Stops in order: a fit under way keeps its checkpoint, the scope is left to another trainer. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    system.tell(Trainer.Stop.INSTANCE);
    try {
      if (!awaitEnd(clock.start().plus(STOP_SLACK))) {
        LOG.warn("The trainer did not stop within {} s; terminating", clock.limit().toSeconds());
        system.terminate();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      system.terminate();
    }
    model.close();
  }
}
