package dev.lookaside.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import dev.lookaside.deploy.console.Interruption;
import dev.lookaside.deploy.service.Service;
import dev.lookaside.deploy.service.StopClock;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lookaside run}: the service. */
@Command(
    name = "run",
    description = "Runs the service: audio.chunks in, audio.detections out.",
    footer = {
      "",
      "Start it once more with the same group on this or another machine and the streams are"
          + " shared.",
      "Ctrl-C stops it in order: what is under way is finished, what is finished is committed.",
      "",
      "Examples:",
      "  lookaside run",
      "  lookaside run --config lookaside.conf --bootstrap-servers kafka1:9092,kafka2:9092",
      "  lookaside run --page-port 8080",
      "  lookaside run --set lookaside.deploy.metrics.port=9100",
    })
final class Run implements Callable<Integer> {
  private static final Duration LOOK = Duration.ofSeconds(1);

  @Option(
      names = "--page-port",
      paramLabel = "PORT",
      description =
          "Serve the live page there, on this machine only unless lookaside.deploy.page.host is"
              + " set.")
  private @Nullable Integer pagePort;

  @Mixin private ConfigOptions options = new ConfigOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Config config = options.config();
    if (pagePort != null) {
      if (pagePort < 1 || pagePort > 65_535) {
        throw new ParameterException(
            spec.commandLine(), "--page-port \"%d\": must be 1 to 65535".formatted(pagePort));
      }
      config =
          config.withValue("lookaside.deploy.page.port", ConfigValueFactory.fromAnyRef(pagePort));
    }
    PrintWriter err = spec.commandLine().getErr();
    StopClock clock = StopClock.of(config);
    try (Interruption interruption = Interruption.ofThisThread(clock);
        Service service = Service.start(config, event -> {}, clock)) {
      service.description().forEach(err::println);
      service.pageAddress().ifPresent(address -> err.println("page      " + address));
      return await(service, err);
    }
  }

  private static int await(Service service, PrintWriter err) {
    try {
      while (true) {
        Optional<String> failure = service.awaitFailure(LOOK);
        if (failure.isPresent()) {
          err.println("lookaside run: " + failure.get());
          return 1;
        }
      }
    } catch (InterruptedException e) {
      err.println("lookaside run: stopping");
      return 130;
    }
  }
}
