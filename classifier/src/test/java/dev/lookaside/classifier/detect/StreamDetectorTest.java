package dev.lookaside.classifier.detect;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.FishingOutcomes;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.classifier.infer.GpuClassifier;
import dev.lookaside.featurizer.MelWindow;
import dev.lookaside.featurizer.StreamFeaturizer;
import dev.lookaside.ingest.KafkaSource;
import dev.lookaside.ingest.SeededRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class StreamDetectorTest {
  private static final int CLASSES = 2;
  private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseString("akka.actor.testkit.typed.single-expect-default = 60s")
              .withFallback(ManualTime.config()));

  private final ManualTime time = ManualTime.get(KIT.system());
  private final TestProbe<GpuClassifier.Command> classifier = KIT.createTestProbe();
  private final TestProbe<DetectionSink.Command> sink = KIT.createTestProbe();
  private final TestProbe<KafkaSource.Command> source = KIT.createTestProbe();
  private final TestProbe<StreamDetector.Event> observer = KIT.createTestProbe();
  private final TestProbe<StreamFeaturizer.Command> featurizer = KIT.createTestProbe();
  private final AtomicReference<ActorRef<StreamFeaturizer.Event>> events = new AtomicReference<>();
  private final SimulatedStream stream = new SimulatedStream(SeededRandom.of(8), 6);
  private ActorRef<StreamDetector.Command> detector;

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  @Test
  void asksForWindowsForwardsCommandsAndScoresInOrder() {
    start();
    featurizer.expectMessage(new StreamFeaturizer.Demand(4));
    detector.tell(new StreamDetector.Forward(StreamFeaturizer.End.INSTANCE));
    featurizer.expectMessage(StreamFeaturizer.End.INSTANCE);
    MelWindow first = tellReady(0);
    GpuClassifier.Score score = classifier.expectMessageClass(GpuClassifier.Score.class);
    assertThat(score.window()).isSameAs(first);
    score.replyTo().tell(scored(first, .9f));
    featurizer.expectMessage(new StreamFeaturizer.Demand(1));
    StreamDetector.Windowed seen = observer.expectMessageClass(StreamDetector.Windowed.class);
    assertThat(seen.outcome()).isEqualTo(StreamDetector.Outcome.SCORED);
    assertThat(seen.index()).isEqualTo(first.index());
  }

  @Test
  void settlesOnlyAfterTheSinkSaysDurable() {
    start();
    List<StreamFeaturizer.Event> all = stream.events(0);
    for (StreamFeaturizer.Event event : all) {
      events.get().tell(event);
      if (event instanceof StreamFeaturizer.WindowReady ready) {
        classifier
            .expectMessageClass(GpuClassifier.Score.class)
            .replyTo()
            .tell(scored(ready.window(), .9f));
      } else if (event instanceof StreamFeaturizer.WindowSkipped
          || event instanceof StreamFeaturizer.Gap) {
        GpuClassifier.Resolve ask = classifier.expectMessageClass(GpuClassifier.Resolve.class);
        ask.replyTo()
            .tell(
                new GpuClassifier.Resolved(
                    ask.stream(), ask.index(), SimulatedStream.facts("adapter", CLASSES)));
      }
    }
    DetectionSink.Publish publish = sink.expectMessageClass(DetectionSink.Publish.class);
    assertThat(publish.detections().get(0).kind()).isEqualTo(Detection.Kind.STARTED);
    DetectionSink.Publish last = publish;
    while (last.detections().stream().noneMatch(d -> d.kind() == Detection.Kind.ENDED)) {
      last = sink.expectMessageClass(DetectionSink.Publish.class);
    }
    KafkaSource.Settled early = source.expectMessageClass(KafkaSource.Settled.class);
    assertThat(early.resumeOffset()).isEqualTo(stream.firstRecord());
    source.expectNoMessage(Duration.ZERO);
    for (long n = publish.number(); n <= last.number(); n++) {
      publish.replyTo().tell(new DetectionSink.Durable(n));
    }
    KafkaSource.Settled settled = source.expectMessageClass(KafkaSource.Settled.class);
    assertThat(settled.resumeOffset()).isEqualTo(stream.endRecord());
    StreamDetector.Delivered delivered =
        observer
            .fishForMessage(
                Duration.ofSeconds(3),
                e ->
                    e instanceof StreamDetector.Delivered
                        ? FishingOutcomes.complete()
                        : FishingOutcomes.continueAndIgnore())
            .stream()
            .map(StreamDetector.Delivered.class::cast)
            .findFirst()
            .orElseThrow();
    assertThat(delivered.durableAt()).isEqualTo(NOW);
    sink.expectTerminated(detector);
  }

  @Test
  void aWindowWithoutAnswerIsAskedForAgainAndThenShed() {
    start();
    MelWindow first = tellReady(0);
    classifier.expectMessageClass(GpuClassifier.Score.class);
    time.timePasses(Duration.ofSeconds(1));
    assertThat(classifier.expectMessageClass(GpuClassifier.Score.class).window()).isSameAs(first);
    observer.expectNoMessage(Duration.ZERO);
    time.timePasses(Duration.ofSeconds(1));
    StreamDetector.Windowed seen = observer.expectMessageClass(StreamDetector.Windowed.class);
    assertThat(seen.outcome()).isEqualTo(StreamDetector.Outcome.SHED);
    events
        .get()
        .tell(
            new StreamFeaturizer.Ended(
                SimulatedStream.STREAM, SimulatedStream.ASSIGNMENT, 3, true));
    DetectionSink.Publish publish = sink.expectMessageClass(DetectionSink.Publish.class);
    assertThat(publish.detections().get(0).reason()).isEqualTo("no answer within 1000 ms, 2 times");
  }

  @Test
  void aWindowThatIsHeldIsWaitedForHoweverLong() {
    start();
    MelWindow first = tellReady(0);
    classifier.expectMessageClass(GpuClassifier.Score.class);
    for (int patience = 0; patience < 5; patience++) {
      time.timePasses(Duration.ofSeconds(1));
      classifier
          .expectMessageClass(GpuClassifier.Score.class)
          .replyTo()
          .tell(new GpuClassifier.Held(first.stream(), first.index()));
      classifier.expectMessageClass(GpuClassifier.Score.class);
    }
    time.timePasses(Duration.ofSeconds(1));
    GpuClassifier.Score asked = classifier.expectMessageClass(GpuClassifier.Score.class);
    observer.expectNoMessage(Duration.ZERO);
    asked.replyTo().tell(scored(first, .9f));
    assertThat(observer.expectMessageClass(StreamDetector.Windowed.class).outcome())
        .isEqualTo(StreamDetector.Outcome.SCORED);
  }

  @Test
  void aFeaturizerThatFailsTakesItsDetectorWithIt() {
    start();
    detector.tell(new StreamDetector.Forward(new StreamFeaturizer.Demand(666)));
    sink.expectTerminated(detector);
  }

  @Test
  void aDetectionThatCannotBeWrittenFailsTheStream() {
    start();
    MelWindow first = tellReady(0);
    classifier
        .expectMessageClass(GpuClassifier.Score.class)
        .replyTo()
        .tell(new GpuClassifier.Shed(first.stream(), first.index(), "queue full"));
    events
        .get()
        .tell(
            new StreamFeaturizer.Ended(
                SimulatedStream.STREAM, SimulatedStream.ASSIGNMENT, 3, true));
    DetectionSink.Publish publish = sink.expectMessageClass(DetectionSink.Publish.class);
    publish.replyTo().tell(new DetectionSink.Failed(publish.number(), "too large"));
    sink.expectTerminated(detector);
    // Told when the window was decoded: nothing before its own first record is needed.
    assertThat(source.expectMessageClass(KafkaSource.Settled.class).resumeOffset())
        .isEqualTo(stream.firstRecord());
    source.expectNoMessage(Duration.ZERO);
  }

  private void start() {
    StreamDetector.Peers peers =
        new StreamDetector.Peers(
            classifier.ref(),
            sink.ref(),
            source.ref(),
            observer.ref(),
            Clock.fixed(NOW, ZoneOffset.UTC));
    detector =
        KIT.spawn(
            StreamDetector.create(
                SimulatedStream.STREAM,
                SimulatedStream.model(Combination.MEAN, CLASSES),
                SimulatedStream.settings(4, 4),
                this::featurizer,
                peers));
    observer.awaitAssert(
        () -> {
          assertThat(events.get()).isNotNull();
          return true;
        });
  }

  /** Hands all commands to the probe; fails at a demand of 666 windows. */
  private Behavior<StreamFeaturizer.Command> featurizer(ActorRef<StreamFeaturizer.Event> tell) {
    events.set(tell);
    return Behaviors.receiveMessage(
        command -> {
          if (command.equals(new StreamFeaturizer.Demand(666))) {
            throw new IllegalStateException("as the test wants");
          }
          featurizer.ref().tell(command);
          return Behaviors.same();
        });
  }

  private MelWindow tellReady(int which) {
    StreamFeaturizer.WindowReady ready =
        stream.events(0).stream()
            .filter(StreamFeaturizer.WindowReady.class::isInstance)
            .map(StreamFeaturizer.WindowReady.class::cast)
            .skip(which)
            .findFirst()
            .orElseThrow();
    events.get().tell(ready);
    return ready.window();
  }

  private static GpuClassifier.Scored scored(MelWindow w, float p) {
    return new GpuClassifier.Scored(
        w.stream(), w.index(), new float[] {p, 0}, SimulatedStream.facts("adapter", CLASSES));
  }
}
