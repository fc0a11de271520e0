package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
import dev.lookaside.deploy.review.NextLabels;
import dev.lookaside.deploy.review.NextLabels.Found;
import dev.lookaside.deploy.review.NextLabels.Suggestion;
import dev.lookaside.ingest.ShortId;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lookaside label next}. */
@Command(
    name = "next",
    footer = {
      "",
      "Examples:",
      "  lookaside label next",
      "  lookaside label next --count 5 --since 2026-03-01T12:00:00Z --stream yard --json",
    },
    description = {
      "List the detections whose labels would teach the adapter most, the first one first.",
      "",
      "Ranks the newest detections that nobody has labelled and whose audio Kafka still retains:"
          + " uncertain ones (a posterior near its threshold), those on which the adapter in force"
          + " and the last other one of a trainer disagree, novel ones (unlike every sound in the"
          + " trainer's store, where that is on this machine), and those of classes of which the"
          + " last round needed more labels. Sounds that resemble one further up rank lower.",
      "",
      "Answer with lookaside label confirm, relabel or reject --detection ID."
    })
final class LabelNext implements Runnable {
  private static final int MAX_COUNT = 1_000;

  @Mixin private StoreAccess access = new StoreAccess();
  @Mixin private Output output = new Output();

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "10",
      description = "How many, 1 to 1000. Default: ${DEFAULT-VALUE}.")
  private int count;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "Reported then or later, as 2026-03-01T12:00:00Z. Default: within an hour.")
  private @Nullable String since;

  @Option(names = "--stream", paramLabel = "ID", description = "Of this stream.")
  private @Nullable String stream;

  @Override
  public void run() {
    OptionValue.within("--count", count, 1, MAX_COUNT);
    Instant from =
        since == null
            ? Instant.now().minus(Duration.ofHours(1))
            : OptionValue.time("--since", since);
    Found found =
        new NextLabels(access.settings(), access::openIfThere)
            .find(stream == null ? null : OptionValue.stream(stream), from, count)
            .orElseThrow(
                () ->
                    new CliException(
                        "--since \"%s\": no detection without a label has been reported since; give an earlier time"
                            .formatted(from)));
    PrintWriter out = output.out();
    output.print(() -> found.json(), () -> print(found, out));
  }

  private static void print(Found found, PrintWriter out) {
    int number = 0;
    for (Suggestion s : found.suggestions()) {
      Detection d = s.detection();
      number++;
      out.printf(
          Locale.ROOT,
          "%3d  %s  %s %s %.2f s: %s %.2f  %s%n",
          number,
          ShortId.of(d.id()),
          d.stream(),
          d.extent().onsetTime(),
          Duration.between(d.extent().onsetTime(), s.end()).toNanos() * 1e-9,
          d.label(),
          d.peak(),
          String.join("; ", s.reasons()));
    }
    String other = found.comparedWith();
    out.printf(
        "%nof %d detections without a label; adapter %s%s; %s%s%n",
        found.detections(),
        ShortId.of(found.adapter()),
        other == null ? "" : " compared with " + ShortId.of(other),
        found.knownExamples() == 0
            ? "no store of examples here: novelty does not count"
            : "novelty against %d examples".formatted(found.knownExamples()),
        found.withoutAudio() == 0
            ? ""
            : "; the audio of %d more is not retained".formatted(found.withoutAudio()));
  }
}
