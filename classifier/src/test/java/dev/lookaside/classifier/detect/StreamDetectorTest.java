package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestInbox;
import akka.actor.typed.ActorRef;
import akka.actor.typed.DispatcherSelector;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.ingest.AudioChunk;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.SeededRandom;
import dev.lookaside.ingest.SinkMessage;
import dev.lookaside.ingest.StreamMessage;
import dev.lookaside.ingest.StreamProgress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The detector runs on the thread that tells it something: what follows has happened then. */
class StreamDetectorTest {
  private static final int CLASSES = 2;
  private static final Duration MAX_CLOCK_AHEAD = Duration.ofSeconds(5);

  private static final ActorTestKit KIT = ActorTestKit.create(ManualTime.config());

  private final ManualTime time = ManualTime.get(KIT.system());
  private final TestInbox<GpuClassifier.Command> classifier = TestInbox.create();
  private final TestInbox<SinkMessage> sink = TestInbox.create();
  private final TestInbox<KafkaSource.Command> source = TestInbox.create();
  private final TestInbox<StreamDetector.Event> observer = TestInbox.create();
  private final SimulatedStream stream = new SimulatedStream(SeededRandom.of(8), 6);
  private final List<StreamMessage.Chunk> chunks = new ArrayList<>();
  private ActorRef<StreamMessage> detector;

  StreamDetectorTest() {
    for (SimulatedStream.Message m : stream.messages()) {
      if (m.message() instanceof StreamMessage.Chunk chunk) {
        chunks.add(chunk);
      }
    }
  }

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  @Test
  void aChunkBecomesWindowsDetectionsAndProgressAndItsRoomComesBack() {
    start(null);
    give(0, 1);
    answerAll();
    expectCredit(0);
    StreamDetector.Windowed seen = observed(StreamDetector.Windowed.class);
    assertThat(seen.index()).isZero();
    assertThat(seen.outcome()).isEqualTo(StreamDetector.Outcome.SCORED);
    DetectionSink.Publish publish = next(sink, DetectionSink.Publish.class);
    assertThat(publish.assignment()).isEqualTo(SimulatedStream.ASSIGNMENT);
    assertThat(publish.detections().get(0).kind()).isEqualTo(Detection.Kind.STARTED);
    assertThat(publish.progress().throughOffset()).isEqualTo(offset(0));
    assertThat(StreamProgress.of(publish.progress().toBytes()).resumeOffset())
        .isLessThanOrEqualTo(offset(0));
  }

  @Test
  void progressWithoutDetectionsIsPublishedOncePerInterval() {
    start(null);
    give(0, 1);
    answerAll(0);
    expectCredit(0);
    assertThat(sink.hasMessages()).isFalse();
    time.timePasses(Duration.ofSeconds(1));
    assertThat(next(sink, DetectionSink.Publish.class).detections()).isEmpty();
    time.timePasses(Duration.ofSeconds(10));
    assertThat(sink.hasMessages()).isFalse();
  }

  /** Whoever waits for a file's detections need not wait until its stream counts as idle. */
  @Test
  void theLastChunkEndsTheStream() {
    start(null);
    give(0, 1);
    AudioChunk second = chunks.get(1).chunk();
    detector.tell(chunk(changed(second, second.captureTime(), true), 0));
    answerAll();
    DetectionSink.Publish publish;
    do {
      publish = next(sink, DetectionSink.Publish.class);
    } while (!publish.ended());
    assertThat(publish.progress().throughOffset()).isEqualTo(offset(1));
    assertThat(publish.progress().ended()).as("fell idle").isFalse();
  }

  @Test
  void aWindowIsAskedForOnceHoweverLongItsAnswerTakes() {
    start(null);
    give(0, 1);
    List<GpuClassifier.Score> asked = scores();
    assertThat(asked).isNotEmpty();
    time.timePasses(Duration.ofHours(9));
    assertThat(classifier.hasMessages()).isFalse();
    answer(asked, .9f);
    assertThat(observed(StreamDetector.Windowed.class).outcome())
        .isEqualTo(StreamDetector.Outcome.SCORED);
  }

