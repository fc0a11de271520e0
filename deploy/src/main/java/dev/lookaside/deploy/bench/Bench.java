package dev.lookaside.deploy.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;

/** The parts that can be measured, in the order in which they run. */
public enum Bench {
  FRONT_END(FrontEndBench::run),
  FORWARD(ForwardBench::forward),
  ADAPTER_COST(ForwardBench::adapterCost),
  ADAPTER_MIX(MixedBench::run),
  GRADIENT(GradientBench::run),
  PIPELINE(PipelineBench::share),
  SWAPS(SwapBench::run),
  MEMORY(PipelineBench::memory);

  private final ObjIntConsumer<Report> measurement;

  Bench(Consumer<Report> measurement) {
    this((report, swaps) -> measurement.accept(report));
  }

  Bench(ObjIntConsumer<Report> measurement) {
    this.measurement = measurement;
  }

  /**
   * Measures and reports.
   *
   * @param swaps of adapters, for {@link #SWAPS}
   */
  public void run(Report report, int swaps) {
    measurement.accept(report, swaps);
  }

  /** The part called {@code name} on the command line. */
  public static Optional<Bench> of(String name) {
    return Arrays.stream(values()).filter(part -> part.word().equals(name)).findFirst();
  }

  /** All names on the command line. */
  public static List<String> names() {
    return Arrays.stream(values()).map(Bench::word).toList();
  }

  private String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
