package dev.lookaside.deploy.lab;

import dev.lookaside.deploy.bench.Bench;
import dev.lookaside.deploy.bench.Report;
import dev.lookaside.deploy.bench.SwapBench;
import dev.lookaside.deploy.console.OptionValue;
import dev.lookaside.deploy.console.Output;
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
      "  lookaside bench overload delivery",
      "  lookaside bench swaps --swaps 1000",
      "  lookaside bench gate --sets 20 --seed 1 --json gate.json",
      "  lookaside bench label-choice --sets 24 --seed 1"
    },
    description = {
      "Measure this machine: front end, forward pass, adapters, gradients, pipeline, load, memory,"
          + " refits.",
      "",
      "Prints machine, Java, command and figures. What is compared runs in turns in one process."
          + " All parts take some minutes.",
      "",
      "Part gate runs only where it is named: it fits the bundled model's head to sets of right,"
          + " half wrong and random labels, and counts which ones the trainer's gate rejects."
          + " The same seed gives the same counts; 24 sets of each kind took 21 minutes of two"
          + " cores that had other work, too.",
      "",
      "Part label-choice runs only where it is named, too: it refits the head on 2, 5, 10 and 20"
          + " labels that lookaside label next would ask for and on as many drawn at random, and"
          + " scores both on the same unseen sounds, as often as --sets says."
    })
public final class BenchCommand implements Runnable {
  private static final int MAX_SWAPS = 100_000;
  private static final int MAX_SETS = 1_000;

  @Parameters(
      arity = "0..*",
      paramLabel = "PART",
      description =
          "front-end, forward, adapter-cost, adapter-mix, gradient, pipeline, overload, delivery,"
              + " swaps, memory, refit, gate, label-choice or all (the default): all but gate and"
              + " label-choice.")
  private List<String> parts = List.of();

  @Option(names = "--json", paramLabel = "FILE", description = "Write the figures there, too.")
  private @Nullable Path json;

  @Option(
      names = "--swaps",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Swaps of part swaps, 101 to 100000, 0.2 s each. Default: ${DEFAULT-VALUE}.")
  private int swaps;

  @Option(
      names = "--sets",
      paramLabel = "N",
      defaultValue = "20",
      description =
          "Sets of parts gate (of each kind) and label-choice, 1 to 1000. Default:"
              + " ${DEFAULT-VALUE}.")
  private int sets;

  @Option(
      names = "--full",
      description =
          "Parts gate and label-choice refit the whole adapter, which takes some five times as"
              + " long.")
  private boolean full;

  @Option(
      names = "--sounds",
      paramLabel = "DIR",
      description =
          "Class folders of the bundled model's ten classes, played and labelled by part gate"
              + " instead of the bundled sounds.")
  private @Nullable Path sounds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Random seed of the sets of parts refit, gate and label-choice. Default:"
              + " ${DEFAULT-VALUE}.")
  private long seed;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    Set<Bench> chosen = chosen();
    OptionValue.within("--swaps", swaps, SwapBench.EARLY + 1, MAX_SWAPS);
    OptionValue.within("--sets", sets, 1, MAX_SETS);
    Report report =
        new Report(
            spec.commandLine().getOut(),
            "lookaside "
                + String.join(" ", spec.root().commandLine().getParseResult().originalArgs()));
    for (Bench part : chosen) {
      part.run(report, new Bench.Options(swaps, sets, full, sounds, seed));
    }
    if (json != null) {
      Output.write("--json", json, report.json());
    }
  }

  private Set<Bench> chosen() {
    Set<Bench> chosen = EnumSet.noneOf(Bench.class);
    for (String name : parts) {
      chosen.addAll(
          name.equals("all")
              ? Bench.ofMachine()
              : Bench.of(name)
                  .map(Set::of)
                  .orElseThrow(
                      () ->
                          new ParameterException(
                              spec.commandLine(),
                              "PART \"" + name + "\": must be all or some of " + Bench.names())));
    }
    return chosen.isEmpty() ? Bench.ofMachine() : chosen;
  }
}
