package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lookaside.classifier.detect.StreamDetector.Outcome;
import dev.lookaside.classifier.infer.AdapterFacts;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamTrack;
import dev.lookaside.ingest.IngestException;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

/** A seeded simulation: answers out of order and twice, windows unscored, crashes, deletions. */
class StreamCoreTest {
  @Test
  void noWindowIsLostOrDoubledAndAccountsCloseWhateverTheOrderOfAnswers() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        200,
        random -> {
          SimulatedStream stream = SimulatedStream.troubled(random, 1 + random.nextInt(40));
          CoreRun run = setup(stream, random).wild(random).unscored().run();
          run.checkEnd();
          List<MelWindow> windows = stream.windows();
          assertThat(run.windowed)
              .extracting(StreamDetector.Windowed::index)
              .containsExactlyElementsOf(windows.stream().map(MelWindow::index).toList());
          assertThat(run.windowed)
              .extracting(StreamDetector.Windowed::samples)
              .containsExactlyElementsOf(windows.stream().map(MelWindow::freshSamples).toList());
        });
  }

  @Test
  void anyOrderOfAnswersGivesTheSameBytes() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        200,
        random -> {
          SimulatedStream stream = SimulatedStream.troubled(random, 1 + random.nextInt(40));
          CoreRun.Setup setup = setup(stream, random).unscored();
          CoreRun calm = setup.run();
          CoreRun wild = setup.wild(random).run();
          assertThat(wild.allDetections()).isEqualTo(calm.allDetections());
          assertThat(wild.allLetters()).isEqualTo(calm.allLetters());
          assertThat(CoreRun.same(wild.progress(), calm.progress())).isTrue();
        });
  }

  /** Nothing twice, nothing lost, whatever crashes where: the promise of exactly once. */
  @Test
  void goingOnFromAnyPublishedProgressPublishesExactlyWhatFollowed() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        1_000,
        random -> {
          SimulatedStream stream = SimulatedStream.troubled(random, 1 + random.nextInt(25));
          CoreRun.Setup setup = setup(stream, random).unscored().adapters(ledger(random));
          CoreRun whole = setup.run();
          List<String> detections = new ArrayList<>();
          List<Long> letters = new ArrayList<>();
          setup.wild(random);
          for (int crashes = 3; crashes > 0; crashes--) {
            CoreRun life = new CoreRun(setup);
            life.untilDone(random.nextInt(120));
            int durable = random.nextInt(life.published.size() + 1);
            for (CoreRun.Published p : life.published.subList(0, durable)) {
              detections.addAll(p.detections());
              letters.addAll(p.letters());
              setup.from(p.progress());
            }
          }
          CoreRun last = setup.run();
          last.checkEnd();
          detections.addAll(last.allDetections());
          letters.addAll(last.allLetters());
          assertThat(detections).isEqualTo(whole.allDetections());
          assertThat(letters).isEqualTo(whole.allLetters());
          assertThat(last.progress()).isNotNull();
          assertThat(CoreRun.same(last.progress(), whole.progress())).isTrue();
        });
  }

  @Test
  void recordsDeletedMeanwhileStopNothingAndTheAccountsClose() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        400,
        random -> {
          SimulatedStream stream = SimulatedStream.troubled(random, 1 + random.nextInt(25));
          CoreRun.Setup setup = setup(stream, random).wild(random);
          CoreRun first = new CoreRun(setup);
          first.untilDone(20 + random.nextInt(60));
          StreamProgress from = first.progress();
          if (from == null) {
            return;
          }
          setup.from(from);
          long until = from.resumeOffset() + random.nextInt(12);
          setup.deleted = offset -> offset < until;
          setup.run().checkEnd();
        });
  }

  @Test
  void unscoredWindowsAreReportedOncePerRunWithTheirSamples() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(5), 60);
    CoreRun run = new CoreRun.Setup(stream, Combination.MEAN).unscored().run();
    long reported = 0;
    for (Detection d : run.detections) {
      if (d.kind() == Detection.Kind.SHED) {
        assertThat(d.reason()).isEqualTo("scorer failed twice");
        reported += d.extent().offsetSample() - d.extent().onsetSample();
      }
    }
    assertThat(reported).isPositive().isEqualTo(run.samples.get(Outcome.SHED));
  }

  @Test
  void everyGapIsReportedWithItsSamples() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(11), 80);
    CoreRun run = new CoreRun.Setup(stream, Combination.MEAN).run();
    List<StreamTrack.Gap> gaps =
        stream.events().stream()
            .filter(StreamTrack.Boundary.class::isInstance)
            .flatMap(e -> ((StreamTrack.Boundary) e).gaps().stream())
            .toList();
    List<Detection> reported =
        run.detections.stream().filter(d -> d.kind() == Detection.Kind.GAP).toList();
    assertThat(reported).hasSameSizeAs(gaps).isNotEmpty();
    for (int i = 0; i < reported.size(); i++) {
      Detection.Extent extent = reported.get(i).extent();
      assertThat(extent.onsetSample()).isEqualTo(gaps.get(i).span().fromSample());
      assertThat(extent.offsetSample()).isEqualTo(gaps.get(i).span().untilSample());
      assertThat(reported.get(i).reason()).isEqualTo("gap");
    }
  }

  @Test
  void aFastClockIsJudgedByTheBrokersTimeAndReportedOnce() {
    for (Duration ahead : List.of(Duration.ofMinutes(2), Duration.ofHours(9))) {
      SimulatedStream stream = new SimulatedStream(SeededRandom.of(4), 40, false, ahead);
      CoreRun run = new CoreRun.Setup(stream, Combination.MEAN).run();
      run.checkEnd();
      Instant newest =
          ((StreamMessage.Chunk) stream.messages().get(39).message()).chunk().captureTime();
      assertThat(run.askedAt)
          .isNotEmpty()
          .allMatch(at -> at.isBefore(newest.minus(ahead).plusSeconds(6)));
      assertThat(clocks(run)).containsExactly(ahead.minusMillis(300));
      assertThat(run.detections)
          .as("their times are the sender's")
          .allMatch(d -> d.epoch().equals(SimulatedStream.EPOCH.plus(ahead)));
    }
  }

  @Test
  void aRightClockIsLeftAlone() {
    CoreRun run =
        new CoreRun.Setup(new SimulatedStream(SeededRandom.of(4), 40), Combination.MEAN).run();
    assertThat(clocks(run)).isEmpty();
    assertThat(run.askedAt)
        .containsExactlyElementsOf(
            run.windowed.stream()
                .filter(w -> w.outcome() == Outcome.SCORED)
                .map(StreamDetector.Windowed::captureTime)
                .toList());
  }

  @Test
  void aClockIsReportedAgainWhenItIsWrongByMuchMoreAndWhenItIsRight() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(4), 8);
    CoreRun.Setup setup = new CoreRun.Setup(stream, Combination.MEAN);
    setup.settings = SimulatedStream.settings(1_000);
    CoreRun run = new CoreRun(setup);
    long[] aheadSeconds = {0, 3, 4, 3, 20, 0, -30, -90};
    for (int i = 0; i < 8; i++) {
      StreamMessage.Chunk c = (StreamMessage.Chunk) stream.messages().get(i).message();
      run.core.accept(
          SimulatedStream.message(
              c.chunk(), c.chunk().captureTime().minusSeconds(aheadSeconds[i])));
    }
    assertThat(clocks(run))
        .containsExactly(
            Duration.ofSeconds(3), Duration.ofSeconds(20), Duration.ZERO, Duration.ofSeconds(-90));
  }

  @Test
  void aClockThatWasReportedIsNotReportedAgainByWhoeverGoesOn() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(4), 4);
    CoreRun.Setup setup = new CoreRun.Setup(stream, Combination.MEAN);
    CoreRun run = new CoreRun(setup);
    long[] aheadSeconds = {0, 3, 0};
    List<StreamMessage.Chunk> given = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      StreamMessage.Chunk c = (StreamMessage.Chunk) stream.messages().get(i).message();
      given.add(
          SimulatedStream.message(
              c.chunk(), c.chunk().captureTime().minusSeconds(aheadSeconds[i])));
    }
    given.forEach(run.core::accept);
    run.answerAll();
    run.core.publishProgress();
    assertThat(clocks(run)).containsExactly(Duration.ofSeconds(3), Duration.ZERO);
    assertThat(run.progress().resumeOffset()).isLessThanOrEqualTo(given.get(1).record().offset());
    CoreRun next = new CoreRun(setup.from(run.progress()));
    given.forEach(next.core::accept);
    assertThat(clocks(next)).isEmpty();
  }

  @Test
  void whatFailsWhileARecordIsTakenIsBlamedOnThatRecord() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        100,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 20);
          CoreRun.Setup setup = setup(stream, random).wild(random);
          int which = random.nextInt(20);
          setup.failsAt = stream.messages().get(which).recordOffset();
          // The padded window before a gap is taken with the record after it.
          long next = stream.messages().get(which + 1).recordOffset();
          CoreRun run = new CoreRun(setup);
          try {
            run.untilDone(Integer.MAX_VALUE);
          } catch (IllegalStateException e) {
            assertThat(run.core.currentOffset()).isIn(setup.failsAt, next);
          }
        });
  }

  @Test
  void withoutTheBrokersTimeTheSendersCounts() {
    Duration ahead = Duration.ofHours(9);
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(4), 10, false, ahead);
    CoreRun run = new CoreRun(new CoreRun.Setup(stream, Combination.MEAN));
    for (SimulatedStream.Message m : stream.messages().subList(0, 10)) {
      StreamMessage.Chunk c = (StreamMessage.Chunk) m.message();
      long millis = c.record().timestamp();
      run.core.accept(
          new StreamMessage.Chunk(
              0, c.chunk(), SimulatedStream.record(c.chunk(), millis, TimestampType.CREATE_TIME)));
    }
    assertThat(clocks(run)).isEmpty();
    assertThat(run.askedAt)
        .isNotEmpty()
        .allMatch(at -> !at.isBefore(SimulatedStream.EPOCH.plus(ahead)));
  }

  @Test
  void aRecordThatFailedTheStreamIsRejectedWithOneLetterAndItsSecondsAccounted() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        200,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 3 + random.nextInt(20));
          CoreRun.Setup setup = setup(stream, random).wild(random);
          int which = random.nextInt(stream.messages().size() - 2);
          long bad = stream.messages().get(which).recordOffset();
          setup.newPoison = Set.of(bad);
          List<Long> letters = new ArrayList<>();
          CoreRun first = new CoreRun(setup);
          first.untilDone(random.nextInt(60));
          for (CoreRun.Published p : first.published) {
            letters.addAll(p.letters());
            assertThat(letters)
                .as("who goes on from here writes no letter for what the state knows of")
                .containsAll(StreamState.of(p.progress()).poison());
            setup.from(p.progress());
          }
          // In another process nobody knows of it but by the progress.
          setup.newPoison = letters.isEmpty() ? Set.of(bad) : Set.of();
          CoreRun rest = setup.run();
          rest.checkEnd();
          letters.addAll(rest.allLetters());
          assertThat(letters).containsExactly(bad);
          StreamAccounts.Seconds s = CoreRun.accounts(rest.progress()).seconds();
          // Nothing says how long a first chunk was that cannot be read.
          if (which > 0) {
            assertThat(s.rejected()).isPositive();
          }
        });
  }

  /** What was taken well and fails later, when its windows are decoded. */
  @Test
  void aRecordThatFailsLateLosesItsSegmentsRestAndTheStreamGoesOn() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        200,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 6 + random.nextInt(20));
          CoreRun.Setup setup = setup(stream, random);
          CoreRun first = new CoreRun(setup);
          first.untilDone(5 + random.nextInt(40));
          first.core.publishProgress();
          StreamProgress from = first.progress();
          if (from == null || from.resumeOffset() > from.throughOffset()) {
            return;
          }
          setup.from(from);
          setup.newPoison = Set.of(from.throughOffset());
          CoreRun rest = setup.run();
          rest.checkEnd();
          assertThat(rest.allLetters()).containsExactly(from.throughOffset());
          setup.newPoison = Set.of();
          assertThat(setup.from(rest.published.get(0).progress()).run().allLetters()).isEmpty();
        });
  }

  @Test
  void inAnOverloadEachWindowIsAskedForOnceHoweverLongItsAnswerTakes() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(6), 200);
    CoreRun.Setup setup = new CoreRun.Setup(stream, Combination.MEAN);
    setup.settings = SimulatedStream.settings(4);
    CoreRun run = new CoreRun(setup);
    run.giveAll();
    assertThat(run.askedAt).as("no more than may be under way").hasSize(4);
    assertThat(run.core.full()).isTrue();
    assertThat(run.windowed).allMatch(w -> w.outcome() == Outcome.SKIPPED);
    run.untilDone(Integer.MAX_VALUE); // CoreRun sees that no window comes twice.
    long loud = run.windowed.stream().filter(w -> w.outcome() == Outcome.SCORED).count();
    assertThat(run.askedAt).hasSize((int) loud);
  }

  @Test
  void skippingToLiveShedsWhatIsOldWithARecordAndClosesTheAccounts() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(6), 60);
    CoreRun.Setup setup = new CoreRun.Setup(stream, Combination.MEAN);
    setup.settings =
        SimulatedStream.settings(4, new DetectSettings.Overload(Duration.ofSeconds(2)));
    StreamMessage.Chunk newest = (StreamMessage.Chunk) stream.messages().get(59).message();
    setup.nowMillis = newest.record().timestamp() + 500;
    CoreRun run = setup.run();
    run.checkEnd();
    assertThat(run.samples.get(Outcome.SHED)).isPositive();
    assertThat(run.samples.get(Outcome.SCORED)).isPositive();
    List<Detection> sheds =
        run.detections.stream().filter(d -> d.kind() == Detection.Kind.SHED).toList();
    assertThat(
            sheds.stream()
                .mapToLong(d -> d.extent().offsetSample() - d.extent().onsetSample())
                .sum())
        .isEqualTo(run.samples.get(Outcome.SHED));
    assertThat(sheds)
        .isNotEmpty()
        .allMatch(
            d -> d.reason().equals("older than 2 s when its turn came (overload = skip-to-live)"));
    setup.settings = SimulatedStream.settings(4);
    assertThat(setup.run().samples).as("process-all sheds nothing").doesNotContainKey(Outcome.SHED);
  }

  /** The end of an idle stream comes long after its audio, whatever the load. */
  @Test
  void theTailOfAnIdleStreamIsNotTooOldToBeScored() {
    int[] tails = {0};
    SeededRandom.forAll(
        StreamCoreTest.class,
        20,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 10);
          CoreRun.Setup setup = new CoreRun.Setup(stream, Combination.MEAN);
          setup.settings =
              SimulatedStream.settings(4, new DetectSettings.Overload(Duration.ofSeconds(2)));
          setup.nowMillis = 0;
          CoreRun run = new CoreRun(setup);
          run.untilLeft(1); // The end.
          int before = run.askedAt.size();
          setup.nowMillis = Long.MAX_VALUE;
          run.untilDone(Integer.MAX_VALUE);
          run.checkEnd();
          assertThat(run.samples).doesNotContainKey(Outcome.SHED);
          tails[0] += run.askedAt.size() - before;
        });
    assertThat(tails[0]).as("windows that came with an end").isPositive();
  }

  @Test
  void aStateOfAnotherFrontEndBeginsItsWindowsAnewAndAccountsForTheRest() {
    SimulatedStream stream = new SimulatedStream(SeededRandom.of(9), 20);
    CoreRun.Setup setup = new CoreRun.Setup(stream, Combination.MEAN);
    CoreRun first = new CoreRun(setup);
    first.untilDone(30);
    first.core.publishProgress();
    StreamProgress p = first.progress();
    byte[] state = p.state().clone();
    int digit = 1 + 4 + 3; // Into the text of the fingerprint.
    state[digit]++;
    setup.from(
        new StreamProgress(
            p.resumeOffset(), p.throughOffset(), p.logTimeMillis(), p.ended(), state));
    CoreRun rest = setup.run();
    rest.checkEnd();
    assertThat(rest.observed).anyMatch(e -> e instanceof StreamDetector.Restarted);
    assertThat(rest.windowed).isNotEmpty();
  }

  @Test
  void malformedProgressIsAnIngestException() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        200,
        random -> {
          SimulatedStream stream = new SimulatedStream(random, 20);
          CoreRun.Setup setup = setup(stream, random);
          CoreRun run = new CoreRun(setup);
          run.untilDone(10 + random.nextInt(60));
          run.core.publishProgress();
          StreamProgress p = run.progress();
          if (p == null) {
            return;
          }
          byte[] cut = Arrays.copyOf(p.state(), random.nextInt(p.state().length));
          assertRefused(setup, p, cut);
          assertRefused(setup, p, Arrays.copyOf(p.state(), p.state().length + 1));
          byte[] newer = p.state().clone();
          newer[0]++;
          assertRefused(setup, p, newer);
        });
  }

  /** Whoever catches this begins the stream anew; an error or a loop would end the worker. */
  @Test
  void damagedProgressFailsAsExceptionsDo() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        300,
        random -> {
          SimulatedStream stream = SimulatedStream.troubled(random, 8);
          CoreRun.Setup setup = setup(stream, random);
          CoreRun run = new CoreRun(setup);
          run.untilDone(4 + random.nextInt(20));
          run.core.publishProgress();
          StreamProgress p = run.progress();
          if (p == null) {
            return;
          }
          byte[] state = p.state().clone();
          state[random.nextInt(state.length)] ^= (byte) (1 << random.nextInt(8));
          setup.from(
              new StreamProgress(
                  p.resumeOffset(), p.throughOffset(), p.logTimeMillis(), p.ended(), state));
          try {
            new CoreRun(setup);
          } catch (RuntimeException e) {
            assertThat(e).hasMessageMatching("(?s).+");
          }
        });
  }

  private static void assertRefused(CoreRun.Setup setup, StreamProgress p, byte[] state) {
    setup.from(
        new StreamProgress(
            p.resumeOffset(), p.throughOffset(), p.logTimeMillis(), p.ended(), state));
    assertThatThrownBy(() -> new CoreRun(setup))
        .isInstanceOf(IngestException.class)
        .hasMessageStartingWith("progress, ");
    setup.from(null);
  }

  @Test
  void aDrainedStreamBringsOutWhatIsUnderWayAndNothingElse() {
    SeededRandom.forAll(
        StreamCoreTest.class,
        200,
        random -> {
          SimulatedStream stream = SimulatedStream.troubled(random, 2 + random.nextInt(25));
          CoreRun.Setup setup = setup(stream, random);
          CoreRun whole = setup.run();
          CoreRun run = new CoreRun(setup.wild(random));
          run.untilDone(random.nextInt(60));
          int asked = run.askedAt.size();
          run.core.drain();
          run.untilDone(Integer.MAX_VALUE);
          assertThat(run.core.drained()).isTrue();
          assertThat(run.askedAt).hasSize(asked);
          List<String> all = new ArrayList<>(run.allDetections());
          CoreRun rest = setup.from(run.progress()).run();
          rest.checkEnd();
          all.addAll(rest.allDetections());
          assertThat(all).isEqualTo(whole.allDetections());
        });
  }

  private static List<Duration> clocks(CoreRun run) {
    return run.observed.stream()
        .filter(StreamDetector.ClockOff.class::isInstance)
        .map(e -> ((StreamDetector.ClockOff) e).ahead())
        .toList();
  }

  private static Function<Instant, AdapterFacts> ledger(RandomGenerator random) {
    Instant change = SimulatedStream.EPOCH.plusMillis(random.nextInt(3_000));
    AdapterFacts first = SimulatedStream.facts("adapter", CoreRun.CLASSES);
    AdapterFacts second = SimulatedStream.facts("two", 2);
    return at -> at.isBefore(change) ? first : second;
  }

  private static CoreRun.Setup setup(SimulatedStream stream, RandomGenerator random) {
    return new CoreRun.Setup(
        stream,
        List.of(Combination.MEAN, Combination.MINIMUM, Combination.CENTRE, Combination.quantile(.3))
            .get(random.nextInt(4)));
  }
}
