package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.ingest.SeededRandom;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
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
          long from = stream.firstRecord();
          CoreRun calm = new CoreRun(stream, from, how, null, false, ledger);
          calm.untilDone(Integer.MAX_VALUE);
          calm.checkEnd();
          CoreRun wild = new CoreRun(stream, from, how, random, false, ledger);
          wild.untilDone(Integer.MAX_VALUE);
          assertThat(wild.published).isEqualTo(calm.published);
        });
  }

  @Test
  void aReplayAcrossChangesFindsAllThatWasNotDurableAndNothingElse() {
    SeededRandom.forAll(
        AdapterChangeTest.class,
        300,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(80));
          Function<Instant, AdapterFacts> ledger = ledger(random);
          Combination how = how(random);
          CoreRun whole = new CoreRun(stream, stream.firstRecord(), how, null, false, ledger);
          whole.untilDone(Integer.MAX_VALUE);
          CoreRun crashed = new CoreRun(stream, stream.firstRecord(), how, random, false, ledger);
          crashed.untilDone(random.nextInt(400));
          Set<String> heard = new HashSet<>(crashed.durable);
          if (crashed.settled < stream.endRecord()) {
            CoreRun again = new CoreRun(stream, crashed.settled, how, random, false, ledger);
            again.untilDone(Integer.MAX_VALUE);
            heard.addAll(again.durable);
          }
          assertThat(heard).isEqualTo(new HashSet<>(whole.durable));
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
          CoreRun run =
              new CoreRun(stream, stream.firstRecord(), Combination.MEAN, null, false, ledger);
          run.untilDone(Integer.MAX_VALUE);
          for (Detection d : run.detections) {
            if (d.kind() == Detection.Kind.ENDED) {
              AdapterFacts its = ledger.apply(windowBefore(stream, d.extent().onsetTime()));
              assertThat(d.origin().adapterDigest()).isEqualTo(its.digest());
              assertThat(its.labels()).contains(d.eventLabel());
            }
          }
        });
  }

  /** When the last window began that had begun by {@code onset}. */
  private static Instant windowBefore(SimulatedStream stream, Instant onset) {
    return stream.events(0).stream()
        .map(SimulatedStream::window)
        .filter(w -> w != null && !w.captureTime().isAfter(onset))
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
          long from = stream.firstRecord();
          CoreRun never =
              new CoreRun(stream, from, Combination.MEAN, null, false, t -> ADAPTERS[0]);
          never.untilDone(Integer.MAX_VALUE);
          CoreRun changed =
              new CoreRun(
                  stream,
                  from,
                  Combination.MEAN,
                  null,
                  false,
                  t -> ADAPTERS[t.isBefore(at) ? 0 : 1]);
          changed.untilDone(Integer.MAX_VALUE);
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
