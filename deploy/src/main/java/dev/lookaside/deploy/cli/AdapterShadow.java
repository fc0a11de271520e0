package dev.lookaside.deploy.cli;

import dev.lookaside.classifier.registry.RegistryView;
import dev.lookaside.deploy.replay.ReplayModel;
import dev.lookaside.deploy.replay.RetainedShadow;
import dev.lookaside.trainer.shadow.ShadowDifference;
import dev.lookaside.trainer.shadow.ShadowRequest;
import dev.lookaside.trainer.shadow.ShadowSummary;
import java.io.PrintWriter;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside adapter shadow}. */
@Command(
    name = "shadow",
    footer = {"", "Example:", "  lookaside adapter shadow 3f2a --share 0.2 --seconds 60"},
    description = {
      "Say what an adapter would have heard where the one in force speaks; nobody else hears of it.",
      "",
      "Lets the audio pass, then scores what is retained of it here and compares with what was detected meanwhile. Run it with the "
          + "configuration of the workers."
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

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public void run() {
    if (!(share > 0 && share <= 1)) {
      throw new CliException("--share \"" + share + "\": must be above 0 and at most 1");
    }
    if (seconds < 1) {
      throw new CliException("--seconds \"" + seconds + "\": must be at least 1");
    }
    try (RegistryView view = access.view();
        ReplayModel model = ReplayModel.open(access.settings())) {
      ShadowRequest request =
          new ShadowRequest(
              RegistryAccess.digest(view, start),
              DecisionOptions.scope(scope),
              share,
              Duration.ofSeconds(seconds),
              seed);
      print(new RetainedShadow(model, view, Clock.systemUTC()).run(request));
    }
  }

  private void print(ShadowSummary summary) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(summary.toJson().toPrettyString());
    } else {
      DetectionText text = new DetectionText(ZoneId.systemDefault());
      for (ShadowDifference d : summary.comparison().differences()) {
        String kind = d.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ');
        out.printf("%-15s %s%n", kind, text.line(d.either()));
      }
      out.printf(
          Locale.ROOT,
          "%d streams, %.1f s of audio, %d differences, agreement %.3f%n",
          summary.streams().size(),
          summary.audioSeconds(),
          summary.comparison().differences().size(),
          summary.agreement());
    }
    out.flush();
  }
}
