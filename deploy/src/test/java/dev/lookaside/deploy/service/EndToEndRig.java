package dev.lookaside.deploy.service;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import dev.lookaside.classifier.detect.ClipDetections;
import dev.lookaside.classifier.detect.ClipDetector;
import dev.lookaside.classifier.detect.DetectSettings;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.detect.DetectorModel;
import dev.lookaside.classifier.detect.StreamDetector;
import dev.lookaside.classifier.infer.Scorer;
import dev.lookaside.classifier.weights.Adapter;
import dev.lookaside.classifier.weights.Backbone;
import dev.lookaside.deploy.bundled.BundledClips;
import dev.lookaside.deploy.bundled.BundledModel;
import dev.lookaside.deploy.cli.Main;
import dev.lookaside.deploy.demo.StreamPlan.ExpectedWindows;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.deploy.settings.Settings;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.SourceSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.AudioDecoder;
import dev.lookaside.ingest.audio.ChannelPolicy;
import dev.lookaside.ingest.audio.Pcm;
import dev.lookaside.ingest.audio.SampleEncoder;
import dev.lookaside.ingest.send.BackgroundNoise;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.ingest.send.SceneComposer;
import dev.lookaside.ingest.send.SceneSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.awaitility.Awaitility;

/** One test's topics on a shared broker, the streams sent there, and what came back. */
public final class EndToEndRig implements AutoCloseable {
  static final Instant EPOCH = Instant.parse("2026-03-01T12:00:00Z");
  static final Duration PATIENCE = Duration.ofSeconds(120);

  /** One event, by what the topic and the clip detector both say of it. */
  record Found(
      String stream, String label, long onsetSample, long offsetSample, long peakMillionths)
      implements Comparable<Found> {
    @Override
    public int compareTo(Found o) {
      return toString().compareTo(o.toString());
    }
  }

  /** A stream and the sound that its receiver hears. */
  public record Sound(String stream, AudioFormat format, byte[] bytes, Pcm heard) {
    int samples() {
      return heard.samples().length;
    }
  }

  public final Config config;
  final IngestSettings ingest;
  public final ConcurrentLinkedQueue<StreamDetector.Event> observed = new ConcurrentLinkedQueue<>();
  public final List<Detection> detections = new ArrayList<>();
  private final ChunkProducer producer;
  private final DetectionFollower follower;

  EndToEndRig(String bootstrapServers, String name) {
    this(bootstrapServers, name, Map.of());
  }

  /** With more settings, over the rig's own. */
  EndToEndRig(String bootstrapServers, String name, Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("lookaside.ingest.kafka-clients.bootstrap.servers", bootstrapServers);
    settings.put("lookaside.ingest.source.group", name);
    settings.put("lookaside.ingest.broker-timeout-millis", 2_000);
    for (String topic : List.of("audio-chunks", "audio-detections", "audio-dead-letters")) {
      settings.put("lookaside.ingest.topics." + topic + ".name", name + "." + topic);
      settings.put("lookaside.ingest.topics." + topic + ".partitions", 2);
    }
    settings.put("lookaside.ingest.topics.internal.prefix", name + ".lookaside.");
    settings.putAll(more);
    config = Configuration.over(settings);
    ingest = IngestSettings.of(config);
    producer = ChunkProducer.connect(ingest);
    follower = new DetectionFollower(ingest, true, text -> {});
  }

  Service startWorker() {
    return startWorker(event -> {});
  }

  Service startWorker(Consumer<StreamDetector.Event> more) {
    return Service.start(
        config,
        impatient(Settings.of(config)),
        event -> {
          observed.add(event);
          more.accept(event);
        },
        StopClock.of(config));
  }

  /** A worker that reports soon that no broker answers, and that looks for one often. */
  private static Settings impatient(Settings s) {
    IngestSettings ingest = s.ingest();
    SourceSettings source = ingest.source();
    return new Settings(
        new IngestSettings(
            ingest.clients(),
            ingest.chunkSource(),
            ingest.maxPayloadBytes(),
            ingest.defaultFormat(),
            ingest.topics(),
            new SourceSettings(
                source.membership(),
                source.exactlyOnce(),
                source.startsAtEnd(),
                source.creditRecords(),
                source.creditBytes(),
                source.maxBytesUnderWay(),
                source.readAheadBytes(),
                source.commitIntervalMillis(),
                source.pollMillis(),
                Math.max(500, source.unreachableAfterMillis() - 2_000),
                200,
                source.stopTimeoutMillis(),
                source.consumerProperties()),
            ingest.retained()),
        s.featurizer(),
        s.classifier(),
        s.detect(),
        s.sink(),
        s.registry(),
        s.deploy());
  }

  /**
   * A command as a process of its own, with this rig's configuration.
   *
   * @param folder gets its configuration, {@code stdout} and {@code stderr}
   * @param options of its JVM
   */
  Process startProcess(Path folder, List<String> options, String command) throws IOException {
    Path file = folder.resolve(command + ".conf");
    ConfigRenderOptions plain = ConfigRenderOptions.concise();
    Files.writeString(file, config.withOnlyPath("lookaside").root().render(plain));
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(options);
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    line.addAll(List.of(command, "--config", file.toString()));
    return new ProcessBuilder(line)
        .redirectOutput(folder.resolve("stdout").toFile())
        .redirectError(folder.resolve("stderr").toFile())
        .start();
  }

