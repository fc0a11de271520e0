package dev.lookaside.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.ManualTime;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import com.typesafe.config.ConfigFactory;
import dev.lookaside.ingest.KafkaSource.Command;
import dev.lookaside.ingest.KafkaSource.Event;
import dev.lookaside.ingest.KafkaSource.Stop;
import dev.lookaside.ingest.KafkaSource.Stopped;
import dev.lookaside.ingest.KafkaSource.Unreachable;
import dev.lookaside.ingest.kafka.UnreachableException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The source as an actor on its own dispatcher, with time moved by hand. */
class KafkaSourceTimersTest {
  private static final ActorTestKit KIT =
      ActorTestKit.create(ManualTime.config().withFallback(ConfigFactory.load()));

  private final ManualTime time = ManualTime.get(KIT.system());

  @AfterAll
  static void shutDown() {
    KIT.shutdownTestKit();
  }

  @Test
  void unreachableBrokersAreTriedOncePerIntervalAndStopIsImmediate() {
    AtomicInteger attempts = new AtomicInteger();
    SourceClients nobody =
        new SourceClients() {
          @Override
          public CompletionStage<Void> ensureTopics() {
            attempts.incrementAndGet();
            return CompletableFuture.failedFuture(
                new UnreachableException("nobody", new RuntimeException()));
          }

          @Override
          public Consumer<byte[], byte[]> member() {
            throw new AssertionError("no consumer before the topics are known");
          }

          @Override
          public Consumer<byte[], byte[]> again() {
            throw new AssertionError("no consumer before the topics are known");
          }

          @Override
          public Map<Integer, PartitionProgress> progress(
              Collection<Integer> partitions, Duration within) {
            throw new AssertionError("no progress before the topics are known");
          }
        };
    TestProbe<Event> events = KIT.createTestProbe();
    ActorRef<Command> source =
        KIT.spawn(
            SourceActor.create(
                IngestSettingsTest.of(""),
                Duration.ofSeconds(30),
                (assignment, stream, progress, firstOffset, its) -> Behaviors.ignore(),
                KIT.<SinkMessage>createTestProbe().getRef(),
                events.getRef(),
                nobody,
                () -> 0),
            KafkaSource.dispatcher());
    events.expectMessage(new Unreachable("localhost:9092", 0));
    time.expectNoMessageFor(Duration.ofMillis(4_999), events);
    time.timePasses(Duration.ofMillis(1));
    events.expectMessage(new Unreachable("localhost:9092", 0));
    assertThat(attempts).hasValue(2);

    TestProbe<Stopped> answer = KIT.createTestProbe();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
    answer.expectTerminated(source);
  }

  /** Over logs, on its own thread, with real actors as streams and sink. */
  private ActorRef<Command> spawned(
      SourceHarness.Reader reader, TestProbe<SinkMessage> sink, TestProbe<StreamMessage> stream) {
    SourceClients clients =
        new SourceClients() {
          @Override
          public CompletionStage<Void> ensureTopics() {
            return CompletableFuture.completedFuture(null);
          }

          @Override
          public Consumer<byte[], byte[]> member() {
            return reader;
          }

          @Override
          public Consumer<byte[], byte[]> again() {
            throw new AssertionError("nothing is read again here");
          }

          @Override
          public Map<Integer, PartitionProgress> progress(
              Collection<Integer> partitions, Duration within) {
            return new HashMap<>();
          }
        };
    return KIT.spawn(
        SourceActor.create(
            IngestSettingsTest.of("", 1 << 26, 10_000),
            Duration.ofSeconds(30),
            (assignment, id, progress, firstOffset, its) ->
                Behaviors.receiveMessage(
                    message -> {
                      if (message instanceof StreamMessage.Rejected) {
                        throw new IllegalStateException("a fault of the process");
                      }
                      stream.ref().tell(message);
                      return Behaviors.same();
                    }),
            sink.getRef(),
            KIT.<Event>createTestProbe().getRef(),
            clients,
            () -> 0),
        KafkaSource.dispatcher());
  }

  @Test
  void aPartitionLeavesWhenTheSinkHasWrittenWhatWaits() {
    SourceHarness.Broker broker = new SourceHarness.Broker();
    SourceHarness.Reader reader = new SourceHarness.Reader(broker);
    TestProbe<SinkMessage> sink = KIT.createTestProbe();
    TestProbe<StreamMessage> stream = KIT.createTestProbe();
    reader.beforePoll = () -> reader.rebalance(List.of(SourceHarness.at(0)));
    ActorRef<Command> source = spawned(reader, sink, stream);
    SinkMessage.Begin begin = sink.expectMessageClass(SinkMessage.Begin.class);
    CompletableFuture<Boolean> left = new CompletableFuture<>();
    reader.beforePoll =
        () -> {
          reader.rebalance(List.of());
          left.complete(true);
        };
    SinkMessage.Release release = sink.expectMessageClass(SinkMessage.Release.class);
    assertThat(release.assignments()).isEqualTo(begin.offsets().keySet());
    assertThat(left).as("the group waits").isNotDone();
    release.done().complete(null);
    Awaitility.await().untilAsserted(() -> assertThat(left).isDone());
    TestProbe<Stopped> answer = KIT.createTestProbe();
    source.tell(new Stop(answer.getRef()));
    answer.expectMessage(Stopped.INSTANCE);
  }

  @Test
  void aStreamsActorThatFailsAllTheSameEndsTheSource() {
    SourceHarness.Broker broker = new SourceHarness.Broker();
    SourceHarness.Reader reader = new SourceHarness.Reader(broker);
    broker
        .log(SourceHarness.at(0))
        .add(SourceHarness.record(0, 0, "yard", SourceHarness.PCM, new byte[4], 0));
    broker
        .log(SourceHarness.at(0))
        .add(SourceHarness.record(0, 1, "yard", "video/mp4", new byte[4], 0));
    TestProbe<StreamMessage> stream = KIT.createTestProbe();
    reader.beforePoll = () -> reader.rebalance(List.of(SourceHarness.at(0)));
    ActorRef<Command> source = spawned(reader, KIT.createTestProbe(), stream);
    stream.expectMessageClass(StreamMessage.Chunk.class);
    stream.expectTerminated(source);
    assertThat(reader.closed()).isTrue();
  }
}
