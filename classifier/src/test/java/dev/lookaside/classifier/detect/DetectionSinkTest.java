package dev.lookaside.classifier.detect;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class DetectionSinkTest {
  private static final SinkSettings SETTINGS =
      new SinkSettings(
          "audio.detections",
          Map.of("bootstrap.servers", "nowhere:1"),
          100,
          Duration.ofMillis(500),
          Duration.ofSeconds(5),
          Duration.ofSeconds(3));

  private static final ActorTestKit KIT =
      ActorTestKit.create(
          ConfigFactory.parseString("akka.actor.testkit.typed.single-expect-default = 60s")
              .withFallback(ManualTime.config()));

  private final ManualTime time = ManualTime.get(KIT.system());
  private final List<MockProducer<byte[], byte[]>> producers = new CopyOnWriteArrayList<>();
  private final AtomicLong nanos = new AtomicLong();
  private final TestProbe<DetectionSink.Reply> replies = KIT.createTestProbe();
  private final TestProbe<DetectionSink.Event> events = KIT.createTestProbe();

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  @Test
  void durableIsSaidOnlyWhenAllRecordsAreAcknowledged() {
    ActorRef<DetectionSink.Command> sink = spawn();
    publish(sink, 7, DetectionCodecTest.started(), DetectionCodecTest.ended());
    awaitSent(0, 2);
    producers.get(0).completeNext();
    replies.expectNoMessage(Duration.ZERO);
    producers.get(0).completeNext();
    replies.expectMessage(new DetectionSink.Durable(7));
    publish(sink, 8);
    replies.expectMessage(new DetectionSink.Durable(8));
  }

  @Test
  void orderIsKeptWhenAWriteFailsAndIsTriedAgain() {
    ActorRef<DetectionSink.Command> sink = spawn();
    publish(sink, 1, DetectionCodecTest.started());
    awaitSent(0, 1);
    producers.get(0).errorNext(new TimeoutException("no metadata"));
    publish(sink, 2, DetectionCodecTest.ended());
    barrier(sink);
    assertThat(kinds(0)).containsExactly("started");
    time.timePasses(Duration.ofMillis(500));
    awaitSent(0, 3);
    assertThat(kinds(0)).containsExactly("started", "started", "ended");
    producers.get(0).completeNext();
    producers.get(0).completeNext();
    replies.expectMessage(new DetectionSink.Durable(1));
    replies.expectMessage(new DetectionSink.Durable(2));
  }

  @Test
  void aLostProducerIsReplacedAndNothingWithIt() {
    ActorRef<DetectionSink.Command> sink = spawn();
    publish(sink, 1, DetectionCodecTest.started());
    awaitSent(0, 1);
    producers.get(0).errorNext(new OutOfOrderSequenceException("fatal for an idempotent producer"));
    barrier(sink);
    time.timePasses(Duration.ofMillis(500));
    awaitProducers(2);
    awaitSent(1, 1);
    assertThat(producers.get(0).closed()).isTrue();
    producers.get(1).completeNext();
    replies.expectMessage(new DetectionSink.Durable(1));
  }

  @Test
  void aBrokerWhoseNameIsNotKnownYetIsTriedAgain() {
    AtomicInteger tries = new AtomicInteger();
    ActorRef<DetectionSink.Command> sink =
        KIT.spawn(
            DetectionSink.create(
                SETTINGS,
                () -> {
                  if (tries.getAndIncrement() == 0) {
                    // What KafkaProducer does with a name that does not resolve.
                    return new KafkaProducer<>(
                        Map.of("bootstrap.servers", "no-such-host.invalid:9092"),
                        new ByteArraySerializer(),
                        new ByteArraySerializer());
                  }
                  return open();
                },
                events.ref(),
                nanos::get));
    publish(sink, 1, DetectionCodecTest.started());
    barrier(sink);
    time.timePasses(Duration.ofMillis(500));
    awaitSent(0, 1);
    producers.get(0).completeNext();
    replies.expectMessage(new DetectionSink.Durable(1));
  }

  @Test
  void settingsThatNoProducerAcceptsAreAFault() {
    ActorRef<DetectionSink.Command> sink =
        KIT.spawn(
            DetectionSink.create(
                SETTINGS,
                () ->
                    new KafkaProducer<>(
                        Map.of("bootstrap.servers", "localhost:1", "acks", "some"),
                        new ByteArraySerializer(),
                        new ByteArraySerializer()),
                events.ref(),
                nanos::get));
    replies.expectTerminated(sink);
  }

  @Test
  void aRecordThatCanNeverBeWrittenFailsItsPublishAlone() {
    ActorRef<DetectionSink.Command> sink = spawn();
    publish(sink, 1, DetectionCodecTest.started(), DetectionCodecTest.ended());
    publish(sink, 2, DetectionCodecTest.ended());
    awaitSent(0, 3);
    producers.get(0).errorNext(new RecordTooLargeException("2 MB"));
    producers.get(0).completeNext();
    producers.get(0).completeNext();
    DetectionSink.Failed failed = replies.expectMessageClass(DetectionSink.Failed.class);
    assertThat(failed.number()).isEqualTo(1);
    assertThat(failed.reason()).contains("2 MB");
    replies.expectMessage(new DetectionSink.Durable(2));
    barrier(sink);
  }

  @Test
  void anUnreachableBrokerIsSaidAgainAndAgainAndItsReturnOnce() {
    ActorRef<DetectionSink.Command> sink = spawn();
    publish(sink, 1, DetectionCodecTest.started());
    awaitSent(0, 1);
    events.expectNoMessage(Duration.ZERO);
    pass(5);
    events.expectMessage(new DetectionSink.Unreachable("nowhere:1", 5_000));
    pass(5);
    events.expectMessage(new DetectionSink.Unreachable("nowhere:1", 10_000));
    producers.get(0).completeNext();
    events.expectMessage(new DetectionSink.Reachable("nowhere:1"));
    pass(60);
    events.expectNoMessage(Duration.ZERO);
  }

  @Test
  void stoppingWaitsForWhatIsOnItsWayThenCloses() {
    ActorRef<DetectionSink.Command> sink = spawn();
    TestProbe<DetectionSink.Stopped> stopped = KIT.createTestProbe();
    publish(sink, 1, DetectionCodecTest.started());
    awaitSent(0, 1);
    sink.tell(new DetectionSink.Stop(stopped.ref()));
    stopped.expectNoMessage(Duration.ZERO);
    producers.get(0).completeNext();
    replies.expectMessage(new DetectionSink.Durable(1));
    stopped.expectMessage(DetectionSink.Stopped.INSTANCE);
    assertThat(producers.get(0).closed()).isTrue();
    stopped.expectTerminated(sink);
  }

  @Test
  void stoppingWithoutABrokerDoesNotWaitForEver() {
    ActorRef<DetectionSink.Command> sink = spawn();
    TestProbe<DetectionSink.Stopped> stopped = KIT.createTestProbe();
    publish(sink, 1, DetectionCodecTest.started());
    awaitSent(0, 1);
    sink.tell(new DetectionSink.Stop(stopped.ref()));
    barrier(sink);
    stopped.expectNoMessage(Duration.ZERO);
    time.timePasses(Duration.ofSeconds(3));
    stopped.expectMessage(DetectionSink.Stopped.INSTANCE);
    replies.expectNoMessage(Duration.ZERO);
    assertThat(producers.get(0).closed()).isTrue();
  }

  @Test
  void referenceConfIsComplete() {
    Config sink = ConfigFactory.load().getConfig("lookaside.classifier.sink");
    SinkSettings settings = SinkSettings.of(sink);
    assertThat(settings.topic()).isEqualTo("audio.detections");
    assertThat(settings.producer())
        .containsEntry("bootstrap.servers", "localhost:9092")
        .containsEntry("enable.idempotence", "true")
        .containsEntry("acks", "all")
        .containsEntry("delivery.timeout.ms", "2147483647");
    assertThat(settings.withServers("a:1").servers()).isEqualTo("a:1");
    DetectSettings detect =
        DetectSettings.of(
            ConfigFactory.parseString(
                    "lookaside.classifier.detect.thresholds { \"a.b\" { on = 0.4, off = 0.2 } }")
                .withFallback(ConfigFactory.load())
                .getConfig("lookaside.classifier.detect"));
    assertThat(detect.thresholds().get("a.b").on()).isEqualTo(.4);
    assertThatThrownBy(
            () ->
                SinkSettings.of(
                    ConfigFactory.parseString("retry-delay-millis = 0").withFallback(sink)))
        .hasMessage("retry-delay-millis \"0\": must be in 1..600000");
    assertThatThrownBy(
            () -> SinkSettings.of(ConfigFactory.parseString("topic = \" \"").withFallback(sink)))
        .hasMessage("topic \" \": must not be blank");
  }

  private ActorRef<DetectionSink.Command> spawn() {
    return KIT.spawn(DetectionSink.create(SETTINGS, this::open, events.ref(), nanos::get));
  }

  private Producer<byte[], byte[]> open() {
    MockProducer<byte[], byte[]> producer =
        new MockProducer<>(false, null, new ByteArraySerializer(), new ByteArraySerializer());
    producers.add(producer);
    return producer;
  }

  private void publish(ActorRef<DetectionSink.Command> sink, long number, Detection... all) {
    sink.tell(new DetectionSink.Publish(number, List.of(all), replies.ref()));
  }

  /**
   * Returns once the sink has handled all it was sent before; expects no other reply until then.
   */
  private void barrier(ActorRef<DetectionSink.Command> sink) {
    publish(sink, 99);
    replies.expectMessage(new DetectionSink.Durable(99));
  }

  private void awaitProducers(int count) {
    replies.awaitAssert(
        () -> {
          assertThat(producers).hasSize(count);
          return true;
        });
  }

  private void awaitSent(int producer, int count) {
    replies.awaitAssert(
        () -> {
          assertThat(producers).hasSizeGreaterThan(producer);
          assertThat(producers.get(producer).history()).hasSize(count);
          return true;
        });
  }

  private void pass(int seconds) {
    nanos.addAndGet(seconds * 1_000_000_000L);
    time.timePasses(Duration.ofSeconds(seconds));
  }

  private List<String> kinds(int producer) {
    return producers.get(producer).history().stream()
        .map(r -> new String(r.value(), UTF_8))
        .map(json -> json.substring(9, json.indexOf('"', 9)))
        .toList();
  }
}
