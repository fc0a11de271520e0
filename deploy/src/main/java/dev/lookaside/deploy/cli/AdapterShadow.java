package dev.lookaside.deploy.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.console.CliException;
import dev.lookaside.deploy.replay.ReplayModel;
import dev.lookaside.deploy.replay.RetainedShadow;
import dev.lookaside.ingest.IngestSettings;
import dev.lookaside.ingest.Topics;
import dev.lookaside.trainer.shadow.ShadowReport;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowTopic;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter shadow}. */
@Command(
    name = "shadow",
    footer = {
      "",
      "Examples:",
      "  lookaside adapter shadow 3f2a --share 0.2 --seconds 60",
      "  lookaside adapter shadow 3f2a --past --json"
    },
    description = {
      "Say what an adapter would have heard where the one in force speaks; nothing of it is detected.",
      "",
      "Lets the audio pass, then scores what is retained of it here and compares with what was detected meanwhile. Run it with the "
          + "configuration of the workers. With --write the differences go to lookaside.shadows, where a trainer writes those of "
          + "its candidates; --past prints what stands there."
    })
final class AdapterShadow implements Runnable {
  @Mixin private RegistryAccess access = new RegistryAccess();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(paramLabel = "DIGEST", description = "The adapter's digest, or how it begins.")
  private String start = "";

  @Option(
      names = "--scope",
      paramLabel = "SCOPE",
      defaultValue = "*",
      description = "*, tenant:NAME or stream:ID. Default: ${DEFAULT-VALUE}.")
  private String scope = "*";

  @Option(
      names = "--share",
      paramLabel = "S",
      defaultValue = "0.2",
      description = "Share of the streams, above 0 up to 1. Default: ${DEFAULT-VALUE}.")
  private double share;

  @Option(
      names = {"--seconds", "--for"},
      paramLabel = "N",
      defaultValue = "60",
      description = "Seconds of audio from now on. Default: ${DEFAULT-VALUE}.")
  private int seconds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Chooses the streams. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--settle",
      paramLabel = "N",
      defaultValue = "10",
      description =
          "Seconds until what was heard in the end is written, too. Default: ${DEFAULT-VALUE}.")
  private int settle;

  @Option(names = "--write", description = "Write what differs to lookaside.shadows as well.")
  private boolean write;

  @Option(
      names = "--past",
      description = "Listen to nothing: print the adapter's runs that stand on lookaside.shadows.")
  private boolean past;

  @Option(names = "--json", description = "Print one JSON object; with --past an array of them.")
  private boolean json;

  @Override
  public void run() {
    IngestSettings ingest = access.settings().ingest();
    if (past) {
      printPast(ingest);
      return;
    }
    check();
    if (write) {
      Topics.ensureTraining(ingest);
    }
    ShadowReport report = hear();
    if (write) {
      new ShadowTopic(ingest).write(report);
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println(json ? report.toJson().toPrettyString() : ShadowText.of(report));
    out.flush();
  }

  private void check() {
    if (!(share > 0 && share <= 1)) {
      throw new CliException("--share \"" + share + "\": must be above 0 and at most 1");
    }
    if (seconds < 1) {
      throw new CliException("--seconds \"" + seconds + "\": must be at least 1");
    }
    if (settle < 0) {
      throw new CliException("--settle \"" + settle + "\": must be at least 0");
    }
  }

  private ShadowReport hear() {
    Clock clock = Clock.systemUTC();
    try (RegistryView view = access.view();
        ReplayModel model = ReplayModel.open(access.settings())) {
      ShadowRequest request =
          new ShadowRequest(
              RegistryAccess.digest(view, start),
              DecisionOptions.scope(scope),
              share,
              Duration.ofSeconds(seconds),
              seed);
      RetainedShadow shadow = new RetainedShadow(model, view, clock, Duration.ofSeconds(settle));
      return ShadowReport.of(
          shadow.run(request, () -> false),
          UUID.randomUUID().toString(),
          System.getProperty("user.name", "unknown"),
          clock.instant());
    }
  }

  private void printPast(IngestSettings ingest) {
    Topics.ensureTraining(ingest);
    List<ShadowReport> reports = new ShadowTopic(ingest).read(start);
    if (reports.isEmpty()) {
      throw new CliException(
          "adapter \"%s\": no run of it stands on %s"
              .formatted(start, ingest.topics().training().shadows().name()));
    }
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      reports.forEach(r -> all.add(r.toJson()));
      out.println(all.toPrettyString());
    } else {
      reports.forEach(r -> out.println(ShadowText.of(r)));
    }
    out.flush();
  }
}
