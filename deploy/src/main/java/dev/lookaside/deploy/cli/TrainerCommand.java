package dev.lookaside.deploy.cli;

import com.typesafe.config.Config;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.http.AllowedHosts;
import dev.lookaside.deploy.service.Metrics;
import dev.lookaside.deploy.service.MetricsServer;
import dev.lookaside.deploy.service.StopClock;
import dev.lookaside.deploy.service.TrainerService;
import dev.lookaside.deploy.settings.Configuration;
import dev.lookaside.deploy.settings.DeploySettings;
import dev.lookaside.trainer.loop.RoundOutcome;
import dev.lookaside.trainer.loop.Trainer;
import dev.lookaside.trainer.loop.TrainerStatus;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lookaside trainer}: the service that refits. */
@Command(
    name = "trainer",
    description = {
      "Refits the adapter from corrections: audio.labels in, adapters in force out.",
      "",
      "One trainer per scope is leader; the others are standby. One that was killed goes on where"
          + " it was.",
      "",
      "With lookaside.trainer.shadow.share above 0 a candidate first scores live audio without"
          + " publishing; the differences go to lookaside.shadows (see lookaside adapter shadow"
          + " --past). With lookaside.trainer.canary.share above 0 a share of the streams uses it"
          + " first."
    },
    footer = {
      "",
      "Examples:",
      "  lookaside trainer",
      "  lookaside trainer --store /var/lib/lookaside --scope tenant:harbour --set"
          + " lookaside.trainer.triggers.labels=20",
      "  lookaside trainer --set lookaside.trainer.shadow.share=0.2 --set"
          + " lookaside.trainer.canary.share=0.1",
    })
final class TrainerCommand implements Callable<Integer> {
  private static final String ROOT = "lookaside.trainer.";
  private static final Duration LOOK = Duration.ofSeconds(1);

  @Mixin private ConfigOptions options = new ConfigOptions();

  @Option(
      names = "--store",
      paramLabel = "FOLDER",
      description = "Where examples and rounds are kept (default: ~/.lookaside/trainer).")
  private @Nullable Path store;

  @Option(
      names = "--scope",
      paramLabel = "SCOPE",
      description = "*, tenant:NAME or stream:ID (default: *).")
  private @Nullable String scope;

  @Option(
      names = "--key",
      paramLabel = "NAME",
      description = "Key that signs (default: the only one, see lookaside keys list).")
  private @Nullable String key;

  @Option(names = "--json", description = "Print each change and outcome as one JSON line.")
  private boolean json;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Config config = config();
    PrintWriter err = spec.commandLine().getErr();
    DeploySettings deploy = DeploySettings.of(config);
    Lines lines = new Lines();
    StopClock clock = StopClock.of(config);
    try (Interruption interruption = Interruption.ofThisThread(clock);
        Metrics metrics = new Metrics();
        MetricsServer server =
            deploy.metricsPort() > 0
                ? MetricsServer.start(
                    deploy.metricsHost(),
                    deploy.metricsPort(),
                    AllowedHosts.of(deploy.metricsHost(), deploy.hostNames()),
                    metrics,
                    () -> health(lines.last))
                : null;
        TrainerService service = TrainerService.start(config, metrics, lines, clock)) {
      service.description().forEach(err::println);
      return await(service, err);
    }
  }

  /** Well if nothing is in the way; standing by is well, too. */
  static MetricsServer.Health health(@Nullable TrainerStatus status) {
    if (status == null) {
      return new MetricsServer.Health(false, "starting");
    }
    return status.trouble() == null
        ? new MetricsServer.Health(true, "ok, " + status.phase())
        : new MetricsServer.Health(false, status.phase() + ": " + status.trouble());
  }

  private Config config() {
    Map<String, String> given = new LinkedHashMap<>();
    if (store != null) {
      given.put(ROOT + "store-folder", store.toString());
    }
    if (scope != null) {
      given.put(ROOT + "scope", scope);
    }
    if (key != null) {
      given.put(ROOT + "key", key);
    }
    return Configuration.layer(given).withFallback(options.config());
  }

  private static int await(TrainerService service, PrintWriter err) {
    try {
      while (!service.awaitEnd(LOOK)) {
        err.flush();
      }
      err.println("lookaside trainer: ended by itself");
      return 1;
    } catch (InterruptedException e) {
      err.println("lookaside trainer: stopping");
      return 130;
    }
  }

  /** One line for each phase and each outcome. */
  private final class Lines implements Trainer.Listener {
    private volatile @Nullable TrainerStatus last;
    private String phase = "";
    private String trouble = "";
    private String drift = "";

    @Override
    public void status(TrainerStatus status) {
      last = status;
      String nowTrouble = String.valueOf(status.trouble());
      String nowDrift = DriftCommand.DriftText.alarms(status.drift());
      if (status.phase().equals(phase) && nowTrouble.equals(trouble) && nowDrift.equals(drift)) {
        return;
      }
      drift = nowDrift;
      phase = status.phase();
      trouble = nowTrouble;
      PrintWriter out = spec.commandLine().getOut();
      out.println(json ? status.toJson().toString() : RefitCommand.RefitText.of(status));
      out.flush();
    }

    @Override
    public void finished(RoundOutcome outcome) {
      PrintWriter out = spec.commandLine().getOut();
      out.println(json ? outcome.toJson().toString() : RefitCommand.RefitText.of(outcome.toJson()));
      out.flush();
    }
  }
}
