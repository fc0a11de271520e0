package dev.lookaside.deploy.cli;

import dev.lookaside.deploy.bench.Bench;
import dev.lookaside.deploy.bench.Report;
import dev.lookaside.deploy.bench.SwapBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lookaside bench}: what this machine can do. */
@Command(
    name = "bench",
    footer = {
      "",
      "Examples:",
      "  lookaside bench front-end forward --json bench.json",
      "  lookaside bench swaps --swaps 1000"
    },
    description = {
      "Measure this machine: front end, forward pass, adapters, gradients, pipeline, memory.",
      "",
      "Prints machine, Java, command and figures. What is compared runs in turns in one process."
          + " All parts take some minutes."
    })
final class BenchCommand implements Runnable {
  private static final int MAX_SWAPS = 100_000;

  @Parameters(
      arity = "0..*",
      paramLabel = "PART",
      description =
          "front-end, forward, adapter-cost, adapter-mix, gradient, pipeline, swaps, memory or"
              + " all (the default).")
  private List<String> parts = List.of();

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there, too.")
  private @Nullable Path json;

  @Option(
      names = "--swaps",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Swaps of part swaps, 101 to 100000, 0.2 s each. Default: ${DEFAULT-VALUE}.")
  private int swaps;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    Set<Bench> chosen = chosen();
    if (swaps <= SwapBench.EARLY || swaps > MAX_SWAPS) {
      throw new CliException(
          "--swaps \"%d\": must be %d to %d".formatted(swaps, SwapBench.EARLY + 1, MAX_SWAPS));
    }
    Report report =
        new Report(
            spec.commandLine().getOut(),
            "lookaside "
                + String.join(" ", spec.root().commandLine().getParseResult().originalArgs()));
    for (Bench part : chosen) {
      part.run(report, swaps);
    }
    if (json != null) {
      try {
        Files.writeString(json, report.json().toPrettyString() + "\n");
      } catch (IOException e) {
        throw new CliException(
            "--json \"" + json + "\": cannot be written: " + Errors.describe(e), e);
      }
    }
  }

  private Set<Bench> chosen() {
    Set<Bench> chosen = EnumSet.noneOf(Bench.class);
    for (String name : parts) {
      if (name.equals("all")) {
        return EnumSet.allOf(Bench.class);
      }
      chosen.add(
          Bench.of(name)
              .orElseThrow(
                  () ->
                      new ParameterException(
                          spec.commandLine(),
                          "PART \"" + name + "\": must be all or of " + Bench.names())));
    }
    return chosen.isEmpty() ? EnumSet.allOf(Bench.class) : chosen;
  }
}
