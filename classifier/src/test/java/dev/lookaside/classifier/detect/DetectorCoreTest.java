package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.SeededRandom;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** A seeded simulation: answers out of order and twice, shed windows, a slow broker, crashes. */
class DetectorCoreTest {
  @Test
  void noWindowIsLostOrDoubledAndAccountsCloseWhateverTheOrderOfAnswers() {
    SeededRandom.forAll(
        DetectorCoreTest.class,
        80,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(80));
          CoreRun run = new CoreRun(stream, stream.firstRecord(), how(random), random, true);
          run.untilDone(Integer.MAX_VALUE);
          run.checkEnd();
        });
  }

  @Test
  void anyOrderOfAnswersGivesTheSameBytes() {
    SeededRandom.forAll(
        DetectorCoreTest.class,
        60,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(80));
          Combination how = how(random);
          CoreRun calm = new CoreRun(stream, stream.firstRecord(), how, null, false);
          calm.untilDone(Integer.MAX_VALUE);
          CoreRun wild = new CoreRun(stream, stream.firstRecord(), how, random, false);
          wild.untilDone(Integer.MAX_VALUE);
          assertThat(wild.published).isEqualTo(calm.published);
        });
  }

  @Test
  void aReplayFromTheSettledRecordFindsAllThatWasNotDurableAndNothingElse() {
    SeededRandom.forAll(
        DetectorCoreTest.class,
        1000,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 1 + random.nextInt(80));
          Combination how = how(random);
          CoreRun whole = new CoreRun(stream, stream.firstRecord(), how, null, false);
          whole.untilDone(Integer.MAX_VALUE);
          CoreRun crashed = new CoreRun(stream, stream.firstRecord(), how, random, false);
          crashed.untilDone(random.nextInt(400));
          Set<String> heard = new HashSet<>(crashed.durable);
          if (crashed.settled < stream.endRecord()) {
            CoreRun again = new CoreRun(stream, crashed.settled, how, random, false);
            again.untilDone(Integer.MAX_VALUE);
            heard.addAll(again.durable);
          }
          assertThat(heard).isEqualTo(new HashSet<>(whole.durable));
        });
  }

  @Test
  void shedWindowsAreReportedOncePerRunWithTheirSamples() {
    RandomGenerator random = SeededRandom.of(5);
    SimulatedStream stream = new SimulatedStream(random, 60);
    CoreRun run = new CoreRun(stream, stream.firstRecord(), Combination.MEAN, random, true);
    run.untilDone(Integer.MAX_VALUE);
    long reported = 0;
    for (Detection d : run.detections) {
      if (d.kind() == Detection.Kind.SHED) {
        assertThat(d.reason()).isEqualTo("queue full");
        reported += d.extent().offsetSample() - d.extent().onsetSample();
      }
    }
    assertThat(reported).isPositive().isEqualTo(run.samples.get(Outcome.SHED));
  }

  @Test
  void everyGapIsToldWithItsSamples() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(11), 80);
    CoreRun run = new CoreRun(stream, stream.firstRecord(), Combination.MEAN, null, false);
    run.untilDone(Integer.MAX_VALUE);
    List<StreamFeaturizer.Gap> gaps =
        stream.events(0).stream()
            .filter(StreamFeaturizer.Gap.class::isInstance)
            .map(StreamFeaturizer.Gap.class::cast)
            .toList();
    List<Detection> told =
        run.detections.stream().filter(d -> d.kind() == Detection.Kind.GAP).toList();
    assertThat(told).hasSameSizeAs(gaps).isNotEmpty();
    for (int i = 0; i < told.size(); i++) {
      assertThat(told.get(i).extent().onsetSample()).isEqualTo(gaps.get(i).span().fromSample());
      assertThat(told.get(i).extent().offsetSample()).isEqualTo(gaps.get(i).span().untilSample());
      assertThat(told.get(i).reason()).isEqualTo("gap");
    }
  }

  @Test
  void withoutABrokerNoMoreThanTheAllowedPublishesWait() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(3), 400);
    CoreRun run =
        new CoreRun(
            stream,
            stream.firstRecord(),
            Combination.MEAN,
            null,
            false,
            4,
            3,
            at -> SimulatedStream.facts("adapter", CoreRun.CLASSES));
    run.brokerDown = true;
    run.untilDone(20_000);
    assertThat(run.waitingPublishes).hasSizeBetween(3, 3 + 4);
    assertThat(run.room).isZero();
    assertThat(run.done).isFalse();
    run.brokerDown = false;
    run.untilDone(Integer.MAX_VALUE);
    run.checkEnd();
  }

  private static Combination how(RandomGenerator random) {
    return List.of(
            Combination.MEAN, Combination.MINIMUM, Combination.CENTRE, Combination.quantile(.3))
        .get(random.nextInt(4));
  }
}
