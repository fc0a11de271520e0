package dev.lookaside.deploy.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.console.Terminal;
import dev.lookaside.deploy.demo.DemoOptions;
import dev.lookaside.deploy.demo.DemoReport;
import dev.lookaside.deploy.demo.DemoRun;
import dev.lookaside.deploy.demo.OwnSoundRun;
import dev.lookaside.deploy.service.DetectionFollower;
import dev.lookaside.deploy.service.StopClock;
import dev.lookaside.ingest.StreamId;
import dev.lookaside.ingest.audio.ReadRules;
import dev.lookaside.ingest.send.AudioSource;
import dev.lookaside.ingest.send.SentStream;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside demo}: everything at once, on this machine, with nothing to install. */
@Command(
    name = "demo",
    description = "Shows the whole of it: real sounds, live, through a real Kafka in this process.",
    footer = {
      "",
      "Streams are composed of the bundled clips over background noise, so the truth is known; the"
          + " table at the end compares.",
      "Birds sound in them, too, a class that the bundled adapter does not know. After some seconds"
          + " the demo sends corrections (with",
      "--page you do), a trainer beside the service refits the head and then the whole adapter, its"
          + " gate reports, and from then on other",
      "birds are named. The streams end some seconds after that. With --head-only they end after"
          + " the first of the two; if the gate",
      "rejects it, the birds that have occurred since are corrected, too, and the round is"
          + " repeated.",
      "",
      "With FILE or --microphone it is your own sound that is sent, at its own pace, and the"
          + " detections are listed as they come; the live",
      "page is served, where you correct, and a trainer learns from that. It ends with the files;"
          + " with --page or --microphone, at Ctrl-C.",
      "",
      "Examples:",
      "  lookaside demo",
      "  lookaside demo --head-only",
      "  lookaside demo --no-refit --seconds 20 --streams 8 --seed 3",
      "  lookaside demo --page",
      "  lookaside demo --headless --json demo.json",
      "  lookaside demo kitchen.wav yard.mp3",
      "  lookaside demo --microphone",
    })
