package dev.lookaside.deploy.demo;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.deploy.DeployException;
import dev.lookaside.deploy.TemporaryFolder;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.EmbeddedKafka;
import dev.lookaside.deploy.service.DetectionFollower;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.deploy.settings.DeploySettings;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.trainer.metric.Event;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
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
  private static final String GROUP = "lookaside-demo";
  private static final Logger LOG = LoggerFactory.getLogger(DemoRun.class);
  static final int CHUNK_MILLIS = 100;
  private static final Duration LEAD = Duration.ofMillis(200);
  private static final Duration POLL = Duration.ofMillis(40);
  private static final Duration START_PATIENCE = Duration.ofSeconds(60);
  private static final Duration STALL_PATIENCE = Duration.ofSeconds(20);

  /** From the end of a sound until the script corrects it: its context has come by then. */
  private static final double REACTION_SECONDS = 1.5;

  /** From one correction to the next, as somebody needs who listens and names. */
  private static final double PACE_SECONDS = 2;

  /** Of sounds with the last adapter, before the streams end. */
  private static final double EPILOGUE_SECONDS = 18;

  /** The same where the story is to be short. */
  private static final double SHORT_EPILOGUE_SECONDS = 6;

  private final DemoOptions options;
  private final PrintWriter out;
  private final Afterwards afterwards;
  private final AtomicReference<@Nullable DemoState> state = new AtomicReference<>();
  private final @Nullable DemoStory story;

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
    this.story =
        options.refit()
            ? new DemoStory(BundledClips.NEW_CLASS, options.page(), options.lastRefit())
            : null;
  }

  /**
   * Runs to the end; about {@code seconds} and some.
   *
   * @throws DeployException if something does not start or stalls
   * @throws InterruptedException if interrupted; everything is closed then, too
   */
  public DemoReport run() throws InterruptedException {
    CompletableFuture<List<StreamPlan>> composing =
        CompletableFuture.supplyAsync(() -> DemoScenes.compose(options));
    try (TemporaryFolder folder = new TemporaryFolder("lookaside-demo-");
        EmbeddedKafka kafka = EmbeddedKafka.start()) {
      List<StreamPlan> plans = join(composing);
      Config config =
          Configuration.over(settings(kafka, folder, missed(plans, 0, DemoScenes.PART_SECONDS)));
      IngestSettings ingest = IngestSettings.of(config);
      try (Service service = Service.start(config, this::observed);
          ChunkProducer producer = ChunkProducer.connect(ingest);
          DetectionFollower follower = new DetectionFollower(ingest, true, LOG::debug);
          @Nullable DemoTrainer trainer = trainer(config, service)) {
        out.printf(
            "Kafka at %s, consumer group %s; listen, send, label and streams work on it meanwhile%n",
            kafka.bootstrapServers(), GROUP);
        out.flush();
        service.pageAddress().ifPresent(this::sayPage);
        DemoReport report = play(plans, service, producer, follower, trainer);
        afterwards.accept(report);
        return report;
      }
    }
  }

  private DemoReport play(
      List<StreamPlan> plans,
      Service service,
      ChunkProducer producer,
      DetectionFollower follower,
      @Nullable DemoTrainer trainer)
      throws InterruptedException {
    try {
      awaitReady(service, follower);
      DemoState now = new DemoState(plans, service.model(), options.fixed(), story);
      state.set(now);
      return watch(plans, now, service, producer, follower, trainer);
    } catch (InterruptException e) {
      // Kafka's clients leave the thread interrupted; what is closed next would be cut short.
      Thread.interrupted();
      throw new InterruptedException("demo");
    }
  }

  private Map<String, Object> settings(
      EmbeddedKafka kafka, TemporaryFolder folder, List<Event> corrections) {
    Map<String, Object> settings = settings(kafka, GROUP, options.page());
    if (story != null) {
      int labels =
          options.headOnly() ? DemoTrainer.NEVER : Math.max(1, DemoTrainer.usable(corrections));
      settings.putAll(
          options.page()
              ? DemoTrainer.settings(folder.path(), true, DemoTrainer.LABELS)
              : DemoTrainer.settings(folder.path(), false, labels));
    }
    return settings;
  }

  /** Of a worker on a Kafka in this process. */
  static Map<String, Object> settings(EmbeddedKafka kafka, String group, boolean page) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.ingest.kafka-clients.bootstrap.servers", kafka.bootstrapServers());
    settings.put("lookaside.ingest.source.group", group);
    for (String topic : List.of("audio-chunks", "audio-detections", "audio-dead-letters")) {
      settings.put("lookaside.ingest.topics." + topic + ".partitions", 4);
    }
    settings.put("lookaside.deploy.stop-timeout-seconds", 3);
    if (page) {
      settings.put("lookaside.deploy.page.port", DeploySettings.FREE_PORT);
    }
    return settings;
  }

  /**
   * What the script corrects: each sound of the new class, in the order in which they end.
   *
   * @param after second of the streams; what ended by then was corrected before
   * @param by second by which it has ended
   */
  private static List<Event> missed(List<StreamPlan> plans, double after, double by) {
    return plans.stream()
        .flatMap(plan -> plan.truth().stream())
        .filter(e -> e.label().equals(BundledClips.NEW_CLASS))
        .filter(e -> e.offsetSeconds() > after && e.offsetSeconds() <= by)
        .sorted(Comparator.comparingDouble(Event::offsetSeconds))
        .toList();
  }

  private @Nullable DemoTrainer trainer(Config config, Service service) {
    return story == null ? null : DemoTrainer.start(config, story, service.pageEvents());
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

  static void awaitReady(Service service, DetectionFollower follower) throws InterruptedException {
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
      DetectionFollower follower,
      @Nullable DemoTrainer trainer)
      throws InterruptedException {
    Instant epoch = Instant.now().plus(LEAD);
    long firstChunkMillis =
        epoch.toEpochMilli() - ManagementFactory.getRuntimeMXBean().getStartTime();
    double total = plans.stream().mapToDouble(StreamPlan::seconds).max().orElse(0);
    DemoDisplay display = new DemoDisplay(options, out, title(), total);
    if (story != null) {
      story.begin(epoch);
    }
    try (LiveSender sender = new LiveSender(plans, epoch, CHUNK_MILLIS, producer)) {
      Script script = new Script(plans, epoch, now, sender, display);
      while (!sender.done() || !now.complete()) {
        for (DetectionFollower.Received received : follower.poll(POLL)) {
          display.event(now.read(received.detection(), Instant.now()));
        }
        double second = Duration.between(epoch, Instant.now()).toMillis() / 1000.0;
        if (story != null && trainer != null) {
          script.play(story, trainer, second);
        }
        display.refresh(now, second);
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
    return DemoReports.of(
        options, now.plans(), now.findings(), story, epoch, firstChunkMillis, service);
  }

  /** What is done while the streams run, and when. */
  private final class Script {
    private final List<StreamPlan> plans;
    private final Instant epoch;
    private final DemoState state;
    private final LiveSender sender;
    private final DemoDisplay display;
    private final Deque<Event> first;
    private double nextCorrection;
    private double corrected = DemoScenes.PART_SECONDS;
    private int usable = Integer.MAX_VALUE;
    private boolean asked = !options.headOnly();
    private boolean ending = options.fixed();

    Script(
        List<StreamPlan> plans,
        Instant epoch,
        DemoState state,
        LiveSender sender,
        DemoDisplay display) {
      this.plans = plans;
      this.epoch = epoch;
      this.state = state;
      this.sender = sender;
      this.display = display;
      this.first =
          options.page()
              ? new ArrayDeque<>()
              : new ArrayDeque<>(missed(plans, 0, DemoScenes.PART_SECONDS));
    }

    private void correct(DemoStory story, DemoTrainer trainer, List<Event> sounds) {
      if (!sounds.isEmpty()) {
        Instant now = Instant.now();
        usable = trainer.correct(sounds, epoch, now);
        asked = !options.headOnly();
        story.corrected(sounds, now);
      }
    }

    void play(DemoStory story, DemoTrainer trainer, double second) {
      double processed = second - REACTION_SECONDS;
      Event next = first.peek();
      if (next != null) {
        if (next.offsetSeconds() <= processed && second >= nextCorrection && !sender.done()) {
          nextCorrection = second + PACE_SECONDS;
          correct(story, trainer, List.of(first.remove()));
        }
      } else if (story.wantsLabels() && !sender.done() && !options.page()) {
        // A few corrections do not always decide; a person makes more.
        List<Event> since = missed(plans, corrected, processed);
        if (!since.isEmpty()) {
          corrected = processed;
          correct(story, trainer, since);
        }
      }
      if (!asked && first.isEmpty() && story.waiting() >= usable) {
        asked = true;
        trainer.askForHead();
      }
      if (!ending && story.over() && !story.wantsLabels()) {
        ending = true;
        // Sounds lie within parts: a stream that ends with one tears none apart.
        double epilogue = options.headOnly() ? SHORT_EPILOGUE_SECONDS : EPILOGUE_SECONDS;
        double end =
            Math.ceil((second + epilogue) / DemoScenes.PART_SECONDS) * DemoScenes.PART_SECONDS;
        sender.endAt(end);
        state.endAt(end);
        display.endAt(end);
      }
      display.story(story.drain());
    }
  }

  private static boolean stalled(LiveSender sender, DemoState now) {
    return sender.done()
        && Duration.between(now.lastProgress(), Instant.now()).compareTo(STALL_PATIENCE) > 0;
  }

  private String title() {
    return "Lookaside demo: %d streams%s, live over an embedded Kafka (seed %d)"
        .formatted(
            options.streams(),
            options.fixed() ? " of " + options.seconds() + " s" : "",
            options.seed());
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