  @Test
  void aRecordOnWhichTheStreamFailsThreeTimesIsQuarantinedAndTheStreamGoesOn() {
    AudioChunk bad = withoutATime(chunks.get(1).chunk());
    start(null);
    give(0, 1);
    answerAll();
    expectCredit(0);
    long[] pauses = {200, 800, 3_200};
    for (int failure = 0; failure < 3; failure++) {
      detector.tell(chunk(bad, failure));
      detector.tell(chunk(chunks.get(2).chunk(), failure)); // on its way when it fails
      if (failure < 2) {
        assertThat(observed(StreamDetector.Restarted.class).recordOffset()).isEqualTo(offset(1));
      } else {
        assertThat(observed(StreamDetector.Quarantined.class).recordOffset()).isEqualTo(offset(1));
      }
      assertThat(classifier.getAllReceived()).last().isInstanceOf(GpuClassifier.Withdraw.class);
      KafkaSource.Credit credit = next(source, KafkaSource.Credit.class);
      assertThat(credit.bytes()).isEqualTo(bad.payload().length);
      expectCredit(2);
      time.timePasses(Duration.ofMillis(pauses[failure] - 1));
      assertThat(source.hasMessages()).isFalse();
      time.timePasses(Duration.ofMillis(1));
      KafkaSource.Rewind rewind = next(source, KafkaSource.Rewind.class);
      assertThat(rewind.fromOffset()).isLessThanOrEqualTo(offset(0));
      assertThat(rewind.delivery()).isEqualTo(failure + 1);
      // A record given before the source has heard of it is ignored; its room comes back.
      detector.tell(chunk(bad, failure));
      assertThat(next(source, KafkaSource.Credit.class).bytes()).isEqualTo(bad.payload().length);
      detector.tell(chunk(chunks.get(0).chunk(), failure + 1));
      answerAll();
      expectCredit(0);
    }
    detector.tell(chunk(bad, 3));
    detector.tell(chunk(chunks.get(2).chunk(), 3));
    detector.tell(new StreamMessage.End(3));
    List<DetectionSink.RejectedRecord> letters = new ArrayList<>();
    StreamProgress last = null;
    answerAll();
    while (last == null || !last.ended()) {
      DetectionSink.Publish publish = next(sink, DetectionSink.Publish.class);
      letters.addAll(publish.letters());
      last = publish.progress();
    }
    assertThat(letters).hasSize(1);
    assertThat(letters.get(0).record().offset()).isEqualTo(offset(1));
    assertThat(letters.get(0).rejection().reason().code()).isEqualTo("failed");
    StreamAccounts accounts = StreamState.of(last).accounts();
    assertThat(accounts.pendingSamples()).isEmpty();
    assertThat(accounts.seconds().rejected()).isPositive();
  }

  @Test
  void aDrainedStreamAnswersWhenWhatIsUnderWayIsOut() {
    start(null);
    give(0, 3);
    List<GpuClassifier.Score> asked = scores();
    detector.tell(new StreamMessage.Drain(source.getRef()));
    long bytes = 0;
    for (int i = 0; i < 3; i++) {
      bytes += next(source, KafkaSource.Credit.class).bytes();
    }
    assertThat(bytes)
        .isEqualTo(chunks.subList(0, 3).stream().mapToLong(c -> c.chunk().payload().length).sum());
    assertThat(source.hasMessages()).isFalse();
    answer(asked, .9f);
    assertThat(source.receiveMessage())
        .isEqualTo(
            new KafkaSource.StreamDrained(SimulatedStream.ASSIGNMENT, SimulatedStream.STREAM));
    assertThat(sink.receiveMessage()).isInstanceOf(DetectionSink.Publish.class);
    assertThat(classifier.hasMessages()).isFalse();
  }

  @Test
  void aStreamThatWaitsToBeginAgainIsDrainedAtOnce() {
    start(null);
    detector.tell(chunk(withoutATime(chunks.get(0).chunk()), 0));
    observed(StreamDetector.Restarted.class);
    next(source, KafkaSource.Credit.class);
    detector.tell(new StreamMessage.Drain(source.getRef()));
    next(source, KafkaSource.StreamDrained.class);
    time.timePasses(Duration.ofSeconds(10));
    assertThat(source.hasMessages()).isFalse();
  }

  @Test
  void whatAStoppedStreamHasAskedForIsWithdrawn() {
    start(null);
    give(0, 1);
    GpuClassifier.Score asked = scores().get(0);
    KIT.stop(detector);
    assertThat(next(classifier, GpuClassifier.Withdraw.class).replyTo()).isEqualTo(asked.replyTo());
  }

