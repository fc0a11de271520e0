package dev.lookaside.deploy.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The parts that can be measured, in the order in which they run. */
public enum Bench {
  FRONT_END(FrontEndBench::run),
  FORWARD(ForwardBench::forward),
  ADAPTER_COST(ForwardBench::adapterCost),
  ADAPTER_MIX(MixedBench::run),
  GRADIENT(GradientBench::run),
  PIPELINE(PipelineBench::share),
  OVERLOAD(LoadBench::overload),
  DELIVERY(LoadBench::delivery),
  SWAPS((report, options) -> SwapBench.run(report, options.swaps())),
  MEMORY(PipelineBench::memory),
  REFIT(RefitBench::run),
  /** Takes longer than all others together, and shows nothing of the machine. */
  GATE(GateBench::run),
  /** As {@link #GATE}. */
  LABEL_CHOICE(LabelChoiceBench::run);

  private final BiConsumer<Report, Options> measurement;

  Bench(Consumer<Report> measurement) {
    this((report, options) -> measurement.accept(report));
  }

  Bench(BiConsumer<Report, Options> measurement) {
    this.measurement = measurement;
  }

  /** Measures and reports. */
  public void run(Report report, Options options) {
    measurement.accept(report, options);
  }

  /** Those that measure the machine: all but {@link #GATE} and {@link #LABEL_CHOICE}. */
  public static Set<Bench> ofMachine() {
    return EnumSet.complementOf(EnumSet.of(GATE, LABEL_CHOICE));
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

  /**
   * What parts can be asked for besides.
   *
   * @param swaps of adapters, for part swaps
   * @param sets of labels: of each kind for part gate, and for part label-choice
   * @param full whether part gate refits the whole adapter, else the head
   * @param sounds class folders of what is played and labelled there; null: the bundled sounds
   * @param seed of these sets, and of that of part refit
   */
  public record Options(int swaps, int sets, boolean full, @Nullable Path sounds, long seed) {}
}