final class Demo implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Audio files (WAV, FLAC, OGG, MP3) or folders of them, instead of scenes.")
  private List<Path> files = List.of();

  @Mixin private Send.Microphones microphone = new Send.Microphones();

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description =
          "Audio per stream, sent in real time. Otherwise as much as the refit needs, about a"
              + " minute on two idle cores, "
              + DemoOptions.STORY_SECONDS
              + " s at most; with --no-refit "
              + DemoOptions.PLAIN_SECONDS
              + " s.")
  private @Nullable Integer seconds;

  @Option(
      names = "--no-refit",
      description = "Only what the adapter knows: no new class, no corrections, no trainer.")
  private boolean noRefit;

  @Option(
      names = "--head-only",
      description =
          "Only the head is refitted, not the whole adapter after it: about 40 s on two idle"
              + " cores.")
  private boolean headOnly;

  @Option(
      names = "--streams",
      paramLabel = "N",
      defaultValue = "4",
      description = "Streams at the same time (${DEFAULT-VALUE}).")
  private int streams;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Which scenes (${DEFAULT-VALUE}): the same seed composes the same bytes.")
  private long seed;

  @Option(
      names = "--unseen",
      description = "Only sounds that the bundled model was not trained on: harder.")
  private boolean unseen;

  @Option(
      names = "--page",
      description = "Serve the live page as well, and keep it after the end until Ctrl-C.")
  private boolean page;

  @Option(names = "--headless", description = "Plain lines instead of a redrawn picture.")
  private boolean headless;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the numbers there as well.")
  private @Nullable Path json;

  /** Of nearly every sound card, and the model's own. */
  private static final int MICROPHONE_HZ = 16_000;

  private boolean finished;

  @Override
  public Integer call() {
    Optional<AudioSource> live =
        microphone.source(new StreamId(Send.Microphones.STREAM), MICROPHONE_HZ);
    if (live.isPresent() || !files.isEmpty()) {
      return ownSound(live);
    }
    return scenes();
  }

  private int scenes() {
    boolean live = !headless && Terminal.interactive();
    DemoOptions options;
    try {
      options =
          new DemoOptions(
              streams,
              planned(),
              seconds != null || noRefit,
              !noRefit,
              headOnly,
              seed,
              unseen,
              page,
              live,
              live && Terminal.colours(),
              live ? Terminal.columns() : 0);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
    }
    quietLog();
    PrintWriter out = spec.commandLine().getOut();
    String length = options.fixed() ? " of " + options.seconds() + " s" : "";
    out.printf(
        "%d streams%s, seed %d; starting Kafka in this process ...%n", streams, length, seed);
    out.flush();
    try (Interruption interruption =
        Interruption.ofThisThread(new StopClock(Interruption.STOP_TIMEOUT))) {
      DemoReport report = new DemoRun(options, out, done -> afterwards(done, out)).run();
      return report.windowsLost() == 0 ? 0 : 1;
    } catch (InterruptedException e) {
      if (finished) {
        return 0;
      }
      out.println("Stopped before the end; nothing is left behind.");
      return 130;
    }
  }

  /** These compose scenes or count what is right in them. */
  private static final List<String> OF_SCENES =
      List.of(
          "--seconds",
          "--no-refit",
          "--head-only",
          "--streams",
          "--seed",
          "--unseen",
          "--headless",
          "--json");

  private int ownSound(Optional<AudioSource> live) {
    for (String option : OF_SCENES) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new ParameterException(
            spec.commandLine(), option + ": not with files or --microphone, it is of scenes");
      }
    }
    quietLog();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    List<AudioSource> sources = new ArrayList<>(live.stream().toList());
    sources.addAll(AudioSource.files(files, "", new ReadRules(false, text -> warn(err, text))));
    out.println("starting Kafka in this process ...");
    out.flush();
    try (Interruption interruption =
        Interruption.ofThisThread(new StopClock(Interruption.STOP_TIMEOUT))) {
      List<SentStream> sent = new OwnSoundRun(sources, new Lines(out, err)).run();
      return sent.stream().anyMatch(s -> s.fault() != null) ? 1 : 0;
    } catch (InterruptedException e) {
      return finished || live.isPresent() ? 0 : 130;
    }
  }

  private static void warn(PrintWriter err, String text) {
    err.println("lookaside demo: " + text);
    err.flush();
  }

  /** What happens to the visitor's sound, a line each. */
  private final class Lines implements OwnSoundRun.Viewer {
    private final PrintWriter out;
    private final PrintWriter err;
    private final DetectionText text = new DetectionText(ZoneId.systemDefault());

    Lines(PrintWriter out, PrintWriter err) {
      this.out = out;
      this.err = err;
    }

    @Override
    public void started(String page, String servers, String group) {
      out.printf(
          "Kafka at %s, consumer group %s; listen, send, label and streams work on it meanwhile%n"
              + "page at %s%n",
          servers, group, page);
      out.flush();
    }

    @Override
    public void detected(DetectionFollower.Received received) {
      out.println(text.line(received.detection()));
      out.flush();
    }

    @Override
    public void noticed(String notice) {
      warn(err, notice);
    }

    @Override
    public void ended(List<SentStream> sent) throws InterruptedException {
      for (SentStream s : sent) {
        out.printf(Locale.ROOT, "%s  %.1f s sent%n", s.stream().value(), s.seconds());
        if (s.fault() != null) {
          warn(err, s.fault());
        }
      }
      finished = true;
      if (page && sent.stream().anyMatch(s -> s.chunks() > 0)) {
        out.println("the page stays until Ctrl-C");
        out.flush();
        new CountDownLatch(1).await();
      }
      out.flush();
    }
  }

  /** Seconds of audio, at most. */
  private int planned() {
    if (seconds != null) {
      return seconds;
    }
    if (noRefit) {
      return DemoOptions.PLAIN_SECONDS;
    }
    return page ? DemoOptions.PAGE_STORY_SECONDS : DemoOptions.STORY_SECONDS;
  }

  private void afterwards(DemoReport report, PrintWriter out) throws InterruptedException {
    finish(report, out);
    finished = true;
    if (page) {
      out.println("  the page stays until Ctrl-C");
      out.flush();
      new CountDownLatch(1).await();
    }
  }

  /** The picture has it all; warnings still come below it. */
  private static void quietLog() {
    if (System.getenv("LOOKASIDE_LOG") == null
        && LoggerFactory.getLogger("dev.lookaside") instanceof Logger logger) {
      logger.setLevel(Level.WARN);
    }
  }

  private void finish(DemoReport report, PrintWriter out) {
    out.println();
    report.table().forEach(out::println);
    out.println();
    out.println("  scored on    " + report.device());
    out.printf(
        "  again with   lookaside demo --seed %d --streams %d%s%s%s%s%n",
        seed,
        streams,
        seconds == null ? "" : " --seconds " + seconds,
        noRefit ? " --no-refit" : "",
        headOnly ? " --head-only" : "",
        unseen ? " --unseen" : "");
    Path file = json;
    if (file != null) {
      Output.write("--json", file, new ObjectMapper().valueToTree(report));
      out.println("  numbers in   " + file);
    }
    out.flush();
  }
}
