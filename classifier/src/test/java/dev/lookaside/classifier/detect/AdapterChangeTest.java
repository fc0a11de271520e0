package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Adapters change in the middle of streams, by the capture time of a window's start. */
class AdapterChangeTest {
  private static final AdapterFacts[] ADAPTERS = {
    SimulatedStream.facts("adapter", CoreRun.CLASSES),
    SimulatedStream.facts("two", 2),
    SimulatedStream.facts("three", 3),
  };

  /** Changes at random times, sometimes twice between two windows. */
  private static Function<Instant, AdapterFacts> ledger(RandomGenerator random) {
    NavigableMap<Instant, AdapterFacts> from = new TreeMap<>();
    from.put(Instant.MIN, ADAPTERS[0]);
    for (int i = 0; i < 1 + random.nextInt(8); i++) {
      from.put(
          SimulatedStream.EPOCH.plusMillis(random.nextInt(5_000)),
          ADAPTERS[random.nextInt(ADAPTERS.length)]);
    }
    return at -> from.floorEntry(at).getValue();
  }

  private static Combination how(RandomGenerator random) {
    return List.of(
            Combination.MEAN,
            Combination.MINIMUM,
            Combination.CENTRE,
            Combination.position(1),
            Combination.position(0),
            Combination.quantile(.3))
        .get(random.nextInt(6));
  }

  @Test
  void anyOrderOfAnswersGivesTheSameBytes() {
    SeededRandom.forAll(
        AdapterChangeTest.class,
        80,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(80));
          Function<Instant, AdapterFacts> ledger = ledger(random);
          Combination how = how(random);
          CoreRun.Setup setup = new CoreRun.Setup(stream, how).adapters(ledger);
          CoreRun calm = setup.run();
          calm.checkEnd();
          assertThat(setup.wild(random).run().allDetections()).isEqualTo(calm.allDetections());
        });
  }

  @Test
  void goingOnAcrossChangesPublishesExactlyWhatFollowed() {
    SeededRandom.forAll(
        AdapterChangeTest.class,
        200,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(40));
          CoreRun.Setup setup = new CoreRun.Setup(stream, how(random)).adapters(ledger(random));
          List<String> whole = setup.run().allDetections();
          CoreRun crashed = new CoreRun(setup.wild(random));
          crashed.untilDone(random.nextInt(200));
          List<String> found = new ArrayList<>(crashed.allDetections());
          found.addAll(setup.from(crashed.progress()).run().allDetections());
          assertThat(found).isEqualTo(whole);
        });
  }

  @Test
  void anEventIsOfTheAdapterInForceAtItsOnset() {
    SeededRandom.forAll(
        AdapterChangeTest.class,
        80,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 80);
          Function<Instant, AdapterFacts> ledger = ledger(random);
          CoreRun run = new CoreRun.Setup(stream, Combination.MEAN).adapters(ledger).run();
          List<MelWindow> windows = stream.windows();
          for (Detection d : run.detections) {
            if (d.kind() == Detection.Kind.ENDED) {
              AdapterFacts its = ledger.apply(windowBefore(windows, d.extent().onsetTime()));
              assertThat(d.origin().adapterDigest()).isEqualTo(its.digest());
              assertThat(its.labels()).contains(d.eventLabel());
            }
          }
        });
  }

  /** When the last window began that had begun by {@code onset}. */
  private static Instant windowBefore(List<MelWindow> windows, Instant onset) {
    return windows.stream()
        .filter(w -> !w.captureTime().isAfter(onset))
        .map(MelWindow::captureTime)
        .max(Instant::compareTo)
        .orElseThrow();
  }

  @Test
  void whatEndedBeforeAChangeIsTheSameAsWithoutIt() {
    SeededRandom.forAll(
        AdapterChangeTest.class,
        60,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 60);
          Instant at = SimulatedStream.EPOCH.plusMillis(random.nextInt(4_000));
          CoreRun never =
              new CoreRun.Setup(stream, Combination.MEAN).adapters(t -> ADAPTERS[0]).run();
          CoreRun changed =
              new CoreRun.Setup(stream, Combination.MEAN)
                  .adapters(t -> ADAPTERS[t.isBefore(at) ? 0 : 1])
                  .run();
          assertThat(endedBefore(changed, at)).containsAll(endedBefore(never, at.minusMillis(70)));
        });
  }

  /** Ended events whose end was certain before {@code at}. */
  private static List<Detection> endedBefore(CoreRun run, Instant at) {
    return run.detections.stream()
        .filter(d -> d.kind() == Detection.Kind.ENDED)
        .filter(d -> d.extent().offsetTime().isBefore(at))
        .toList();
  }
}
