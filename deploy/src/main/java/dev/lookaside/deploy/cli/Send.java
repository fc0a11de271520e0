package dev.lookaside.deploy.cli;

import dev.lookaside.ingest.AudioFormat;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.Topics;
import dev.lookaside.ingest.audio.Ffmpeg;
import dev.lookaside.ingest.send.AudioSource;
import dev.lookaside.ingest.send.ChunkProducer;
import dev.lookaside.ingest.send.SendClock;
import dev.lookaside.ingest.send.SendSettings;
import dev.lookaside.ingest.send.SentStream;
import dev.lookaside.ingest.send.StreamSender;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

  @Option(names = "--microphone", description = "Send what the microphone hears.")
  private boolean microphone;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description = "Part of the microphone's name (default: the system's choice).")
  private @Nullable String device;

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
  private @Nullable Instant start;

  @Option(
      names = "--raw",
      paramLabel = "CONTENT-TYPE",
      description =
          "What standard input holds if it has no header: audio/x-raw;format=S16LE;rate=16000;channels=1.")
  private @Nullable String raw;

  @Option(
      names = "--rate",
      paramLabel = "HZ",
      defaultValue = "16000",
      description = "Sample rate of the microphone (${DEFAULT-VALUE}).")
  private int rateHz;

  @Override
  public Integer call() {
    boolean realTime = realTime();
    List<AudioSource> sources = sources();
    SendSettings settings =
        new SendSettings(
            chunkMillis,
            encoding,
            realTime,
            parallel != null ? parallel : realTime ? sources.size() : 1,
            start);
    IngestSettings ingest = IngestSettings.of(options.load());
    Topics.ensure(ingest);
    PrintWriter err = spec.commandLine().getErr();
    AtomicBoolean interrupted = new AtomicBoolean();
    try (ChunkProducer producer = ChunkProducer.connect(ingest);
        SendDisplay display = SendDisplay.of(err, Terminal.interactive())) {
      StreamSender sender = new StreamSender(producer, settings, SendClock.SYSTEM, display);
      try (Interruption interruption =
          Interruption.by(
              () -> {
                interrupted.set(true);
                sender.stop();
              })) {
        List<SentStream> sent = sender.sendAll(sources);
        display.close();
        return report(sent, err, interrupted.get());
      }
    }
  }

  private boolean realTime() {
    try {
      return Speed.of(speed) == Speed.REAL;
    } catch (IllegalArgumentException e) {
      throw wrong("--speed \"" + speed + "\": " + e.getMessage());
    }
  }

  private List<AudioSource> sources() {
    List<AudioSource> sources = new ArrayList<>();
    List<Path> files = new ArrayList<>();
    for (String path : paths) {
      if (path.equals(AudioSource.STANDARD_INPUT)) {
        AudioFormat format = raw == null ? null : AudioFormat.parse(raw);
        sources.add(AudioSource.pipe(id("stdin"), System.in, format));
      } else {
        files.add(Path.of(path));
      }
    }
    if (microphone) {
      sources.add(AudioSource.microphone(id("microphone"), device, rateHz, 1));
    }
    for (String url : urls) {
      sources.add(AudioSource.ffmpeg(urlId(url), url, ffmpeg()));
    }
    List<AudioSource> found = AudioSource.files(files, filePrefix(files, sources.isEmpty()));
    if (stream != null && sources.isEmpty() && found.size() == 1) {
      AudioSource only = found.get(0);
      return List.of(
          new AudioSource(new StreamId(stream), only.name(), only.live(), only.opener()));
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
          "%s  %.1f s in %d chunks, from %s%n",
          s.stream().value(),
          s.seconds(),
          s.chunks(),
          s.name());
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
}
