package dev.lookaside.deploy.cli;

import com.typesafe.config.Config;
import dev.lookaside.deploy.Service;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lookaside run}: the service. */
@Command(
    name = "run",
    description = "Runs the service: audio.chunks in, audio.detections out.",
    footer = {
      "",
      "Start it once more with the same group on this or another machine and the streams are shared.",
      "Ctrl-C stops it in order: what is under way is finished, what is finished is committed.",
      "",
      "Examples:",
      "  lookaside run",
      "  lookaside run --config lookaside.conf --bootstrap-servers kafka1:9092,kafka2:9092",
      "  lookaside run --set lookaside.deploy.metrics.port=9100",
    })
final class Run implements Callable<Integer> {
  private static final Duration LOOK = Duration.ofSeconds(1);

  @Mixin private ConfigOptions options = new ConfigOptions();
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Config config = options.load();
    PrintWriter err = spec.commandLine().getErr();
    try (Interruption interruption = Interruption.ofThisThread();
        Service service = Service.start(config, event -> {})) {
      service.description().forEach(err::println);
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