  @Test
  void progressThatCannotBeReadCostsItsOpenEventsAndNotTheStream() {
    start(new StreamProgress(offset(0), offset(1), 0, false, new byte[] {1, 2, 3}));
    StreamDetector.Restarted said = observed(StreamDetector.Restarted.class);
    assertThat(said.reason()).startsWith("progress unusable: progress, ");
    give(0, 3);
    answerAll();
    assertThat(observed(StreamDetector.Windowed.class).captureTime())
        .as("of the first record after the progress")
        .isAfterOrEqualTo(chunks.get(2).chunk().captureTime());
  }

  @Test
  void onlyItsOwnAnswersCount() {
    start(null);
    give(0, 1);
    GpuClassifier.Score asked = scores().get(0);
    asked.replyTo().tell(new GpuClassifier.Unscored(asked.ticket() + 1_000, "not mine"));
    asked.replyTo().tell(new GpuClassifier.Unscored(asked.ticket(), "scorer failed twice"));
    StreamDetector.Windowed seen = observed(StreamDetector.Windowed.class);
    assertThat(seen.outcome()).isEqualTo(StreamDetector.Outcome.SHED);
  }

  private void start(@Nullable StreamProgress progress) {
    StreamDetector.Peers peers =
        new StreamDetector.Peers(
            classifier.getRef(), sink.getRef(), source.getRef(), observer.getRef(), () -> 0L);
    detector =
        KIT.spawn(
            StreamDetector.create(
                SimulatedStream.ASSIGNMENT,
                SimulatedStream.STREAM,
                SimulatedStream.model(Combination.MEAN, CLASSES),
                SimulatedStream.settings(4),
                MAX_CLOCK_AHEAD,
                (id, state) -> SimulatedStream.track(state),
                peers,
                progress,
                offset(0)),
            DispatcherSelector.fromConfig("akka.test.calling-thread-dispatcher"));
  }

  private long offset(int which) {
    return chunks.get(which).record().offset();
  }

  private void give(int from, int until) {
    chunks.subList(from, until).forEach(detector::tell);
  }

  private static StreamMessage.Chunk chunk(AudioChunk chunk, long delivery) {
    Instant appended = SimulatedStream.EPOCH;
    return new StreamMessage.Chunk(
        delivery, chunk, SimulatedStream.message(chunk, appended).record());
  }

  /** Its end is later than any time there is. */
  private static AudioChunk withoutATime(AudioChunk c) {
    return changed(c, Instant.MAX, c.last());
  }

  private static AudioChunk changed(AudioChunk c, Instant captured, boolean last) {
    return new AudioChunk(
        c.stream(),
        c.partition(),
        c.recordOffset(),
        c.sequence(),
        c.sampleOffset(),
        captured,
        c.format(),
        c.payload(),
        last);
  }

  /** All that is asked for and was not looked at yet. */
  private List<GpuClassifier.Score> scores() {
    List<GpuClassifier.Score> asked = new ArrayList<>();
    for (GpuClassifier.Command command : classifier.getAllReceived()) {
      if (command instanceof GpuClassifier.Score score) {
        asked.add(score);
      }
    }
    return asked;
  }

  /** Answers until nothing more is asked. */
  private void answerAll() {
    answerAll(.9f);
  }

  private void answerAll(float posterior) {
    while (classifier.hasMessages()) {
      GpuClassifier.Command asked = classifier.receiveMessage();
      if (asked instanceof GpuClassifier.Score score) {
        answer(List.of(score), posterior);
      } else if (asked instanceof GpuClassifier.Resolve r) {
        r.replyTo()
            .tell(
                new GpuClassifier.Resolved(r.ticket(), SimulatedStream.facts("adapter", CLASSES)));
      }
    }
  }

  private static void answer(List<GpuClassifier.Score> asked, float posterior) {
    for (GpuClassifier.Score s : asked) {
      s.replyTo()
          .tell(
              new GpuClassifier.Scored(
                  s.ticket(),
                  new float[] {posterior, 0},
                  SimulatedStream.facts("adapter", CLASSES)));
    }
  }

  private void expectCredit(int which) {
    KafkaSource.Credit credit = next(source, KafkaSource.Credit.class);
    assertThat(credit.bytes()).isEqualTo(chunks.get(which).chunk().payload().length);
    assertThat(credit.records()).isEqualTo(1);
  }

  private <T extends StreamDetector.Event> T observed(Class<T> type) {
    while (true) {
      StreamDetector.Event event = observer.receiveMessage();
      if (type.isInstance(event)) {
        return type.cast(event);
      }
    }
  }

  private static <M, T extends M> T next(TestInbox<M> inbox, Class<T> type) {
    M message = inbox.receiveMessage();
    assertThat(message).isInstanceOf(type);
    return type.cast(message);
  }
}