  /** A scene of the bundled sounds, as it is heard after encoding. */
  static Sound sound(String stream, long seed, double seconds, AudioFormat.Encoding encoding) {
    Pcm background = BackgroundNoise.pink(seed, 16_000, 5);
    Pcm scene =
        new SceneComposer(SceneSettings.ofSeconds(seconds), BundledClips.load(), background)
            .compose(seed)
            .audio();
    AudioFormat format = new AudioFormat(encoding, scene.rateHz(), 1);
    byte[] bytes = SampleEncoder.encode(encoding, scene.samples(), scene.samples().length);
    AudioDecoder decoder = new AudioDecoder(ChannelPolicy.MIX, 1 << 26);
    Pcm heard = ((AudioDecoder.Samples) decoder.decode(format, bytes)).pcm();
    return new Sound(stream, format, bytes, heard);
  }

  /** The chunk {@code sequence} of {@code sound}, cut every {@code chunkSamples}. */
  static AudioChunk chunk(Sound sound, int sequence, int chunkSamples) {
    int from = sequence * chunkSamples;
    int until = Math.min(sound.samples(), from + chunkSamples);
    int width = sound.format().encoding().bytesPerSample();
    return new AudioChunk(
        new StreamId(sound.stream()),
        AudioChunk.NOT_GIVEN,
        AudioChunk.NOT_GIVEN,
        sequence,
        from,
        AudioChunk.timeOf(EPOCH, from, sound.format().rateHz()),
        sound.format(),
        Arrays.copyOfRange(sound.bytes(), from * width, until * width),
        until == sound.samples());
  }

  static int chunks(Sound sound, int chunkSamples) {
    return (sound.samples() + chunkSamples - 1) / chunkSamples;
  }

  /** Sends the chunks from..until of all sounds, in the order of their capture. */
  void send(List<Sound> sounds, int chunkSamples, int fromChunk, int untilChunk) {
    for (int k = fromChunk; k < untilChunk; k++) {
      for (Sound sound : sounds) {
        if (k < chunks(sound, chunkSamples)) {
          producer.send(chunk(sound, k, chunkSamples));
        }
      }
    }
    producer.flush();
  }

  void send(AudioChunk chunk) {
    producer.send(chunk);
  }

  /** Returns when the broker has all that was sent. */
  void flush() {
    producer.flush();
  }

  /** What the clip detector finds in the same sound, with a scorer of its own. */
  Set<Found> offline(List<Sound> sounds) {
    Settings settings = Settings.of(config);
    Set<Found> found = new TreeSet<>();
    try (BundledModel bundled = BundledModel.open()) {
      Backbone backbone = Backbone.load(bundled.backbone());
      Adapter adapter = Adapter.load(bundled.adapter());
      DetectSettings detect = settings.detect();
      int hop = settings.featurizer().spec(adapter.frontEnd(), adapter.windowFrames()).hopFrames();
      DetectorModel model = DetectorModel.of(backbone, adapter, hop, detect);
      try (Scorer scorer = Scorer.open(backbone, adapter, settings.classifier().scorer())) {
        ClipDetector detector = new ClipDetector(model, scorer, 8);
        for (Sound sound : sounds) {
          for (ClipDetections.DetectedEvent e : detector.detect(sound.heard()).events()) {
            found.add(
                new Found(
                    sound.stream(),
                    e.label(),
                    Math.round(e.onsetSeconds() * sound.format().rateHz()),
                    Math.round(e.offsetSeconds() * sound.format().rateHz()),
                    Math.round(e.peak() * 1e6)));
          }
        }
      }
    }
    return found;
  }

  /** Ended events read so far, doubles (same id) once. */
  Set<Found> ended() {
    Set<Found> found = new TreeSet<>();
    for (Detection d : detections) {
      if (d.kind() == Detection.Kind.ENDED) {
        found.add(
            new Found(
                d.stream().value(),
                d.eventLabel(),
                d.extent().onsetSample(),
                d.extent().offsetSample(),
                Math.round(d.peak() * 1e6)));
      }
    }
    return found;
  }

  /** Reads until {@code wanted} events have ended. */
  void awaitEnded(Set<Found> wanted) {
    Awaitility.await("ended events")
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(1))
        .untilAsserted(
            () -> {
              read();
              org.assertj.core.api.Assertions.assertThat(ended()).containsAll(wanted);
            });
  }

  /** Reads what is there now. */
  public void read() {
    List<DetectionFollower.Received> received = follower.poll(Duration.ofMillis(100));
    received.forEach(r -> detections.add(r.detection()));
  }

  /** Indices of windows of {@code stream} that were done with, each as often as it was. */
  List<Long> windows(String stream) {
    List<Long> indices = new ArrayList<>();
    for (StreamDetector.Event e : observed) {
      if (e instanceof StreamDetector.Windowed w && w.stream().value().equals(stream)) {
        indices.add(w.index());
      }
    }
    return indices;
  }

  long expectedWindows(Sound sound, Service service) {
    return ExpectedWindows.count(sound.samples(), sound.format().rateHz(), service.model().spec());
  }

  @Override
  public void close() {
    follower.close();
    producer.close();
  }
}
