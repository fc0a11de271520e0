package dev.lookaside.deploy.demo;

import com.typesafe.config.Config;
import dev.lookaside.classifier.registry.KeyFolder;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.page.PageEvents;
import dev.lookaside.deploy.service.Metrics;
import dev.lookaside.deploy.service.TrainerService;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.kafka.ResourceCloser;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelWriter;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import dev.lookaside.trainer.metric.Event;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.store.LabelStandings;
import dev.lookaside.trainer.store.Standing;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The demo's trainer and its person: a real {@link TrainerService} with a key and a store of its
 * own in a temporary folder, and a writer of corrections. One thread.
 */
final class DemoTrainer implements AutoCloseable {
  private static final String AUTHOR = "demo";

  /** Fewer corrections of a person begin no refit. */
  static final int LABELS = 5;

  /** None begins by itself: both refits would follow. */
  static final int NEVER = 1_000_000;

  private final LabelWriter labels;
  private final RefitTopic requests;
  private final ResourceCloser all;
  private final List<Label> written = new ArrayList<>();

  private DemoTrainer(LabelWriter labels, RefitTopic requests, ResourceCloser all) {
    this.labels = labels;
    this.requests = requests;
    this.all = all;
  }

  /**
   * Keys of the configuration, for the service as well: both must trust the demo's key.
   *
   * @param folder of key and store, gets the key
   * @param person whether a person corrects, who does not do it all at once
   * @param labels that begin a refit
   */
  static Map<String, Object> settings(Path folder, boolean person, int labels) {
    Path keys = folder.resolve("keys");
    new KeyFolder(keys).create(AUTHOR);
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.classifier.security.adapters.keys-folder", keys.toString());
    // One worker in the same process needs no more to follow a decision: windows end 1.3 s after
    // they have begun.
    settings.put("lookaside.classifier.registry.lead-seconds", 0.6);
    settings.put("lookaside.classifier.registry.alive-interval-seconds", 1);
    settings.put("lookaside.trainer.store-folder", folder.resolve("store").toString());
    settings.put("lookaside.trainer.session-timeout-millis", 6_000);
    settings.put("lookaside.trainer.triggers.quiet-millis", person ? 3_000 : 300);
    settings.put("lookaside.trainer.triggers.labels", labels);
    // A few corrections show little of pitch and length.
    settings.put("lookaside.trainer.scenes.speeds", List.of(0.9, 1.0, 1.12));
    // A stream is one recording: a draw could hold out all of them or none. With no draw, the round
    // holds one of the four back by itself.
    settings.put("lookaside.trainer.store.held-out-share", 0);
    // A window's length: what is further away is no input of the model.
    settings.put("lookaside.trainer.store.context-millis", 1_300);
    return settings;
  }

  /**
   * Starts it.
   *
   * @param page gets the trainer's events, too
   */
  static DemoTrainer start(Config config, DemoStory story, Optional<PageEvents> page) {
    IngestSettings ingest = IngestSettings.of(config);
    Topics.ensureTraining(ingest);
    try (ResourceCloser opened = new ResourceCloser()) {
      Metrics metrics = opened.add(new Metrics());
      opened.add(TrainerService.start(config, metrics, null, new DemoListener(story, page)));
      LabelWriter labels = opened.add(LabelWriter.open(ingest));
      RefitTopic requests = opened.add(RefitTopic.open(ingest, Scope.ALL));
      return new DemoTrainer(labels, requests, opened.keep());
    }
  }

  /**
   * Labels the events as missed.
   *
   * @return how many labels there are to fit to by now: of two that agree, one
   */
  int correct(List<Event> missed, Instant epoch, Instant now) {
    List<Label> fresh = missed.stream().map(e -> label(e, epoch, now)).toList();
    fresh.forEach(labels::write);
    written.addAll(fresh);
    return usable(written);
  }

  /** How many labels there are to fit to once all of these are corrected. */
  static int usable(Collection<Event> missed) {
    return usable(missed.stream().map(e -> label(e, Instant.EPOCH, Instant.EPOCH)).toList());
  }

  private static int usable(List<Label> labels) {
    return (int)
        LabelStandings.of(labels).values().stream()
            .filter(s -> s.standing() == Standing.USABLE)
            .count();
  }

  private static Label label(Event missed, Instant epoch, Instant now) {
    return Label.add(
        new StreamId(missed.stream()),
        missed.label(),
        epoch.plusNanos((long) (missed.onsetSeconds() * 1e9)),
        epoch.plusNanos((long) (missed.offsetSeconds() * 1e9)),
        AUTHOR,
        now,
        Optional.empty());
  }

  /** Asks for a refit of the head alone. */
  void askForHead() {
    requests.ask(true, AUTHOR);
  }

  @Override
  public void close() {
    all.close();
  }

  /** Passes on a trainer's events: to the demo's story and to the page beside it. */
  record DemoListener(DemoStory story, Optional<PageEvents> page) implements Trainer.Listener {
    @Override
    public void status(TrainerStatus status) {
      story.status(status, Instant.now());
      page.ifPresent(p -> p.trainer(status.toJson()));
    }

    @Override
    public void finished(RoundOutcome outcome) {
      story.finished(outcome, Instant.now());
    }
  }
}
