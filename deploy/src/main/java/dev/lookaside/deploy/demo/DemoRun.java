package dev.lookaside.deploy.demo;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.Configuration;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.DeploySettings;
import dev.lookaside.deploy.DetectionFollower;
import dev.lookaside.deploy.EmbeddedKafka;
import dev.lookaside.deploy.Service;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.send.ChunkProducer;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run of the demo, from nothing to the report. */
public final class DemoRun {
  private static final Logger LOG = LoggerFactory.getLogger(DemoRun.class);
  private static final int CHUNK_MILLIS = 100;
  private static final Duration LEAD = Duration.ofMillis(200);
  private static final Duration POLL = Duration.ofMillis(40);
  private static final Duration START_PATIENCE = Duration.ofSeconds(60);
  private static final Duration STALL_PATIENCE = Duration.ofSeconds(20);

  private final DemoOptions options;
  private final PrintWriter out;
  private final Afterwards afterwards;
  private final AtomicReference<@Nullable DemoState> state = new AtomicReference<>();

  /** What is done with the report while everything still runs. */
  public interface Afterwards {
    /**
     * @throws InterruptedException to stop
     */
    void accept(DemoReport report) throws InterruptedException;
  }

  /**
   * Prepares a run.
   *
   * @param out gets the live view and the page's address
   * @param afterwards called once, before anything is closed
   */
  public DemoRun(DemoOptions options, PrintWriter out, Afterwards afterwards) {
    this.options = options;
    this.out = out;
    this.afterwards = afterwards;
  }

  /**
   * Runs to the end; about {@code seconds} and some.
   *
   * @throws DeployException if something does not start or stands still
   * @throws InterruptedException if interrupted; everything is closed then, too
   */
  public DemoReport run() throws InterruptedException {
    CompletableFuture<List<StreamPlan>> composing =
        CompletableFuture.supplyAsync(() -> DemoScenes.compose(options));
    try (EmbeddedKafka kafka = EmbeddedKafka.start()) {
      Config config = Configuration.over(settings(kafka));
      IngestSettings ingest = IngestSettings.of(config);
      try (Service service = Service.start(config, this::observed);
          ChunkProducer producer = ChunkProducer.connect(ingest);
          DetectionFollower follower =
              new DetectionFollower(
                  ingest.kafkaClients(), ingest.topics().detections().name(), true, LOG::debug)) {
        service.pageAddress().ifPresent(this::sayPage);
        DemoReport report = play(composing, service, producer, follower);
        afterwards.accept(report);
        return report;
      }
    }
  }

  private DemoReport play(
      CompletableFuture<List<StreamPlan>> composing,
      Service service,
      ChunkProducer producer,
      DetectionFollower follower)
      throws InterruptedException {
    try {
      List<StreamPlan> plans = join(composing);
      awaitReady(service, follower);
      DemoState now = new DemoState(plans, service.model());
      state.set(now);
      return watch(plans, now, service, producer, follower);
    } catch (InterruptException e) {
      // Kafka's clients leave the thread interrupted; what is closed next would be cut short.
      Thread.interrupted();
      throw new InterruptedException("demo");
    }
  }

  private Map<String, Object> settings(EmbeddedKafka kafka) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers());
    settings.put("lookaside.ingest.source.group", "lookaside-demo");
    for (String topic : List.of("audio-chunks", "audio-detections", "audio-dead-letters")) {
      settings.put("lookaside.ingest.topics." + topic + ".partitions", 4);
    }
    settings.put("lookaside.deploy.stop-timeout-seconds", 3);
    if (options.page()) {
      settings.put("lookaside.deploy.page.port", DeploySettings.FREE_PORT);
    }
    return settings;
  }

  private void sayPage(String address) {
    out.println("  page         " + address);
    out.flush();
  }

  private void observed(StreamDetector.Event event) {
    DemoState now = state.get();
    if (now != null) {
      now.observed(event, Instant.now());
    }
  }

  private static void awaitReady(Service service, DetectionFollower follower)
      throws InterruptedException {
    Instant deadline = Instant.now().plus(START_PATIENCE);
    while (!service.health().healthy() || !follower.ready()) {
      follower.poll(POLL);
      String failure = service.awaitFailure(POLL).orElse(null);
      if (failure != null) {
        throw new DeployException("the pipeline did not start: " + failure);
      }
      if (Instant.now().isAfter(deadline)) {
        throw new DeployException(
            "the pipeline did not start within %d s: %s"
                .formatted(START_PATIENCE.toSeconds(), service.health().text()));
      }
    }
  }

  private DemoReport watch(
      List<StreamPlan> plans,
      DemoState now,
      Service service,
      ChunkProducer producer,
      DetectionFollower follower)
      throws InterruptedException {
    Instant epoch = Instant.now().plus(LEAD);
    long firstChunkMillis =
        epoch.toEpochMilli() - ManagementFactory.getRuntimeMXBean().getStartTime();
    double total = plans.stream().mapToDouble(StreamPlan::seconds).max().orElse(0);
    DemoDisplay display = new DemoDisplay(options, out, title(), total);
    try (LiveSender sender = new LiveSender(plans, epoch, CHUNK_MILLIS, producer)) {
      while (!sender.done() || !now.complete()) {
        for (DetectionFollower.Heard heard : follower.poll(POLL)) {
          display.event(now.read(heard.detection(), Instant.now()));
        }
        display.refresh(now, Duration.between(epoch, Instant.now()).toMillis() / 1000.0);
        if (Thread.interrupted()) {
          throw new InterruptedException("demo");
        }
        if (stalled(sender, now)) {
          break;
        }
      }
      display.last(now, total);
    } finally {
      display.end();
    }
    return DemoReports.of(options, plans, now.findings(), epoch, firstChunkMillis, service);
  }

  private static boolean stalled(LiveSender sender, DemoState now) {
    return sender.done()
        && Duration.between(now.lastProgress(), Instant.now()).compareTo(STALL_PATIENCE) > 0;
  }

  private String title() {
    return "Lookaside demo: %d streams of %d s, live over an embedded Kafka (seed %d)"
        .formatted(options.streams(), options.seconds(), options.seed());
  }

  private static List<StreamPlan> join(CompletableFuture<List<StreamPlan>> composing) {
    try {
      return composing.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }
}
