package dev.lookaside.deploy.service;

import akka.actor.typed.ActorSystem;
import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.registry.TrustedKeys;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.page.Page;
import dev.lookaside.deploy.page.PageEvents;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.deploy.settings.DeploySettings;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.trainer.session.TrainerSettings;
import dev.lookaside.trainer.store.ExampleStore;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole service in this JVM: {@code lookaside run}, the demo and the end-to-end tests start
 * this very class.
 *
 * <p>Model files and settings are checked before {@link #start} returns; Kafka need not be there
 * yet.
 */
public final class Service implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Service.class);

  /** So that a process whose clock is over has ended before this gives up. */
  private static final Duration STOP_SLACK = Duration.ofSeconds(1);

  private static final Duration KILL_PATIENCE = Duration.ofSeconds(15);

  private final ActorSystem<Guardian.Command> system;
  private final Model model;
  private final Parts parts;
  private final @Nullable MetricsServer metricsServer;
  private final @Nullable Page page;
  private final AtomicReference<@Nullable String> failure;
  private final StopClock clock;
  private boolean closed;

  private Service(
      ActorSystem<Guardian.Command> system,
      Model model,
      Parts parts,
      @Nullable MetricsServer metricsServer,
      @Nullable Page page,
      AtomicReference<@Nullable String> failure,
      StopClock clock) {
    this.clock = clock;
    this.system = system;
    this.model = model;
    this.parts = parts;
    this.metricsServer = metricsServer;
    this.page = page;
    this.failure = failure;
  }

  /**
   * Starts everything.
   *
   * @param config with every reference.conf beneath, resolved
   * @param observer sees the streams' events, on one thread at a time; must not block
   * @throws RuntimeException of the module whose key, file or port is wrong, naming it
   */
  public static Service start(Config config, Consumer<StreamDetector.Event> observer) {
    return start(config, observer, StopClock.of(config));
  }

  /**
   * As above.
   *
   * @param clock what {@link #close} may take, with all else that is stopped by it
   */
  public static Service start(
      Config config, Consumer<StreamDetector.Event> observer, StopClock clock) {
    return start(config, Settings.of(config), observer, clock);
  }

  /**
   * As above.
   *
   * @param config of the actors
   */
  static Service start(
      Config config, Settings settings, Consumer<StreamDetector.Event> observer, StopClock clock) {
    TrustedKeys trusted = settings.registry().trusted();
    Model model = Model.load(settings);
    Metrics metrics = new Metrics();
    @Nullable MetricsServer server = null;
    @Nullable Page page = null;
    try {
      Status status = new Status();
      DeploySettings deploy = settings.deploy();
      if (deploy.metricsPort() > 0) {
        server =
            MetricsServer.start(
                deploy.metricsHost(),
                deploy.metricsPort(),
                AllowedHosts.of(deploy.metricsHost(), deploy.hostNames()),
                metrics,
                status::health);
      }
      page = deploy.pagePort() == 0 ? null : page(config, settings, status);
      Parts parts =
          new Parts(
              settings,
              model.backbone(),
              model.adapter(),
              model.detector(),
              trusted,
              new AudioDecoder(deploy.channel(), settings.ingest().maxPayloadBytes()),
              metrics,
              status,
              page == null ? observer : page.andThen(observer));
      AtomicReference<@Nullable String> failure = new AtomicReference<>();
      ActorSystem<Guardian.Command> system =
          ActorSystem.create(Guardian.create(parts, failure::set), "lookaside", config);
      return new Service(system, model, parts, server, page, failure, clock);
    } catch (RuntimeException e) {
      if (server != null) {
        server.close();
      }
      if (page != null) {
        page.close();
      }
      metrics.close();
      model.close();
      throw e;
    }
  }

  private static Page page(Config config, Settings settings, Status status) {
    DeploySettings deploy = settings.deploy();
    Page page =
        Page.start(
            deploy.pageHost(),
            Math.max(deploy.pagePort(), 0),
            AllowedHosts.of(deploy.pageHost(), deploy.hostNames()),
            settings.ingest(),
            deploy.channel(),
            new NextLabels(settings, () -> store(config)),
            () -> {
              MetricsServer.Health health = status.health();
              return new Page.Surroundings(status.device(), health.healthy(), health.text());
            });
    page.followReceipts(settings.ingest(), settings.registry()::trusted);
    return page;
  }

  /** The trainer's examples, where they are on this machine. */
  private static Optional<ExampleStore> store(Config config) {
    Path folder = TrainerSettings.folder(config);
    return ExampleStore.isIn(folder) ? Optional.of(ExampleStore.open(folder)) : Optional.empty();
  }

  /** Where the live page is, if it is served. */
  public Optional<String> pageAddress() {
    return Optional.ofNullable(page).map(Page::address);
  }

  /** Events for the page of a trainer beside the service, if it is served. */
  public Optional<PageEvents> pageEvents() {
    return Optional.ofNullable(page);
  }

  /** What runs here, for people: model, features and topics, one line each. */
  public List<String> description() {
    Settings s = parts.settings();
    DetectorModel detector = parts.model();
    return List.of(
        "backbone  " + parts.backbone().digest() + "  " + model.backboneName(),
        "adapter   " + parts.adapter().digest() + "  " + model.adapterName(),
        "labels    " + String.join(", ", detector.labels()),
        "windows   %s, %d frames every %d (%.2f s every %.2f s)"
            .formatted(
                detector.spec().frontEnd().id(),
                detector.spec().windowFrames(),
                detector.spec().hopFrames(),
                detector.spec().windowSeconds(),
                detector.spec().hopSeconds()),
        "kafka     %s: %s -> %s, group %s"
            .formatted(
                s.ingest().servers(),
                s.ingest().topics().chunks().name(),
                s.ingest().topics().detections().name(),
                s.ingest().source().group()));
  }

  /** The model in use. */
  public DetectorModel model() {
    return parts.model();
  }

  /** What scores and why it was chosen; empty until it is known. */
  public String device() {
    return parts.status().device();
  }

  /** The answer of {@code /health}. */
  public MetricsServer.Health health() {
    return parts.status().health();
  }

  /** The answer of {@code /metrics}. */
  public String scrape() {
    return parts.metrics().scrape();
  }

  /**
   * Waits for the service to end by itself.
   *
   * @return why it did; empty while it still runs after {@code wait}
   */
  public Optional<String> awaitFailure(Duration wait) throws InterruptedException {
    try {
      system.getWhenTerminated().toCompletableFuture().get(wait.toMillis(), TimeUnit.MILLISECONDS);
      return Optional.of(String.valueOf(failure.get()));
    } catch (TimeoutException e) {
      return Optional.empty();
    } catch (ExecutionException e) {
      return Optional.of(String.valueOf(e.getCause()));
    }
  }

  /** Ends at once, as a crash would: nothing is drained, nothing more is settled. For tests. */
  synchronized void kill() {
    if (!closed) {
      closed = true;
      system.terminate();
      awaitEnd(KILL_PATIENCE);
      release();
    }
  }

  /** Stops in order, waiting for what is under way, and closes the model. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    system.tell(Guardian.Stop.INSTANCE);
    awaitEnd(clock.start().plus(STOP_SLACK));
    release();
  }

  private void awaitEnd(Duration patience) {
    try {
      system
          .getWhenTerminated()
          .toCompletableFuture()
          .get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn("The service did not stop within {} s and is given up", patience.toSeconds());
      system.terminate();
    } catch (ExecutionException e) {
      LOG.warn("The service did not stop cleanly", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      system.terminate();
    }
  }

  private void release() {
    if (metricsServer != null) {
      metricsServer.close();
    }
    if (page != null) {
      page.close();
    }
    parts.metrics().close();
    model.close();
  }
}
