package dev.lookaside.deploy.cli;

import com.typesafe.config.Config;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Progress;
import dev.lookaside.deploy.console.Terminal;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.service.Metrics;
import dev.lookaside.deploy.service.MetricsServer;
import dev.lookaside.deploy.service.StopClock;
import dev.lookaside.deploy.settings.DeploySettings;
import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.Ffmpeg;
import dev.lookaside.ingest.audio.ReadRules;
import dev.lookaside.ingest.send.AudioSource;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.ingest.send.SendClock;
import dev.lookaside.ingest.send.SendProgress;
import dev.lookaside.ingest.send.SendSettings;
import dev.lookaside.ingest.send.SentStream;
import dev.lookaside.ingest.send.StreamSender;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside send}: sound to {@code audio.chunks}. */
@Command(
    name = "send",
    description = "Sends sound to Kafka: files, folders, a pipe, a microphone, a URL.",
    footer = {
      "",
      "Each source becomes a stream named after it. Multi-channel sound is sent as it is.",
      "",
      "Of a folder all audio files are sent, by their suffix, from its sub-folders, too; hidden"
          + " files and folders (.x, ._x.wav) are not.",
      "",
      "A file whose header names another length than it has, as killed recorders leave it, is sent"
          + " to its end with a warning; --strict rejects it.",
      "",
      "A URL has no end of its own. Where it ends, fails or sends no sample for 8 s, it is named"
          + " and connected again after 1 s, 2 s, ... 30 s; what is missing becomes a gap of its"
          + " stream. The exit code is 1 where it does not come back within --reconnect-seconds. A"
          + " recording at a URL that names its length ends there, with exit code 0.",
      "",
      "Examples:",
      "  lookaside send door.wav",
      "  lookaside send --speed max --parallel 8 recordings/",
      "  lookaside send --microphone --stream kitchen",
      "  lookaside send --ffmpeg rtsp://camera/stream --stream gate",
      "  arecord -f S16_LE -r 16000 | lookaside send --stream hall -",
    })
final class Send implements Callable<Integer> {
  /** As fast as sound, or as fast as Kafka takes it. */
  enum Speed {
    REAL,
    MAX;

    static Speed of(String text) {
      return switch (text.toLowerCase(Locale.ROOT)) {
        case "1" -> REAL;
        case "max" -> MAX;
        default -> throw new IllegalArgumentException("must be 1 or max");
      };
    }
  }

  @Mixin private ConfigOptions options = new ConfigOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Audio files (WAV, FLAC, OGG, MP3), folders of them, or - for standard input.")
  private List<String> paths = List.of();

  @Mixin private Microphones microphone = new Microphones();

  @Option(
      names = "--ffmpeg",
      paramLabel = "URL",
      description = "Whatever ffmpeg reads: RTSP, HLS, HTTP, a file; may be repeated.")
  private List<String> urls = List.of();

  @Option(
      names = "--stream",
      paramLabel = "ID",
      description = "Stream id of a single source; before the names of several: a prefix.")
  private @Nullable String stream;

  @Option(
      names = "--speed",
      paramLabel = "1|max",
      defaultValue = "1",
      description = "1: as a live source would (default). max: as fast as Kafka takes it.")
  private String speed = "1";

  @Option(
      names = "--chunk-millis",
      paramLabel = "N",
      defaultValue = "200",
      description = "Length of a chunk (${DEFAULT-VALUE} ms).")
  private int chunkMillis;

