package dev.lookaside.deploy.demo;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.page.PageEvents;
import dev.lookaside.deploy.service.DetectionFollower;
import dev.lookaside.deploy.service.Metrics;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.service.TrainerService;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.send.AudioSource;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.ingest.send.SendClock;
import dev.lookaside.ingest.send.SendProgress;
import dev.lookaside.ingest.send.SendSettings;
import dev.lookaside.ingest.send.SentStream;
import dev.lookaside.ingest.send.StreamSender;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The demo with the visitor's own sound: files or a microphone go through an embedded Kafka to a
 * service with the live page; a trainer beside it learns from what is corrected there.
 */
public final class OwnSoundRun {
  private static final Logger LOG = LoggerFactory.getLogger(OwnSoundRun.class);
  private static final String GROUP = "lookaside-demo";
  private static final Duration POLL = Duration.ofMillis(40);

  /** From the last sample of a file until its detections are durable: seconds, if all is well. */
  private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(30);

  private final List<AudioSource> sources;
  private final Viewer viewer;
  private final Set<StreamId> finished = ConcurrentHashMap.newKeySet();

  /** Observes the run, all from the thread that runs. */
  public interface Viewer {
    /**
     * All is ready, and sending begins.
     *
     * @param page address of the live page
     * @param servers of the Kafka
     */
    void started(String page, String servers, String group);

    /** A detection is on its topic. */
    void detected(DetectionFollower.Received received);

    /** A source reports something, for example that it cannot be read. From any thread. */
    void noticed(String text);

    /**
     * All sources have ended and all their detections were reported; everything still runs.
     *
     * @throws InterruptedException to stop
     */
    void ended(List<SentStream> sent) throws InterruptedException;
  }

  /**
   * Prepares a run.
   *
   * @param sources one stream each, sent at the pace of their sound
   */
  public OwnSoundRun(List<AudioSource> sources, Viewer viewer) {
    this.sources = List.copyOf(sources);
    this.viewer = viewer;
  }

  /**
   * Runs until every source has ended.
   *
   * @return what was sent of each
   * @throws DeployException if something does not start, ends or stalls
   * @throws InterruptedException if interrupted; everything is closed then, too
   */
  public List<SentStream> run() throws InterruptedException {
    try (TemporaryFolder folder = new TemporaryFolder("lookaside-demo-");
        EmbeddedKafka kafka = EmbeddedKafka.start()) {
      Map<String, Object> settings = new HashMap<>(DemoRun.settings(kafka, GROUP, true));
      settings.putAll(DemoTrainer.settings(folder.path(), true, DemoTrainer.LABELS));
      Config config = Configuration.over(settings);
      IngestSettings ingest = IngestSettings.of(config);
      Topics.ensureTraining(ingest);
      try (Metrics metrics = new Metrics();
          Service service = Service.start(config, this::observed);
          TrainerService trainer =
              TrainerService.start(
                  config, metrics, null, new PageListener(service.pageEvents().orElseThrow()));
          ChunkProducer producer = ChunkProducer.connect(ingest);
          DetectionFollower follower = new DetectionFollower(ingest, true, LOG::debug)) {
        DemoRun.awaitReady(service, follower);
        viewer.started(service.pageAddress().orElseThrow(), kafka.bootstrapServers(), GROUP);
        return send(service, producer, follower);
      } catch (InterruptException e) {
        // Kafka's clients leave the thread interrupted; what is closed next would be cut short.
        Thread.interrupted();
        throw new InterruptedException("demo");
      }
    }
  }

  private void observed(StreamDetector.Event event) {
    if (event instanceof StreamDetector.Finished end) {
      finished.add(end.stream());
    }
  }

  private List<SentStream> send(Service service, ChunkProducer producer, DetectionFollower follower)
      throws InterruptedException {
    SendSettings how =
        new SendSettings(
            DemoRun.CHUNK_MILLIS,
            SendSettings.defaults().encoding(),
            true,
            sources.size(),
            null,
            0);
    StreamSender sender = new StreamSender(producer, how, SendClock.SYSTEM, new Notices());
    CompletableFuture<List<SentStream>> sending =
        CompletableFuture.supplyAsync(() -> sender.sendAll(sources), OwnSoundRun::inOwnThread);
    try {
      while (!sending.isDone()) {
        pass(service, follower);
      }
      List<SentStream> sent = sending.join();
      List<StreamId> expected =
          sent.stream().filter(s -> s.chunks() > 0).map(SentStream::stream).toList();
      Instant deadline = Instant.now().plus(DRAIN_PATIENCE);
      while (!finished.containsAll(expected)) {
        pass(service, follower);
        if (Instant.now().isAfter(deadline)) {
          throw new DeployException(
              "not all detections came within %d s of the end of the sound: %s"
                  .formatted(DRAIN_PATIENCE.toSeconds(), service.health().text()));
        }
      }
      pass(service, follower);
      viewer.ended(sent);
      return sent;
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    } finally {
      sender.stop();
    }
  }

  private static void inOwnThread(Runnable work) {
    Thread thread = new Thread(work, "demo-send");
    thread.setDaemon(true);
    thread.start();
  }

  /** What has come meanwhile. */
  private void pass(Service service, DetectionFollower follower) throws InterruptedException {
    follower.poll(POLL).forEach(viewer::detected);
    String failure = service.awaitFailure(Duration.ZERO).orElse(null);
    if (failure != null) {
      throw new DeployException("the pipeline has ended: " + failure);
    }
    if (Thread.interrupted()) {
      throw new InterruptedException("demo");
    }
  }

  private final class Notices implements SendProgress {
    @Override
    public void sent(StreamId stream, long sentFrames, long lengthFrames, int rateHz) {
      // The page shows it.
    }

    @Override
    public void noticed(StreamId stream, String text) {
      viewer.noticed(text);
    }
  }

  /** Passes a trainer's events on to the page. */
  private record PageListener(PageEvents page) implements Trainer.Listener {
    @Override
    public void status(TrainerStatus status) {
      page.trainer(status.toJson());
    }

    @Override
    public void finished(RoundOutcome outcome) {
      // Its status has it, too.
    }
  }
}
