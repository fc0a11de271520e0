package dev.lookaside.deploy.cli;

import com.typesafe.config.Config;
import dev.lookaside.classifier.detect.Detection;
import dev.lookaside.classifier.weights.ClassName;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.service.DetectionFollower;
import dev.lookaside.deploy.service.StopClock;
import dev.lookaside.ingest.IngestSettings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside listen}: prints detections as they come. */
@Command(
    name = "listen",
    description = "Follows detections: one line each, or JSON lines.",
    footer = {
      "",
      "Examples:",
      "  lookaside listen",
      "  lookaside listen --from-beginning --label speech --label scream",
      "  lookaside listen --json -n 100 > detections.jsonl",
    })
final class Listen implements Callable<Integer> {
  private static final Duration POLL = Duration.ofMillis(200);

  @Mixin private ConfigOptions config = new ConfigOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--json", description = "One JSON object per line, as on the topic.")
  private boolean json;

  @Option(names = "--from-beginning", description = "Also what was detected before now.")
  private boolean fromBeginning;

  @Option(names = "--stream", paramLabel = "ID", description = "Only this stream; may be repeated.")
  private List<String> streams = List.of();

  @Option(
      names = "--label",
      paramLabel = "LABEL",
      description = "Only this label; may be repeated. Gaps have no label.")
  private List<String> labels = List.of();

  @Option(
      names = {"-n", "--count"},
      paramLabel = "N",
      description = "Stop after N detections (default: never).")
  private @Nullable Long count;

  @Override
  public Integer call() {
    Long wanted = count;
    if (wanted != null && wanted < 1) {
      throw new ParameterException(
          spec.commandLine(), "--count \"" + wanted + "\": must be 1 or more");
    }
    Config all = config.config();
    IngestSettings settings = config.ingest();
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (Interruption interruption = Interruption.ofThisThread(StopClock.of(all));
        DetectionFollower follower =
            new DetectionFollower(
                settings, fromBeginning, text -> err.println("lookaside listen: " + text))) {
      return follow(follower, out, wanted == null ? Long.MAX_VALUE : wanted);
    }
  }

  private int follow(DetectionFollower follower, PrintWriter out, long wanted) {
    try {
      print(follower, out, wanted);
      return 0;
    } catch (InterruptException e) {
      // Ctrl-C. The flag is taken down, or closing would be interrupted, too.
      Thread.interrupted();
      return 130;
    }
  }

  private void print(DetectionFollower follower, PrintWriter out, long wanted) {
    DetectionText text = new DetectionText(ZoneId.systemDefault());
    long printed = 0;
    while (printed < wanted && !out.checkError()) {
      for (DetectionFollower.Received received : follower.poll(POLL)) {
        if (printed < wanted && asked(received.detection())) {
          out.println(
              json
                  ? new String(received.json(), StandardCharsets.UTF_8)
                  : text.line(received.detection()));
          printed++;
        }
      }
      out.flush();
    }
  }

  private boolean asked(Detection d) {
    boolean stream = streams.isEmpty() || streams.contains(d.stream().value());
    String label = d.label();
    return stream
        && (labels.isEmpty()
            || label != null
                && labels.stream().map(ClassName::key).anyMatch(ClassName.key(label)::equals));
  }
}
