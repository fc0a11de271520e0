package dev.lookaside.deploy.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.Errors;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.console.Terminal;
import dev.lookaside.deploy.demo.DemoOptions;
import dev.lookaside.deploy.demo.DemoReport;
import dev.lookaside.deploy.demo.DemoRun;
import dev.lookaside.deploy.service.StopClock;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
      "Examples:",
      "  lookaside demo",
      "  lookaside demo --head-only",
      "  lookaside demo --no-refit --seconds 20 --streams 8 --seed 3",
      "  lookaside demo --page",
      "  lookaside demo --headless --json demo.json",
    })
final class Demo implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

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

  private boolean finished;

  @Override
  public Integer call() {
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
    try {
      finish(report, out);
    } catch (IOException e) {
      throw new CliException("--json \"" + json + "\": " + Errors.describe(e), e);
    }
    finished = true;
    if (page) {
      out.println("  the page stays until Ctrl-C");
      out.flush();
      new CountDownLatch(1).await();
    }
  }

  /** The picture says it all; what is wrong is still said below it. */
  private static void quietLog() {
    if (System.getenv("LOOKASIDE_LOG") == null
        && LoggerFactory.getLogger("dev.lookaside") instanceof Logger logger) {
      logger.setLevel(Level.WARN);
    }
  }

  private void finish(DemoReport report, PrintWriter out) throws IOException {
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
      Files.writeString(
          file,
          new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n");
      out.println("  numbers in   " + file);
    }
    out.flush();
  }
}