  @Option(
      names = "--encoding",
      paramLabel = "NAME",
      defaultValue = "S16LE",
      description = "S16LE, L16 or F32LE (${DEFAULT-VALUE}).")
  private AudioFormat.Encoding encoding = AudioFormat.Encoding.S16LE;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      description = "Streams sent at once (default: all at speed 1, else 1).")
  private @Nullable Integer parallel;

  @Option(
      names = "--start",
      paramLabel = "TIME",
      description = "Capture time of the first sample, as 2026-03-01T12:00:00Z (default: now).")
  private @Nullable String start;

  @Option(
      names = "--reconnect",
      negatable = true,
      defaultValue = "true",
      fallbackValue = "true",
      description = "Connect again to a URL that ends or falls silent (default: yes).")
  private boolean reconnect = true;

  @Option(
      names = "--reconnect-seconds",
      paramLabel = "N",
      defaultValue = "300",
      description = "Give up a URL that has sent no sample for so long (${DEFAULT-VALUE} s).")
  private int reconnectSeconds;

  @Option(
      names = "--strict",
      description = "Reject files and pipes whose header names another length than they have.")
  private boolean strict;

  @Option(
      names = "--metrics-port",
      paramLabel = "N",
      description =
          "Serve /metrics for Prometheus there (lookaside_send_reconnects_total and others); 0: a"
              + " free port.")
  private @Nullable Integer metricsPort;

  @Option(
      names = "--raw",
      paramLabel = "CONTENT-TYPE",
      description =
          "What standard input holds if it has no header:"
              + " audio/x-raw;format=S16LE;rate=16000;channels=1.")
  private @Nullable String raw;

  @Option(
      names = "--rate",
      paramLabel = "HZ",
      defaultValue = "16000",
      description = "Sample rate of the microphone (${DEFAULT-VALUE}).")
  private int rateHz;

  /** Whether and which microphone. */
  static final class Microphones {
    /** Its stream, unless it is given another name. */
    static final String STREAM = "microphone";

    @Option(names = "--microphone", description = "The microphone's sound.")
    private boolean wanted;

    @Option(
        names = "--device",
        paramLabel = "NAME",
        description = "Part of the microphone's name (default: the system's choice).")
    private @Nullable String device;

    /** If it is wanted. */
    Optional<AudioSource> source(StreamId stream, int rateHz) {
      return wanted
          ? Optional.of(AudioSource.microphone(stream, device, rateHz, 1))
          : Optional.empty();
    }
  }

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    boolean realTime = realTime();
    ReadRules rules = new ReadRules(strict, text -> warn(err, text));
    List<AudioSource> sources = sources(rules);
    SendSettings settings =
        new SendSettings(
            chunkMillis,
            encoding,
            realTime,
            parallel != null ? parallel : realTime ? sources.size() : 1,
            start == null ? null : OptionValue.time("--start", start),
            reconnectMillis());
    Config config = options.config();
    IngestSettings ingest = options.ingest();
    Topics.ensure(ingest);
    AtomicBoolean interrupted = new AtomicBoolean();
    try (Metrics metrics = new Metrics();
        MetricsServer server = serve(config, metrics, err);
        ChunkProducer producer = ChunkProducer.connect(ingest);
        Display display = new Display(err, metrics)) {
      StreamSender sender = new StreamSender(producer, settings, SendClock.SYSTEM, display);
      try (Interruption interruption =
          Interruption.by(
              () -> {
                interrupted.set(true);
                sender.stop();
              },
              StopClock.of(config))) {
        List<SentStream> sent = sender.sendAll(sources);
        display.close();
        return report(sent, err, interrupted.get());
      }
    }
  }

  private long reconnectMillis() {
    if (reconnectSeconds < 1) {
      throw wrong(
          "--reconnect-seconds \"%d\": must be 1 or more; --no-reconnect turns it off"
              .formatted(reconnectSeconds));
    }
    return reconnect ? reconnectSeconds * 1000L : 0;
  }

  private @Nullable MetricsServer serve(Config config, Metrics metrics, PrintWriter err) {
    Integer port = metricsPort;
    if (port == null) {
      return null;
    }
    MetricsServer server =
        MetricsServer.start(
            "0.0.0.0",
            port,
            AllowedHosts.of("0.0.0.0", DeploySettings.of(config).hostNames()),
            metrics,
            () -> new MetricsServer.Health(true, "sending"));
    err.println("lookaside send: metrics on port " + server.port());
    err.flush();
    return server;
  }

  static void warn(PrintWriter err, String text) {
    err.println("lookaside send: " + text);
    err.flush();
  }

  private boolean realTime() {
    try {
      return Speed.of(speed) == Speed.REAL;
    } catch (IllegalArgumentException e) {
      throw wrong("--speed \"" + speed + "\": " + e.getMessage());
    }
  }

  private List<AudioSource> sources(ReadRules rules) {
    List<AudioSource> sources = new ArrayList<>();
    List<Path> files = new ArrayList<>();
    for (String path : paths) {
      if (path.equals(AudioSource.STANDARD_INPUT)) {
        AudioFormat format = raw == null ? null : AudioFormat.parse(raw);
        sources.add(AudioSource.pipe(id("stdin"), System.in, format, rules));
      } else {
        files.add(Path.of(path));
      }
    }
    microphone.source(id(Microphones.STREAM), rateHz).ifPresent(sources::add);
    for (String url : urls) {
      sources.add(AudioSource.ffmpeg(urlId(url), url, ffmpeg(), rules));
    }
    List<AudioSource> found = AudioSource.files(files, filePrefix(files, sources.isEmpty()), rules);
    if (stream != null && sources.isEmpty() && found.size() == 1) {
      AudioSource only = found.get(0);
      return List.of(
          new AudioSource(
              new StreamId(stream), only.name(), only.live(), only.endless(), only.opener()));
    }
    sources.addAll(found);
    if (sources.isEmpty()) {
      throw wrong("nothing to send: give files, folders, -, --microphone or --ffmpeg URL");
    }
    return sources;
  }

  private String filePrefix(List<Path> files, boolean alone) {
    return stream == null || (alone && files.size() == 1 && files.get(0).toFile().isFile())
        ? ""
        : stream + "/";
  }

  private StreamId id(String byDefault) {
    return new StreamId(stream == null ? byDefault : stream);
  }

  private StreamId urlId(String url) {
    if (urls.size() == 1) {
      return id(url.length() <= 200 ? url : url.substring(0, 200));
    }
    String name = stream == null ? url : stream + "/" + (urls.indexOf(url) + 1);
    return new StreamId(name.length() <= 200 ? name : name.substring(0, 200));
  }

  private static Ffmpeg ffmpeg() {
    Ffmpeg ffmpeg = Ffmpeg.onPath();
    if (!ffmpeg.installed()) {
      throw new CliException("--ffmpeg: there is no ffmpeg on the PATH");
    }
    return ffmpeg;
  }

  private static int report(List<SentStream> sent, PrintWriter err, boolean interrupted) {
    boolean failed = false;
    for (SentStream s : sent) {
      err.printf(
          Locale.ROOT,
          "%s  %.1f s in %d chunks, from %s%s%n",
          s.stream().value(),
          s.seconds(),
          s.chunks(),
          s.name(),
          s.reconnects() == 0
              ? ""
              : String.format(
                  Locale.ROOT,
                  "; connected again %d times, %.1f s missing",
                  s.reconnects(),
                  s.missingSeconds()));
      String fault = s.fault();
      if (fault != null) {
        failed = true;
        err.println("lookaside send: " + fault);
      }
    }
    err.flush();
    return interrupted ? 130 : failed ? 1 : 0;
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }

  /** How far sending is. Thread-safe. */
  static final class Display implements SendProgress, AutoCloseable {
    private static final long MILLIS_PER_SECOND = 1000;

    private final PrintWriter err;
    private final Progress progress;
    private final Metrics metrics;
    private final Map<StreamId, Long> sentMillis = new HashMap<>();
    private final Map<StreamId, Long> lengthMillis = new HashMap<>();

    Display(PrintWriter err, Metrics metrics) {
      this.err = err;
      this.metrics = metrics;
      this.progress =
          new Progress(
              err, Terminal.interactive(), "sending", " s", MILLIS_PER_SECOND, 0, Progress.UNKNOWN);
    }

    @Override
    public synchronized void sent(StreamId stream, long sentFrames, long lengthFrames, int rateHz) {
      sentMillis.put(stream, sentFrames * MILLIS_PER_SECOND / rateHz);
      // The length of a live source is known at its end.
      lengthMillis.put(stream, lengthFrames < 0 ? -1 : lengthFrames * MILLIS_PER_SECOND / rateHz);
      long sent = sentMillis.values().stream().mapToLong(Long::longValue).sum();
      boolean known = lengthMillis.values().stream().allMatch(length -> length >= 0);
      long length = lengthMillis.values().stream().mapToLong(Long::longValue).sum();
      progress.at(
          sent,
          known ? length : Progress.UNKNOWN,
          () ->
              String.format(
                  Locale.ROOT,
                  "%.1f s sent, %d streams",
                  (double) sent / MILLIS_PER_SECOND,
                  sentMillis.size()));
    }

    @Override
    public synchronized void noticed(StreamId stream, String text) {
      Send.warn(err, text);
    }

    @Override
    public void reconnected(StreamId stream, long missingFrames, int rateHz) {
      metrics.reconnected(stream, (double) missingFrames / rateHz);
    }

    @Override
    public void close() {
      progress.close();
    }
  }
}
