package dev.lookaside.deploy.service;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.registry.Cutover;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.classifier.registry.Scope;
import dev.lookaside.deploy.replay.ConfiguredShadow;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.SampleEncoder;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.LabelledClip;
import dev.lookaside.ingest.send.LabelledEvent;
import dev.lookaside.ingest.send.Scene;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import dev.lookaside.trainer.collect.RefitSettings;
import dev.lookaside.trainer.drift.DriftSettings;
import dev.lookaside.trainer.label.Label;
import dev.lookaside.trainer.label.LabelWriter;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import dev.lookaside.trainer.publish.RefitTopic;
import dev.lookaside.trainer.session.TrainerSettings;
import dev.lookaside.trainer.watch.BackgroundSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.common.GroupState;
import org.awaitility.Awaitility;

/** An {@link AdapterRig} with trainers, streams made of clips and labels about them. */
public final class TrainerRig implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(480);
  private static final int RATE_HZ = 16_000;
  private static final int CHUNK_SAMPLES = 8_000;

  final AdapterRig adapters;
  final EndToEndRig rig;
  final ConcurrentLinkedQueue<RoundOutcome> outcomes = new ConcurrentLinkedQueue<>();
  final ConcurrentLinkedQueue<String> phases = new ConcurrentLinkedQueue<>();
  final Metrics metrics = new Metrics();
  private final LabelWriter labels;

  TrainerRig(String bootstrapServers, String name, Path folder, Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.ingest.topics.audio-labels.name", name + ".audio.labels");
    settings.put("lookaside.classifier.registry.lead-seconds", 1);
    settings.put("lookaside.classifier.registry.alive-interval-seconds", 1);
    settings.put("lookaside.trainer.store-folder", folder.resolve("store").toString());
    settings.put("lookaside.trainer.session-timeout-millis", 6_000);
    settings.putAll(more);
    adapters = new AdapterRig(bootstrapServers, name, folder, settings);
    rig = adapters.rig;
    Topics.ensureTraining(rig.ingest);
    labels = LabelWriter.open(rig.ingest);
  }

  TrainerService startTrainer() {
    return startTrainer(phases);
  }

  TrainerService startTrainer(ConcurrentLinkedQueue<String> itsPhases) {
    return startTrainer(listener(itsPhases), UnaryOperator.identity());
  }

  /** With other settings of its own than the configuration's. */
  TrainerService startTrainer(
      Trainer.Listener listener, UnaryOperator<TrainerSettings> itsSettings) {
    Settings all = Settings.of(rig.config);
    return TrainerService.start(
        rig.config,
        all,
        itsSettings,
        metrics,
        new ConfiguredShadow(all, Duration.ofSeconds(2)),
        listener,
        StopClock.of(rig.config));
  }

  /** With so many seconds of the streams' background at most that false alarms are counted on. */
  static RefitSettings withBackground(RefitSettings s, double seconds) {
    return new RefitSettings(
        s.full(),
        s.headScenes(),
        s.headPull(),
        s.batchSize(),
        s.hopFrames(),
        s.scenes(),
        s.speeds(),
        s.freshPerClass(),
        s.replayPerClass(),
        s.quietSeconds(),
        seconds,
        s.seed());
  }

  /** The same with other settings of drift and background. */
  static TrainerSettings with(
      TrainerSettings s, DriftSettings drift, BackgroundSettings background) {
    return with(s, s.refit(), drift, background);
  }

  static TrainerSettings with(
      TrainerSettings s, RefitSettings refit, DriftSettings drift, BackgroundSettings background) {
    return new TrainerSettings(
        s.scope(),
        s.folder(),
        s.seeds(),
        s.key(),
        s.author(),
        s.session(),
        Duration.ofMillis(20),
        s.deadline(),
        s.store(),
        s.loop(),
        refit,
        s.gate(),
        drift,
        background);
  }

  Trainer.Listener listener(ConcurrentLinkedQueue<String> itsPhases) {
    return new Trainer.Listener() {
      @Override
      public void status(TrainerStatus status) {
        itsPhases.add(status.phase());
      }

      @Override
      public void finished(RoundOutcome outcome) {
        outcomes.add(outcome);
      }
    };
  }

  /** Clips over quiet pink noise; the same for the same seed. */
  static Scene scene(List<LabelledClip> clips, double seconds, long seed) {
    return new SceneComposer(
            SceneSettings.ofSeconds(seconds), clips, BackgroundNoise.pink(seed, RATE_HZ, 5))
        .compose(seed);
  }

  /** Sends a scene as a stream whose first sample was captured at {@code epoch}. */
  void send(String stream, Scene scene, Instant epoch) {
    send(stream, scene.audio(), epoch, 0, scene.audio().lengthSamples());
  }

  /**
   * Sends a part of a stream that is heard from its first sample on; chunks begin where it does.
   */
  void send(String stream, Pcm audio, Instant epoch, int fromSample, int untilSample) {
    float[] samples = audio.samples();
    AudioFormat format = new AudioFormat(AudioFormat.Encoding.L16, RATE_HZ, 1);
    byte[] bytes = SampleEncoder.encode(format.encoding(), samples, samples.length);
    int width = format.encoding().bytesPerSample();
    for (int from = fromSample; from < untilSample; from += CHUNK_SAMPLES) {
      int until = Math.min(untilSample, from + CHUNK_SAMPLES);
      rig.send(
          new AudioChunk(
              new StreamId(stream),
              AudioChunk.NOT_GIVEN,
              AudioChunk.NOT_GIVEN,
              from / CHUNK_SAMPLES,
              from,
              AudioChunk.timeOf(epoch, from, RATE_HZ),
              format,
              Arrays.copyOfRange(bytes, from * width, until * width),
              until == samples.length));
    }
  }

  /** Says of a stretch of a stream what sounds there. */
  void label(String stream, String label, LabelledEvent event, Instant epoch) {
    labels.write(
        Label.add(
            new StreamId(stream),
            label,
            epoch.plusNanos((long) (event.onsetSeconds() * 1e9)),
            epoch.plusNanos((long) (event.offsetSeconds() * 1e9)),
            "ann",
            Instant.now(),
            Optional.empty()));
  }

  /** Says that what was detected is not there. */
  void reject(Detection detection) {
    labels.write(Label.reject(detection, "ann", Instant.now(), Optional.empty()));
  }

  /** Asks for a refit. */
  void ask(boolean headOnly) {
    ask(headOnly, Scope.ALL);
  }

  void ask(boolean headOnly, Scope scope) {
    try (RefitTopic topic = RefitTopic.open(rig.ingest, scope)) {
      topic.ask(headOnly, "ann");
    }
  }

  /** Waits until so many trainers of all streams have joined their group. */
  void awaitTrainers(int count) {
    String group = "lookaside-trainer.*";
    try (Admin admin = Admin.create(new HashMap<>(rig.ingest.kafkaClients()))) {
      Awaitility.await(count + " trainers in the group")
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(5))
          .until(
              () -> {
                ConsumerGroupDescription now =
                    admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
                return now.groupState() == GroupState.STABLE && now.members().size() == count;
              });
    }
  }

  /**
   * Reads until so many different events have ended that are wanted; the first ones of them, as
   * they came.
   */
  List<Detection> awaitEnded(String what, int count, Predicate<Detection> wanted) {
    Map<String, Detection> found = new LinkedHashMap<>();
    Awaitility.await(what)
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(
            () -> {
              rig.read();
              rig.detections.stream()
                  .filter(d -> d.kind() == Detection.Kind.ENDED && wanted.test(d))
                  .forEach(d -> found.put(d.id(), d));
              return found.size() >= count;
            });
    return List.copyOf(found.values()).subList(0, count);
  }

  /** All that takes effect, oldest first; without the records that only ask to prepare. */
  List<Cutover> decided() {
    try (RegistryView view = adapters.view()) {
      return view.entries().stream()
          .map(RegistryView.Entry::cutover)
          .filter(Cutover::takesEffect)
          .collect(Collectors.toCollection(ArrayList::new));
    }
  }

  /** Phases in the order in which the trainer went through them. */
  List<String> changes() {
    List<String> changes = new ArrayList<>();
    for (String phase : phases) {
      if (changes.isEmpty() || !changes.get(changes.size() - 1).equals(phase)) {
        changes.add(phase);
      }
    }
    return changes;
  }

  List<RoundOutcome> awaitOutcomes(int count) {
    Awaitility.await("outcomes of rounds")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> outcomes.size() >= count);
    return new ArrayList<>(outcomes);
  }

  /** The decision that holds for all streams once everything decided has come into force. */
  Optional<Cutover> inForce() {
    try (RegistryView view = adapters.view()) {
      return view.ledger().inForce(Scope.ALL, Instant.now().plus(Duration.ofDays(1)), c -> true);
    }
  }

  /** A siren: a tone that rises and falls, other pitch and length for each number. */
  static LabelledClip siren(int number) {
    double seconds = .6 + .1 * (number % 5);
    float[] samples = new float[(int) (seconds * RATE_HZ)];
    double phase = 0;
    for (int i = 0; i < samples.length; i++) {
      double t = (double) i / RATE_HZ;
      double hz = 900 + 40 * number + 350 * Math.sin(2 * Math.PI * 4 * t);
      phase += 2 * Math.PI * hz / RATE_HZ;
      samples[i] = (float) (.3 * Math.sin(phase) + .1 * Math.sin(3 * phase));
    }
    return new LabelledClip("siren", new Pcm(RATE_HZ, samples));
  }

  static List<LabelledClip> sirens(int from, int until) {
    List<LabelledClip> clips = new ArrayList<>();
    for (int i = from; i < until; i++) {
      clips.add(siren(i));
    }
    return clips;
  }

  @Override
  public void close() {
    labels.close();
    metrics.close();
    adapters.close();
  }
}
